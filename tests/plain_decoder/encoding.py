"""Chapters 4 and 5: potentials to counts, counts to trains, and sparse addition."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import add, sub
from typing import Literal, TypeAlias

from .arithmetic import Ties, below, normalise, round_div, round_shift, saturate

ClipMode: TypeAlias = Literal["shift", "gate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neuron:
    """What fixes a count: bits, kind of encoding, clip ratio r_n/r_d and tie rule (ENC-1)."""

    bits: int
    symmetric: bool
    ratio: tuple[int, int]
    ties: Ties

    @property
    def steps(self) -> int:
        """D virtual steps (ENC-5)."""
        return 1 << (self.bits - 1) if self.symmetric else (1 << self.bits) - 1

    @property
    def largest_count(self) -> int:
        """c_max (ADD-3)."""
        if not self.symmetric:
            return (1 << self.bits) - 1
        whole = self.ratio[0] == self.ratio[1]
        return (1 << (self.bits - 1)) - whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Spikes:
    """One encoded row: range, zero point, counts and token scale (ENC-2, ENC-3, ENC-7)."""

    range: int
    zero_point: int
    counts: list[int]
    mantissa: int
    exponent: int
    steps: int

    def train(self) -> Iterator[tuple[list[int], list[int]]]:
        """For each virtual step the sources that fire +1 and those that fire −1 (ENC-5)."""
        for step in range(1, self.steps + 1):
            positive = [j for j, count in enumerate(self.counts) if count >= step]
            yield positive, [j for j, count in enumerate(self.counts) if -count >= step]


def clip_potentials(
    potentials: Sequence[int], exponent: int, threshold: int, mode: ClipMode, ties: Ties
) -> list[int]:
    """Clip the potentials of an exponent at a threshold of 16 fraction bits (ENC-8)."""
    t = saturate(round_shift(threshold, exponent + 16, ties), 31)
    if mode == "shift":
        return [max(v - t, 0) for v in potentials]
    return [v if v > t else 0 for v in potentials]


def symmetric_counts(potentials: Sequence[int], neuron: Neuron) -> tuple[int, list[int]]:
    """Range and counts by thresholds, without a division (ENC-4)."""
    amax = max(abs(v) for v in potentials) or 1
    numerator, denominator = neuron.ratio
    unit = below(numerator * amax, (1 << 49) - 1)
    top = 1 << (neuron.bits - 1)

    def reaches(v: int, k: int) -> bool:
        p = 2 * (top - 1) * denominator * abs(v)
        threshold = (2 * k - 1) * unit
        inclusive = k % 2 == 0 if neuron.ties == "half-even" else v >= 0
        return p >= threshold if inclusive else p > threshold

    def count(v: int) -> int:
        last = top if v < 0 else top - 1
        magnitude = 0
        while magnitude < last and reaches(v, magnitude + 1):
            magnitude += 1
        return -magnitude if v < 0 else magnitude

    return amax, [count(v) for v in potentials]


def asymmetric_counts(potentials: Sequence[int], neuron: Neuron) -> tuple[int, int, list[int]]:
    """Range, zero point and unsigned counts (ENC-3)."""
    largest = (1 << neuron.bits) - 1
    numerator, denominator = neuron.ratio
    low, high = min(0, *potentials), max(0, *potentials)
    span = high - low or 1
    zero = round_div(-largest * low, span, neuron.ties)
    quotients = (
        round_div(largest * denominator * v, numerator * span, neuron.ties) for v in potentials
    )
    return span, zero, [min(max(quotient + zero, 0), largest) for quotient in quotients]


def encode(potentials: Sequence[int], neuron: Neuron) -> Spikes:
    """Counts of one row with their range, zero point and token scale (ENC-2, ENC-3, ENC-7)."""
    zero = 0
    if neuron.symmetric:
        span, counts = symmetric_counts(potentials, neuron)
    else:
        span, zero, counts = asymmetric_counts(potentials, neuron)
    mantissa, exponent = normalise(span, 16, neuron.ties)
    return Spikes(
        range=span,
        zero_point=zero,
        counts=counts,
        mantissa=mantissa,
        exponent=exponent,
        steps=neuron.steps,
    )


def add_rows(spikes: Spikes, rows: Sequence[Sequence[int]], targets: int) -> list[int]:
    """Add a row for each positive spike and subtract it for each negative one (ADD-1)."""
    accumulator = [0] * targets
    for positive, negative in spikes.train():
        for source in positive:
            accumulator = list(map(add, accumulator, rows[source]))
        for source in negative:
            accumulator = list(map(sub, accumulator, rows[source]))
    return accumulator
