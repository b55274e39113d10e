"""Embedding, norm, gate, residual addition, logits and the greedy choice (chapter 8)."""

from collections.abc import Iterator
from fractions import Fraction

from spikeref.compiler.constants import model_constants
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import LINEAR_TABLE, STANDARD_TABLE, TIES
from spikeref.vectors.case import Case

LOG2E = 1549082005
LARGEST_RESIDUAL = (1 << 39) - 1


def residual_cases() -> Iterator[Case]:
    """Yield the cases of embedding, rms_norm, silu_gate, residual_add, logits and greedy."""
    for ties in TIES:
        yield from _embedded(ties)
        yield from _normed(ties)
        yield from _gated(ties)
        yield from _logits(ties)
    yield from _refused_tokens()
    yield from _added()
    yield from _greedy()


def norm_constants(width: int, epsilon: Fraction) -> Parameters:
    """Return the norm constants of a width (COMP-11)."""
    cache = Encoder(bits=4, encoding=Encoding.TERNARY)
    found = model_constants(
        width=width, power=Fraction(1), epsilon=epsilon, head_dim=4, head_order=4, cache=cache
    )
    return {
        "norm_root": found.norm_root,
        "norm_root_exponent": found.norm_root_exponent,
        "norm_epsilon": found.norm_epsilon,
    }


def _embedded(ties: str) -> Iterator[Case]:
    # Exponents −16 … are exact, −17 halves, and large ones saturate or vanish.
    exponents = [-16, -17, -18, 7, 8, 9, 100, -60, -512, 512]
    yield accepted(
        f"embedding-rows-{ties}",
        "embedding",
        "Rows of every exponent: catches a floor of halves, a shift modulo the word, and another"
        " token's exponent.",
        {"ties": ties},
        {
            "tokens": tensor([0, 1, 2, 9, 9, 3, 4, 5, 6, 7, 8], "i64"),
            "mantissas": tensor([[32767, -32767, 3, -5, 1, 0]] * 10, "i16"),
            "exponents": tensor(exponents, "i16"),
        },
        clauses=("ARITH-2", "ARITH-4", "COUNT-6"),
    )


def _refused_tokens() -> Iterator[Case]:
    table = {"mantissas": tensor([[5], [6], [7]], "i16"), "exponents": tensor([-16] * 3, "i16")}
    yield accepted(
        "embedding-last-token",
        "embedding",
        "The last id of the vocabulary: catches a limit one too early.",
        {"ties": "half-even"},
        {"tokens": tensor([2, 0], "i64"), **table},
    )
    for name, tokens in (("negative", [-1, 0]), ("beyond", [2, 3]), ("none", [])):
        yield refused(
            f"embedding-token-{name}",
            "embedding",
            "token",
            "An id outside the vocabulary, or no token: catches a table read out of bounds.",
            {"ties": "half-even"},
            {"tokens": tensor(tokens, "i64"), **table},
            beside="embedding-last-token",
        )


def _normed(ties: str) -> Iterator[Case]:
    top = LARGEST_RESIDUAL
    rows = [
        [0] * 12,
        [1, *[0] * 11],
        [top] * 12,
        [-top - 1, *[0] * 11],
        [(1 << 23) - 1] * 12,
        [1 << 23, *[3, -5] * 5, 1],
        [(1 << 24) - 1, *[3, -5] * 5, 1],
        [65536, -65536] * 6,
        [1 << 16, *[7, -9] * 5, 11],
    ]
    gamma = [32767, -32767, 16384, 1, 0, -1, 5, -16384, 12345, -777, 2, 32000]
    for name, epsilon in (
        ("usual", Fraction(1, 100000)),
        ("zero", Fraction(0)),
        ("large", Fraction(8)),
    ):
        draw = Draw(f"rms-norm-{name}-{ties}")
        values = [*rows, *draw.spread("x", 39, (3, 12), "i64").tolist()]
        constants = norm_constants(12, epsilon)
        yield accepted(
            f"rms-norm-gamma-epsilon-{name}-{ties}",
            "rms_norm",
            "Zero, lone, largest and carrying tokens: catches a division by 0, an epsilon that"
            " keeps its scale after the block shift, a wrong shift of the root, and γ left out.",
            {**constants, "gamma_exponent": -14, "ties": ties},
            {"x": tensor(values, "i64"), "gamma": tensor(gamma, "i16")},
            clauses=("ARITH-5", "ARITH-7", "COMP-11"),
        )
    if ties == TIES[0]:
        yield _wide_norm()
    yield accepted(
        f"rms-norm-without-gamma-{ties}",
        "rms_norm",
        "No γ, as under QuaRot: catches an exponent of γ that is not there.",
        {**norm_constants(12, Fraction(1, 1000)), "ties": ties},
        {"x": tensor(rows, "i64")},
    )


