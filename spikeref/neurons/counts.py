"""Membrane potentials to integer spike counts (ENC-1 to ENC-3, ENC-7)."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import for_row_blocks
from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.loops.scaling import count_rows
from spikeref.arith.ratios import clipped_ratio
from spikeref.arith.rounding import Scale, normalise, round_div
from spikeref.arith.ties import Ties
from spikeref.arith.widths import require_integers
from spikeref.errors import UsageError

SCALE_BITS = 16
"""Bits of a token scale's mantissa (ENC-7)."""

LARGEST_RATIO_TERM = 1024
"""Bound on the denominator of a clip ratio (ENC-1)."""


class Encoding(Enum):
    """How counts become spikes: symmetric counts fire ±1, asymmetric ones fire 1."""

    TERNARY = "ternary"
    BINARY = "binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """The parameters of an encoder (ENC-1); UsageError if they are out of range."""

    bits: int
    encoding: Encoding
    clip_ratio: Fraction = Fraction(1)
    ties: Ties = Ties.HALF_EVEN

    def __post_init__(self) -> None:
        """Check the ranges of ENC-1."""
        if not 2 <= self.bits <= 8:
            raise UsageError(f"count bits: {self.bits} given, 2 to 8 are possible")
        if not (0 < self.clip_ratio <= 1 and self.clip_ratio.denominator <= LARGEST_RATIO_TERM):
            raise UsageError(
                f"clip ratio: {self.clip_ratio} given; a fraction in (0, 1] with a denominator"
                f" of at most {LARGEST_RATIO_TERM} is needed"
            )

    @property
    def levels(self) -> int:
        """Count of a potential at the full range: q = 2^(b-1)-1, or Q = 2^b-1 if asymmetric."""
        match self.encoding:
            case Encoding.TERNARY:
                return (1 << (self.bits - 1)) - 1
            case Encoding.BINARY:
                return (1 << self.bits) - 1
            case _:
                assert_never(self.encoding)

    @property
    def train_length(self) -> int:
        """Virtual steps D of a train (ENC-5)."""
        match self.encoding:
            case Encoding.TERNARY:
                return 1 << (self.bits - 1)
            case Encoding.BINARY:
                return (1 << self.bits) - 1
            case _:
                assert_never(self.encoding)

    @property
    def largest_count(self) -> int:
        """Largest |count| that can occur, c_max of ADD-3."""
        clips = self.encoding is Encoding.TERNARY and self.clip_ratio < 1
        return self.levels + clips


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Spike counts of rows of N neurons, and what one row's counts stand for."""

    counts: NDArray[Any]
    """int8 [..., N] for ternary counts, uint8 [..., N] for binary ones."""
    amax: NDArray[np.int64]
    """Range of each row, int64 [...]: max|v|, or max − min for binary counts; at least 1."""
    zero_point: NDArray[np.int64]
    """int64 [...]; 0 for ternary counts."""
    scale: Scale
    """The range as 16-bit mantissa and exponent, each [...] (ENC-7)."""


def encode(v: NDArray[Any], encoder: Encoder) -> Counts:
    """Return the spike counts of membrane potentials v, integers [..., N].

    |v| <= 2^30, or 0 <= v < 2^31 after clipping, where counts are ternary (ENC-8).

    Ternary: c = clip(round(q·v / (r·amax)), −2^(b−1), 2^(b−1)−1) (equation 16, ENC-2);
    binary: c = clip(round(Q·v / (r·range)) + z, 0, Q) (equation 9, ENC-3).
    UsageError if v does not hold integers or has no neurons.
    """
    require_integers("membrane potentials", v)
    if v.ndim == 0 or v.shape[-1] == 0:
        raise UsageError(f"membrane potentials: shape {v.shape} has no neurons")
    if encoder.ties is Ties.HALF_EVEN and v.dtype == np.int32 and suits_loops(v.size):
        return _encode_by_loop(v, encoder)
    match encoder.encoding:
        case Encoding.TERNARY:
            return _encode_symmetric(v, encoder)
        case Encoding.BINARY:
            return _encode_asymmetric(v, encoder)
        case _:
            assert_never(encoder.encoding)


def _encode_by_loop(v: NDArray[np.int32], encoder: Encoder) -> Counts:
    binary = encoder.encoding is Encoding.BINARY
    counts = np.empty(v.shape, dtype=np.uint8 if binary else np.int8)
    spread, zero_point = (np.empty(v.shape[:-1], dtype=np.int64) for _ in range(2))
    rows = v.reshape(-1, v.shape[-1])
    ratio = encoder.clip_ratio.as_integer_ratio()
    lowest = 0 if binary else -(1 << (encoder.bits - 1))
    over_rows(
        count_rows,
        len(rows),
        v.size,
        (rows, encoder.levels, *ratio, binary, lowest, encoder.levels),
        counts.reshape(rows.shape),
        spread.reshape(-1),
        zero_point.reshape(-1),
    )
    return Counts(
        counts=counts,
        amax=spread,
        zero_point=zero_point,
        scale=normalise(spread, SCALE_BITS, encoder.ties),
    )


def _encode_symmetric(v: NDArray[Any], encoder: Encoder) -> Counts:
    high = v.max(axis=-1).astype(np.int64)
    low = v.min(axis=-1).astype(np.int64)
    amax = np.maximum(np.maximum(high, -low), np.int64(1))
    zero_point = np.zeros_like(amax)
    limit = 1 << (encoder.bits - 1)
    return Counts(
        counts=_counts(v, amax, zero_point, encoder, range(-limit, limit), np.dtype(np.int8)),
        amax=amax,
        zero_point=zero_point,
        scale=normalise(amax, SCALE_BITS, encoder.ties),
    )


def _encode_asymmetric(v: NDArray[Any], encoder: Encoder) -> Counts:
    low = np.minimum(v.min(axis=-1).astype(np.int64), np.int64(0))
    high = np.maximum(v.max(axis=-1).astype(np.int64), np.int64(0))
    spread = np.maximum(high - low, np.int64(1))
    zero_point = round_div(-low * np.int64(encoder.levels), spread, encoder.ties)
    allowed = range(encoder.levels + 1)
    return Counts(
        counts=_counts(v, spread, zero_point, encoder, allowed, np.dtype(np.uint8)),
        amax=spread,
        zero_point=zero_point,
        scale=normalise(spread, SCALE_BITS, encoder.ties),
    )


def _counts(
    v: NDArray[Any],
    spread: NDArray[np.int64],
    zero_point: NDArray[np.int64],
    encoder: Encoder,
    allowed: range,
    form: np.dtype[Any],
) -> NDArray[Any]:
    """Return round(levels·v / (r·spread)) + zero_point, clipped to `allowed`, of type `form`.

    The numerator stays below 2^49, where the division is at its fastest.
    """
    ratio = encoder.clip_ratio
    potentials = v.reshape(-1, v.shape[-1])
    factor = encoder.levels * ratio.denominator
    divisor = (spread * np.int64(ratio.numerator)).reshape(-1, 1)
    offset = zero_point.reshape(-1, 1)
    # Either range reaches from 0 to every potential at least.
    largest = int(spread.max(initial=1))
    counts = np.empty(potentials.shape, dtype=form)

    def work(rows: slice) -> None:
        clipped_ratio(
            potentials[rows],
            largest,
            factor,
            divisor[rows],
            offset[rows],
            allowed,
            encoder.ties,
            counts[rows],
        )

    for_row_blocks(*potentials.shape, work)
    return counts.reshape(v.shape)
