"""The OAT neuron: two MT neurons behind a gate, one of them for outliers (NEUR-3)."""

import math
from dataclasses import dataclass
from typing import Any, Self, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import Scale, normalise
from spikeref.arith.ties import Ties
from spikeref.errors import UsageError
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.multi_threshold import Rule, mt_counts

LARGEST_THRESHOLD = 1 << 32
LARGEST_VALUE = 1 << 30
THRESHOLD_FRACTION_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainForm:
    """What all codes of a model share: T steps, n levels, and the rules at equality."""

    steps: int = 16
    levels: int = 1
    rule: Rule = Rule.BELOW
    gate: Rule = Rule.BELOW

    def __post_init__(self) -> None:
        """Refuse what LMOD-2 excludes: UsageError."""
        if not 10 <= self.steps <= 16:
            raise UsageError(f"time steps: {self.steps} given, 10 to 16 are possible")
        if not 1 <= self.levels <= 15:
            raise UsageError(f"levels: {self.levels} given, 1 to 15 are possible")


@dataclass(frozen=True, slots=True, kw_only=True)
class OatCode:
    """The normal and the outlier threshold of one tensor, with 16 fraction bits."""

    form: TrainForm
    normal: int
    outlier: int

    def __post_init__(self) -> None:
        """Refuse thresholds that NEUR-3 excludes: UsageError."""
        if not 1 <= self.normal <= self.outlier <= LARGEST_THRESHOLD:
            raise UsageError(
                f"thresholds {self.normal} and {self.outlier}: 1 <= normal <= outlier <= 2^32"
                " is needed, with 16 fraction bits (NEUR-3)"
            )
        if self.largest_value >= LARGEST_VALUE:
            raise UsageError(
                f"thresholds {self.normal} and {self.outlier}: their ratio {self.ratios[0]} :"
                f" {self.ratios[1]} needs values beyond 30 bits (NEUR-3); take powers of two"
            )

    @property
    def divisor(self) -> int:
        """G, of which both thresholds are multiples."""
        return math.gcd(self.normal, self.outlier)

    @property
    def ratios(self) -> tuple[int, int]:
        """r_n and r_o."""
        return self.normal // self.divisor, self.outlier // self.divisor

    @property
    def largest_count(self) -> int:
        """(2n − 1)·(2^T − 1)."""
        return (2 * self.form.levels - 1) * ((1 << self.form.steps) - 1)

    @property
    def largest_value(self) -> int:
        """L: no value is beyond it."""
        return self.ratios[1] * self.largest_count

    @property
    def unit(self) -> Scale:
        """U = G·2^−(16 + T)/n as a mantissa of 16 bits and an exponent (NEUR-4)."""
        # At least 22 bits of quotient, and whether a rest remains, decide every rounding to 16.
        spare = 26
        quotient, rest = divmod(self.divisor << spare, self.form.levels)
        wide = np.asarray([_sticky(quotient, rest)], dtype=np.int64)
        scale = normalise(wide, 16, Ties.HALF_EVEN)
        exponent = scale.exponent - np.int64(spare + 2 + THRESHOLD_FRACTION_BITS + self.form.steps)
        return Scale(mantissa=scale.mantissa[0], exponent=exponent[0])


def _sticky(quotient: int, rest: int) -> int:
    """Return 4·quotient, or one more where a rest remains, which rounds alike."""
    return quotient * 4 + (rest != 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OatSpikes:
    """Signed counts, which of them came from the outlier sub-neuron, and their code."""

    counts: NDArray[Any]
    """c, int32 [...]."""
    outliers: NDArray[np.bool_]
    """o, of the same shape."""
    code: OatCode

    @property
    def values(self) -> NDArray[np.int64]:
        """v = c·r: int64 [...], |v| <= L."""
        normal, outlier = self.code.ratios
        ratio = np.where(self.outliers, np.int64(outlier), np.int64(normal))
        return np.asarray(self.counts * ratio)

    @property
    def train(self) -> BinaryTrain:
        """The trains of the counts."""
        form = self.code.form
        return BinaryTrain(counts=self.counts, steps=form.steps, levels=form.levels)

    @property
    def transposed(self) -> Self:
        """The spikes of a matrix [S, d] as [d, S]."""
        return type(self)(counts=self.counts.T, outliers=self.outliers.T, code=self.code)

    def __getitem__(self, place: Any) -> Self:
        """Return the spikes at an index, as NumPy has it."""
        return type(self)(counts=self.counts[place], outliers=self.outliers[place], code=self.code)


def encode_oat(x: NDArray[np.int64], fraction_bits: int, code: OatCode) -> OatSpikes:
    """Return the spikes of x, int64 [...] with 16, 20 or 30 fraction bits, |x| < 2^62 (NEUR-3)."""
    extra = fraction_bits - THRESHOLD_FRACTION_BITS
    normal, outlier = code.normal << extra, code.outlier << extra
    form = code.form
    magnitude = np.abs(x)
    outliers = _reached(magnitude, normal, form.gate)
    counts = mt_counts(magnitude, normal, form.steps, form.levels, form.rule)
    if outliers.any():
        far = magnitude[outliers]
        counts[outliers] = mt_counts(far, outlier, form.steps, form.levels, form.rule)
    signed = np.where(x < 0, -counts, counts)
    return OatSpikes(counts=signed.astype(np.int32), outliers=outliers, code=code)


def saturated(x: NDArray[np.int64], fraction_bits: int, code: OatCode) -> NDArray[np.bool_]:
    """Return which of x, int64 [...], |x| < 2^62, lie beyond the outlier threshold."""
    return np.abs(x) > code.outlier << (fraction_bits - THRESHOLD_FRACTION_BITS)


def _reached(magnitude: NDArray[np.int64], threshold: int, gate: Rule) -> NDArray[np.bool_]:
    match gate:
        case Rule.BELOW:
            return magnitude >= threshold
        case Rule.AT_MOST:
            return magnitude > threshold
        case _:
            assert_never(gate)
