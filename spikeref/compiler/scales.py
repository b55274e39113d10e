"""Exact rational scales written as mantissa and exponent (COMP-7, COMP-11)."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.scalar import round_div
from spikeref.arith.ties import Ties

CHANNEL_BITS = 16


def normalise_rational(value: Fraction, bits: int) -> tuple[int, int]:
    """Return m in [2^(bits−1), 2^bits) and e with value ≈ m·2^e, for value > 0 (COMP-7)."""
    numerator, denominator = value.numerator, value.denominator
    # The quotient of the leading bits is off by less than a factor of two, downwards.
    exponent = numerator.bit_length() - denominator.bit_length() - bits
    numerator <<= max(-exponent, 0)
    denominator <<= max(exponent, 0)
    if numerator >= denominator << bits:
        denominator <<= 1
        exponent += 1
    mantissa = round_div(numerator, denominator, Ties.HALF_EVEN)
    return (1 << (bits - 1), exponent + 1) if mantissa == 1 << bits else (mantissa, exponent)


def channel_scales(
    largest: NDArray[np.int64], exponents: NDArray[np.int64], factor: Fraction
) -> tuple[NDArray[np.uint16], NDArray[np.int16]]:
    """Return uint16 mantissas and int16 exponents, each [M], of largest·2^exponents·factor."""
    pairs = [normalise_rational(int(a) * factor, CHANNEL_BITS) for a in largest]
    mantissas = np.array([m for m, _ in pairs], dtype=np.uint16)
    own = np.array([e for _, e in pairs], dtype=np.int64)
    return mantissas, (own + exponents).astype(np.int16)
