"""Attention part by part: rotary embedding, cache, queries, scores, softmax, mixing (chapter 9)."""

from collections.abc import Iterator

from spikeref.operations.operation import Parameters
from spikeref.suite.build import Tensors, accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import BITS, LINEAR_TABLE, STANDARD_TABLE, TIES, Setting, settings
from spikeref.vectors.case import Case

SCORE = {"score_mantissa": 3025500, "score_exponent": -28}


def attention_cases() -> Iterator[Case]:
    """Yield the cases of rope, cache_heads, queries, scores, softmax, mix and pack_cache."""
    yield from _rotated()
    for place, setting in enumerate(settings(("ternary",))):
        yield from _cached(setting, place)
    for ties in TIES:
        yield from _directed_cache(ties)
        yield from _queries(ties)
        yield from _softmax(ties)
        for bits in BITS:
            yield _scores(bits, ties)
            yield _mix(bits, ties)
        yield from _directed_mix(ties)
    yield from _packed()
    yield from _refused()


def _rotated() -> Iterator[Case]:
    one, top, low = 1 << 14, (1 << 31) - 1, -(1 << 31)
    x = [[[1, 2, 3, 4], [top, low, -5, 7]], [[low, low, top, top], [10, 20, 30, 40]]]
    yield accepted(
        "rope-pairs",
        "rope",
        "Distinct angles for the two pairs: catches pairs of neighbours instead of halves, the"
        " other sign of sin, and the table row of another position.",
        {},
        {
            "x": tensor([*x, [[5, 6, 7, 8], [-1, -2, -3, -4]]], "i32"),
            "cos": tensor([[one, 0], [12345, -one], [3, -16000]], "i16"),
            "sin": tensor([[0, one], [-one, 10000], [7, 1111]], "i16"),
        },
    )
    draw = Draw("rope-random")
    yield accepted(
        "rope-random",
        "rope",
        "Random heads and angles: catches a product that is rounded.",
        {},
        {
            "x": draw.spread("x", 31, (3, 2, 6), "i32"),
            "cos": draw.uniform("cos", -one, one, (3, 3), "i16"),
            "sin": draw.uniform("sin", -one, one, (3, 3), "i16"),
        },
        provenance="random",
    )


