"""Scales, norms, products and the feed-forward of LAS (LAS-1 to LAS-6, LAS-9, LAS-13, LAS-15)."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, refused
from spikeref.suite.cases.las_neurons import counts_of, encode
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import TIES
from spikeref.vectors.case import Case

EVEN: Parameters = {"ties": "half-even"}
LARGEST_BOUND = (1 << 62) - 1


def las_operator_cases() -> Iterator[Case]:
    """Yield the cases of chapter 20, attention aside."""
    yield from _sums()
    yield from _products()
    yield from _gates()
    yield from _logits()


def channels(
    mantissas: list[int], exponents: list[int], bias: list[int]
) -> dict[str, NDArray[Any]]:
    """Return the scales and biases of output channels as the inputs of an operation."""
    return {
        "channel_mantissa": tensor(mantissas, "u16"),
        "channel_exponent": tensor(exponents, "i16"),
        "bias": tensor(bias, "i64"),
    }


def coded(identity: str, shape: tuple[int, int], **form: int) -> dict[str, NDArray[Any]]:
    """Return random spikes of thresholds 2 and 24, as counts and outliers."""
    x = Draw(identity).spread("x", 22, shape, "i64")
    counts, outliers = counts_of(x, encode(2 << 16, 24 << 16, **form))
    return {"counts": counts, "outliers": outliers}


CODE: Parameters = {"threshold_n": 2 << 16, "threshold_o": 24 << 16}


def _sums() -> Iterator[Case]:
    for place, (steps, levels, bits) in enumerate(((16, 1, 40), (13, 3, 32))):
        identity = f"las-saw-t{steps}-n{levels}"
        draw = Draw(identity)
        yield accepted(
            identity,
            "las_saw",
            "Random spikes and weights of 16 bits: catches a lost ratio of outliers, the least"
            " significant step first, a level from 1, another unit, a bound from one weight.",
            {
                **CODE,
                "steps": steps,
                "levels": levels,
                "output_bits": bits,
                "ties": TIES[place % 2],
            },
            {
                **coded(identity, (2, 7), steps=steps, levels=levels),
                "weights": draw.uniform("weights", -32767, 32767, (7, 3), "i16"),
                **channels([40000, 65535, 32768], [-30, -20, -4], [-100, 1 << 30, 0]),
            },
            provenance="random",
        )
    largest = (1 << 16) - 1
    yield accepted(
        "las-saw-at-bound",
        "las_saw",
        "Every spike of every source on the largest weights, with a bound of 62 bits: catches"
        " accumulators of less, and a rescale that takes the sum for its bound.",
        {
            "steps": 16, "levels": 1, "threshold_n": 1, "threshold_o": 16383, "output_bits": 40,
            **EVEN,
        },
        {
            "counts": tensor([[largest] * 9, [largest, -largest, 1] * 3, [0] * 9], "i32"),
            "outliers": tensor([[1] * 9, [1, 1, 0] * 3, [0] * 9], "i8"),
            "weights": tensor([[32767, -32767, 1]] * 9, "i16"),
            **channels([65535, 32768, 32769], [-30, 10, 20], [0, 0, 7]),
        },
    )  # fmt: skip
    yield refused(
        "las-saw-count-of-no-neuron",
        "las_saw",
        "range",
        "A count of one bit too many: catches a device that takes any.",
        {"steps": 10, "levels": 1, **CODE, "output_bits": 32, **EVEN},
        {
            "counts": tensor([[1024]], "i32"),
            "outliers": tensor([[0]], "i8"),
            "weights": tensor([[1]], "i16"),
            **channels([32768], [0], [0]),
        },
        beside="hand-las-saw",
    )


def _products() -> Iterator[Case]:
    identity = "las-hadamard-levels"
    form = {"steps": 12, "levels": 4}
    a, b = (coded(f"{identity}/{name}", (1, 6), **form)["counts"][0] for name in "ab")
    yield accepted(
        identity,
        "las_hadamard",
        "Random trains: catches As(t) for As(t-1), Bs(t-1) for Bs(t), a step counted twice or"
        " not at all, a lost sign.",
        {**form},
        {"a": a, "b": b},
        provenance="random",
    )


def _gates() -> Iterator[Case]:
    for ties, (steps, levels) in zip(TIES, ((10, 1), (11, 3)), strict=True):
        identity = f"las-gated-{ties}"
        gate = [-300000, -250000, -83785, -5, 7, 65536, 130000, 262144, 1 << 30, (1 << 31) - 1]
        relu = [[0, 65535, 1, -16, 2, 0]]
        relu += [[1 << 16 + j, (2 << 16 + j) - 1, 1, j - 15, 2, j + 1] for j in (0, 1, 2, 14)]
        negative = [[-(1 << 18), -1, -1, -17, 3, 0]]
        places = range(16)
        constants = [
            [1 << 17 - t for t in places],
            [(1 << 17 - t) - 1 for t in places],
            [1 << 15 - t for t in places],
        ]
        yield accepted(
            identity,
            "las_gated",
            "Gates of every piece on values of both signs: catches an activation of 20 fraction"
            " bits in place of its code, a code that is not scaled up from fewer steps, a lost"
            " sign, another unit.",
            {**CODE, "steps": steps, "levels": levels, "table_steps": 16, "ties": ties},
            {
                "gate": tensor([gate], "i32"),
                **coded(identity, (1, 10), steps=steps, levels=levels),
                "pieces": tensor(negative + relu, "i64"),
                "constants": tensor([constants], "i64"),
            },
        )
    identity = "las-gated-expansions"
    yield accepted(
        identity,
        "las_gated",
        "Loud values behind a threshold of 2^16, which leave 40 bits: catches one that wraps.",
        {
            "steps": 10,
            "levels": 1,
            "threshold_n": 1 << 32,
            "threshold_o": 1 << 32,
            "table_steps": 10,
            **EVEN,
        },
        {
            "gate": tensor([[(1 << 31) - 1, 1 << 30, 5, 70000]], "i32"),
            "counts": tensor([[1023, -1023, 1, -512]], "i32"),
            "outliers": tensor([[0, 1, 0, 1]], "i8"),
            "pieces": tensor(
                [
                    [0, 65535, 1, -16, 2, 0],
                    [65536, 131071, 1, -15, 2, 1],
                    [131072, (1 << 31) - 1, 1, 0, 2, 16],
                ],
                "i64",
            ),
        },
    )


def _logits() -> Iterator[Case]:
    for ties in TIES:
        identity = f"las-logits-{ties}"
        yield accepted(
            identity,
            "las_logits",
            "Random spikes over rows of the head, some loud: catches a row's exponent that is not"
            " applied, 40 bits in place of 32, a bound from the wrong side of the matrix.",
            {**CODE, "steps": 14, "levels": 2, "ties": ties},
            {
                **coded(identity, (2, 5), steps=14, levels=2),
                "mantissas": Draw(identity).uniform("mantissas", -32767, 32767, (4, 5), "i16"),
                "exponents": tensor([-20, -10, -25, 0], "i16"),
            },
            provenance="random",
        )
