"""Chapter 4: membrane potentials to counts."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .arithmetic import Ties, below, normalise, round_div, round_shift, saturate
from .tensor import Refusal
from .trains import train_length

ClipMode: TypeAlias = Literal["shift", "gate"]

LARGEST_POTENTIAL = 1 << 30


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
        return train_length(self.bits, symmetric=self.symmetric)

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


@dataclass(frozen=True, slots=True)
class Clip:
    """A membrane-potential threshold of 16 fraction bits and its mode (ENC-8)."""

    mode: ClipMode
    threshold: int


def check_bits(bits: int) -> None:
    """Refuse what ENC-1 excludes."""
    if not 2 <= bits <= 8:
        raise Refusal("parameter", f"bits {bits} outside 2 … 8")


def check_ratio(numerator: int, denominator: int) -> None:
    """Refuse what ENC-1 excludes."""
    if not 1 <= numerator <= denominator <= 1024:
        raise Refusal("parameter", f"clip ratio {numerator}/{denominator} outside 0 … 1")


def check_potentials(potentials: Sequence[int], *, symmetric: bool) -> None:
    """Refuse potentials that no rotation gives; clipping gives up to 2^31−1 (ENC-2, CONF-10)."""
    if min(potentials) < -LARGEST_POTENTIAL:
        raise Refusal("range", "potential below −2^30")
    if not symmetric and max(potentials) > LARGEST_POTENTIAL:
        raise Refusal("range", "potential over 2^30")


def clip_potentials(potentials: Sequence[int], exponent: int, clip: Clip, ties: Ties) -> list[int]:
    """Clip the potentials of an exponent at a threshold of 16 fraction bits (ENC-8)."""
    t = saturate(round_shift(clip.threshold, max(exponent + 16, -48), ties), 31)
    if clip.mode == "shift":
        return [max(v - t, 0) for v in potentials]
    return [v if v > t else 0 for v in potentials]


def thresholds(neuron: Neuron, unit: int, *, negative: bool) -> list[int]:
    """For k = 1, 2, … the smallest p = 2·q·r_d·|v| whose count reaches k (ENC-4)."""
    top = 1 << (neuron.bits - 1)
    ladder = []
    for k in range(1, top + negative):
        inclusive = k % 2 == 0 if neuron.ties == "half-even" else not negative
        ladder.append((2 * k - 1) * unit + (not inclusive))
    return ladder


def symmetric_counts(potentials: Sequence[int], neuron: Neuron) -> tuple[int, list[int]]:
    """Range and counts by thresholds, without a division (ENC-2, ENC-4)."""
    amax = max(abs(v) for v in potentials) or 1
    numerator, denominator = neuron.ratio
    unit = below(numerator * amax, (1 << 49) - 1)
    factor = 2 * ((1 << (neuron.bits - 1)) - 1) * denominator
    rising = thresholds(neuron, unit, negative=False)
    falling = thresholds(neuron, unit, negative=True)
    return amax, [
        -bisect_right(falling, factor * -v) if v < 0 else bisect_right(rising, factor * v)
        for v in potentials
    ]


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
    return Spikes(range=span, zero_point=zero, counts=counts, mantissa=mantissa, exponent=exponent)