def _cached(setting: Setting, place: int) -> Iterator[Case]:
    fraction_bits = (30, 16)[place % 2]
    identity = f"cache-heads-{fraction_bits}-{setting.slug.removeprefix('ternary-')}"
    draw = Draw(identity)
    yield accepted(
        identity,
        "cache_heads",
        "Random heads: catches a scale for the whole token instead of each head, an exponent of"
        " the wrong fraction bits, and a cache that is not quantised.",
        {
            **setting.cache,
            "rotate": (place // 2) % 2,
            "fraction_bits": fraction_bits,
        },
        {
            "r": draw.spread(
                "r", 46 if fraction_bits == 30 else 31, (2, 2, (4, 6)[place % 2]), "i64"
            )
        },
        provenance="random",
        clauses=("ATT-12",),
    )


def _directed_cache(ties: str) -> Iterator[Case]:
    heads = [
        [[0] * 4, [32767, -32767, 1, 0]],
        [[32768, 0, 0, 0], [0, 0, 0, -1]],
        [[1 << 46, -(1 << 46), 5, 7], [65535, -1, 3, -3]],
        [[0] * 4, [0] * 4],
        [[3, 3, 3, 3], [-3, -3, -3, -3]],
    ]
    setting = Setting(bits=4, encoding="ternary", ratio=(9, 10), ties=ties)
    for rotate in (0, 1):
        yield accepted(
            f"cache-heads-corners-rotate-{rotate}-{ties}",
            "cache_heads",
            "Zero heads beside large ones, entries at 2^15, lone lanes: catches a scale shared by"
            " the heads, a range of 0, and an entry of 17 bits.",
            {**setting.cache, "rotate": rotate, "fraction_bits": 30},
            {"r": tensor(heads, "i64")},
            clauses=("ARITH-5",),
        )


def _queries(ties: str) -> Iterator[Case]:
    heads = [
        [[0] * 4, [1 << 46, -(1 << 46), 3, 5]],
        [[1, 0, 0, 0], [32768, -1, 2, -3]],
        [[123456789, -987654321, 55555, 7], [-1, -1, -1, -1]],
    ]
    for rotate in (0, 1):
        yield accepted(
            f"queries-rotate-{rotate}-{ties}",
            "queries",
            "Heads of very different size: catches one exponent for all heads, the score constant"
            " left out, and a shift counted once instead of twice.",
            {**SCORE, "rotate": rotate, "ties": ties},
            {"r": tensor(heads, "i64")},
            clauses=("OP-4", "ARITH-5"),
        )
    draw = Draw(f"queries-random-{ties}")
    yield accepted(
        f"queries-random-{ties}",
        "queries",
        "Random heads of width 6, whose matrix is block-diagonal: catches n of the whole width.",
        {"score_mantissa": (1 << 22) - 1, "score_exponent": -20, "rotate": 1, "ties": ties},
        {"r": draw.spread("r", 46, (3, 3, 6), "i64")},
        provenance="random",
        clauses=("HAD-5",),
    )


def _scores(bits: int, ties: str) -> Case:
    identity = f"scores-b{bits}-{ties}"
    draw = Draw(identity)
    counts = draw.counts("counts", bits, "ternary", (7, 4))
    counts[0] = -(1 << (bits - 1))
    counts[1] = 0
    return accepted(
        identity,
        "scores",
        "Keys of very different scales, halves and saturation: catches scores that share a scale,"
        " another sign of the exponents, 40 bits exceeded, and a floor.",
        {"bits": bits, "ties": ties},
        {
            "query": tensor([(1 << 23) - 1, 1 - (1 << 23), 12345, -1], "i32"),
            "query_exponent": tensor(-30, "i32"),
            "counts": counts,
            "mantissa": tensor([65535, 32768, 32768, 40000, 50000, 32769, 60001], "i32"),
            "exponent": tensor([-20, -20, -2, -19, 1, 14, 40], "i32"),
        },
        clauses=("ARITH-2", "COUNT-6"),
    )


def _softmax(ties: str) -> Iterator[Case]:
    top, low = (1 << 39) - 1, -(1 << 39)
    for name, table, score in (
        ("equal-maxima", STANDARD_TABLE, [5 << 16, 5 << 16, (5 << 16) - 1, 4 << 16, 5 << 16]),
        ("negative", STANDARD_TABLE, [-(9 << 16), -(8 << 16) - 32768, -(8 << 16), -(40 << 16)]),
        ("limits", STANDARD_TABLE, [top, low, top - 65536, top - (31 << 16), top - (30 << 16), 0]),
        ("alone", STANDARD_TABLE, [low]),
        ("linear-table", LINEAR_TABLE, [65536, 32768, 16384, 0, -1, 98304]),
    ):
        yield accepted(
            f"softmax-{name}-{ties}",
            "softmax",
            "Scores below, at and far from the maximum: catches the offset by the maximum left"
            " out, a maximum that starts at 0, and weights normalised too early.",
            {"ties": ties},
            {"score": tensor(score, "i64"), "table": tensor(table, "i64")},
            clauses=("ARITH-8",),
        )


def _mix(bits: int, ties: str) -> Case:
    identity = f"mix-b{bits}-{ties}"
    draw = Draw(identity)
    weight = draw.uniform("weight", 0, 1 << 30, (5,), "i64")
    weight[2] = 1 << 30
    return accepted(
        identity,
        "mix",
        "Values of distinct scales and exponents: catches addends that share a scale, a quotient"
        " that floors, and the exponent of another value.",
        {"bits": bits, "ties": ties},
        {
            "weight": weight,
            "counts": draw.counts("counts", bits, "ternary", (5, 4)),
            "mantissa": draw.uniform("mantissa", 1 << 15, (1 << 16) - 1, (5,), "i32"),
            "exponent": tensor([-14, -12, -13, -20, -12], "i32"),
        },
        provenance="random",
    )


def _directed_mix(ties: str) -> Iterator[Case]:
    yield accepted(
        f"mix-halves-{ties}",
        "mix",
        "Addends and quotients at odd halves of both signs: catches a floor, and ties away from 0.",
        {"bits": 4, "ties": ties},
        {
            # p·m = (2k + 1)·2^17 at shift 18: addends k + 1/2; and a far smaller value.
            "weight": tensor([12, 20, 28, 1 << 30], "i64"),
            "counts": tensor([[1, -1, 3, -8], [1, -1, 0, 1], [-1, 1, 0, 7], [0, 0, 0, 1]], "i16"),
            "mantissa": tensor([32768, 32768, 32768, 32768], "i32"),
            "exponent": tensor([-10, -10, -10, -60], "i32"),
        },
        clauses=("ARITH-2", "ARITH-3"),
    )


def _packed() -> Iterator[Case]:
    for bits in BITS:
        identity = f"pack-cache-b{bits}"
        draw = Draw(identity)
        yield accepted(
            identity,
            "pack_cache",
            "Negative exponents and an odd head: catches the order of fields, big-endian words,"
            " nibbles exchanged, and heads before positions.",
            {"bits": bits},
            {
                "counts": draw.counts("counts", bits, "ternary", (3, 2, 5 if bits % 2 else 4)),
                "mantissa": draw.uniform("mantissa", 1 << 15, (1 << 16) - 1, (3, 2), "i32"),
                "exponent": tensor([[-20, 7], [-1, 0], [-300, 300]], "i32"),
            },
        )


def _refused() -> Iterator[Case]:
    packed: Tensors = {
        "counts": tensor([[[0, 0]]], "i16"),
        "mantissa": tensor([[32768]], "i32"),
        "exponent": tensor([[0]], "i32"),
    }
    cached: Parameters = {
        "ratio_n": 1, "ratio_d": 1, "rotate": 0, "fraction_bits": 30, "ties": "half-even",
    }  # fmt: skip
    heads: Tensors = {"r": tensor([[[1, 2]]], "i64")}
    comment = "Count bits outside 2 … 8: catches a device without the check."
    for bits in (1, 9):
        yield refused(
            f"pack-cache-bits-{bits}",
            "pack_cache",
            "parameter",
            comment,
            {"bits": bits},
            packed,
            beside="pack-cache-b2",
            clauses=("ENC-1",),
        )
        yield refused(
            f"cache-heads-bits-{bits}",
            "cache_heads",
            "parameter",
            comment,
            {"bits": bits, **cached},
            heads,
            beside="cache-heads-corners-rotate-0-half-even",
            clauses=("ENC-1",),
        )
