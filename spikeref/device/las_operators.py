"""Chapter 20: the operators of LAS on one token, attention aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .arithmetic import Ties, below, normalise, round_shift, saturate, saturate_all
from .las_functions import Piece, fire
from .las_neurons import Code, value_of, weights_of

Scale: TypeAlias = tuple[int, int]
"""A mantissa and an exponent: m·2^e."""

LARGEST_BOUND = 1 << 62


@dataclass(frozen=True, slots=True)
class Table:
    """Dyadic rows: row r is mantissas[r]·2^exponents[r]."""

    mantissas: Sequence[Sequence[int]]
    exponents: Sequence[int]


@dataclass(frozen=True, slots=True)
class Spikes:
    """The signed counts and the flags of a population (LAS-5)."""

    counts: Sequence[int]
    outliers: Sequence[int]

    def values(self, code: Code) -> list[int]:
        """v = c·r of each neuron (NEUR-3)."""
        return [value_of(c, o, code) for c, o in zip(self.counts, self.outliers, strict=True)]

    def weights(self, code: Code) -> list[list[int]]:
        """What each neuron's spikes weigh, step by step (NEUR-5)."""
        return [weights_of(c, o, code) for c, o in zip(self.counts, self.outliers, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a linear operator gives (LAS-6)."""

    accumulator: list[int]
    output: list[int]
    saturations: int


def combine(a: Scale, b: Scale, ties: Ties) -> Scale:
    """The product of two scales (LAS-1)."""
    mantissa, exponent = normalise(a[0] * b[0], 16, ties)
    return mantissa, exponent + a[1] + b[1]


def scaled(y: int, bound: int, scale: Scale, ties: Ties) -> int:
    """An accumulator of a proven bound times a scale, with 16 fraction bits (LAS-2)."""
    first = max(0, bound.bit_length() - 46)
    narrowed = round_shift(below(y, bound), first, ties)
    return round_shift(narrowed * scale[0], -(scale[1] + first + 16), ties)


def rescale(
    y: Sequence[int],
    bound: int,
    scales: Sequence[Scale],
    bias: Sequence[int],
    bits: int,
    ties: Ties,
) -> Output:
    """The wide rescale of every channel, and its saturations (LAS-2)."""
    below(bound, LARGEST_BOUND - 1)
    out = [
        scaled(total, bound, scale, ties) + b
        for total, scale, b in zip(y, scales, bias, strict=True)
    ]
    output, saturations = saturate_all(out, bits)
    return Output(accumulator=list(y), output=output, saturations=saturations)


def embed(places: Sequence[tuple[Table, int]], ties: Ties) -> tuple[list[int], int]:
    """The sum of a token's rows, saturated once, and its saturations (LAS-3)."""
    width = len(places[0][0].mantissas[0])
    total = [0] * width
    for table, row in places:
        shift = -(table.exponents[row] + 16)
        for j, mantissa in enumerate(table.mantissas[row]):
            total[j] += round_shift(mantissa, shift, ties)
    return saturate_all(total, 40)


def weight_bound(rows: Sequence[Sequence[int]]) -> int:
    """max_m Σ_j |W[j, m]| (LMOD-3)."""
    sums: list[int] = [sum(abs(weight) for weight in column) for column in zip(*rows, strict=True)]
    return max(sums)


def saw(spikes: Spikes, rows: Sequence[Sequence[int]], targets: int, code: Code) -> list[int]:
    """Each spike adds its source's row, weighed, step by step (LAS-6)."""
    accumulator = [0] * targets
    for row, train in zip(rows, spikes.weights(code), strict=True):
        for weight in train:
            if weight:
                accumulator = [y + weight * w for y, w in zip(accumulator, row, strict=True)]
    return accumulator


def linear(
    spikes: Spikes,
    rows: Sequence[Sequence[int]],
    channels: Sequence[Scale],
    bias: Sequence[int],
    code: Code,
    bits: int,
    ties: Ties,
) -> Output:
    """SAW and its rescale (LAS-6)."""
    y = saw(spikes, rows, len(channels), code)
    scales = [combine(code.unit, channel, ties) for channel in channels]
    return rescale(y, weight_bound(rows) * code.largest_value, scales, bias, bits, ties)


def head_channels(exponents: Sequence[int], ties: Ties) -> list[Scale]:
    """The scales of the head's rows, whose mantissas are the weights (LAS-15)."""
    one, down = normalise(1, 16, ties)
    return [(one, down + exponent) for exponent in exponents]


def product_increments(a: Sequence[int], b: Sequence[int]) -> list[int]:
    """a(t)·Bs(t) + As(t−1)·b(t) of what two spikes trains weigh (LAS-8, LAS-9)."""
    arrived_a = arrived_b = 0
    increments = []
    for now_a, now_b in zip(a, b, strict=True):
        arrived_b += now_b
        increments.append(now_a * arrived_b + arrived_a * now_b)
        arrived_a += now_a
    return increments


def gated(
    gates: Sequence[int],
    ups: Spikes,
    pieces: Sequence[Piece],
    steps: int,
    code: Code,
    ties: Ties,
) -> tuple[list[int], int]:
    """The spike Hadamard product of activation and up, with 16 fraction bits (LAS-13)."""
    mantissa, unit = code.unit
    out = []
    for g, v in zip(gates, ups.values(code), strict=True):
        activation, exponent = fire(g, pieces, steps)
        out.append(round_shift(activation * v * mantissa, -(exponent + unit + 16), ties))
    return saturate_all(out, 40)


def turned(r: int, ties: Ties) -> int:
    """A rotated query or key with 16 fraction bits (LAS-7)."""
    return saturate(round_shift(r, 14, ties), 32)