def _wide_norm() -> Case:
    width, draw = 176, Draw("rms-norm-wide")
    x = draw.uniform("x", -(1 << 26), 1 << 26, (2, width), "i64")
    x[0, 0], x[1, width - 1] = -LARGEST_RESIDUAL, LARGEST_RESIDUAL
    return accepted(
        "rms-norm-wide-with-outliers",
        "rms_norm",
        "One lane that outweighs 175 others, so that its mantissa of 24 bits shows: catches blocks"
        " of 23 or 25 bits.",
        {**norm_constants(width, Fraction(1, 100000)), "ties": "half-even"},
        {"x": x},
        clauses=("ARITH-5",),
    )


def _gated(ties: str) -> Iterator[Case]:
    top, low = (1 << 31) - 1, -(1 << 31)
    gates = [0, 1, -1, 65536, -65536, 32768, -32768, 5 << 16, -(5 << 16), 22 << 16, -(22 << 16)]
    gates += [23 << 16, -(23 << 16), top, low, top - 1, 3, -3, 101, -101, 1234567, -1234567]
    ups = [65536, -65536, top, low, 1, -1, 0, 12345, -54321, 99999, 7]
    for name, table, log2e in (
        ("standard", STANDARD_TABLE, LOG2E),
        ("linear", LINEAR_TABLE, 1549082000),
    ):
        draw = Draw(f"silu-gate-{name}-{ties}")
        yield accepted(
            f"silu-gate-{name}-table-{ties}",
            "silu_gate",
            "Gates of both signs up to the limits: catches σ of |g| where g < 0, 1 − σ rounded"
            " another way, log2e built in, and a product of 32 bits.",
            {"log2e": log2e, "ties": ties},
            {
                "gate": tensor([gates, draw.spread("gate", 20, (22,), "i32").tolist()], "i32"),
                "up": tensor([ups * 2, draw.spread("up", 31, (22,), "i32").tolist()], "i32"),
                "table": tensor(table, "i64"),
            },
            clauses=("ARITH-8",),
        )


def _added() -> Iterator[Case]:
    top, low = LARGEST_RESIDUAL, -LARGEST_RESIDUAL - 1
    x = [[top, low, top - 5, low + 5, 0, 1], [top, low, 5, -5, 7, 100]]
    out = [[1, -1, 5, -5, 0, -1], [top, low, -5, 5, -8, 1 << 38]]
    yield accepted(
        "residual-add-limits",
        "residual_add",
        "Sums at the limits of 40 bits and beyond: catches wrapping, and a symmetric limit.",
        {},
        {"x": tensor(x, "i64"), "out": tensor(out, "i64")},
        clauses=("ARITH-4", "COUNT-6"),
    )
    draw = Draw("residual-add-random")
    yield accepted(
        "residual-add-random",
        "residual_add",
        "Random sums: catches a residual that is replaced instead of added to.",
        {},
        {"x": draw.spread("x", 38, (3, 5), "i64"), "out": draw.spread("out", 38, (3, 5), "i64")},
        provenance="random",
    )


def _logits(ties: str) -> Iterator[Case]:
    draw = Draw(f"logits-{ties}")
    rows = [
        [0] * 8,
        [32767, -32767, 1, -1, 3, -3, 5, 0],
        [32768, -32767, 1, -1, 3, -3, 5, 1],
        [65535, *[1, -1, 2] * 2, 3],
        draw.spread("u", 41, (8,), "i64").tolist(),
        draw.spread("v", 41, (8,), "i64").tolist(),
    ]
    yield accepted(
        f"logits-{ties}",
        "logits",
        "Rows of several exponents, entries at 2^15, sums at halves and beyond 32 bits: catches an"
        " exponent of another row, an entry of 17 bits, saturation before the shift.",
        {"ties": ties},
        {
            "u": tensor(rows, "i64"),
            "exponent": tensor([-16, -16, -16, -17, -30, -46], "i32"),
            "mantissas": draw.uniform("mantissas", -32767, 32767, (6, 8), "i16"),
            "exponents": tensor([-16, -17, -15, -31, -20, 9], "i16"),
        },
        clauses=("ARITH-5", "ARITH-9", "COUNT-6"),
    )


def _greedy() -> Iterator[Case]:
    top, low = (1 << 31) - 1, -(1 << 31)
    rows = [
        [1, 5, 5, 2], [5, 5, 5, 5], [low, low, low, low], [low, top, top, low], [-3, -2, -1, -1],
        [0, -1, 0, -1], [1, 2, 3, 4], [4, 3, 2, 1], [low, -1, low, 0],
    ]  # fmt: skip
    yield accepted(
        "greedy-ties",
        "greedy",
        "Equal largest logits, all negative, at the limits: catches the highest id on ties, and a"
        " maximum that starts at 0.",
        {},
        {"logits": tensor(rows, "i32")},
    )
