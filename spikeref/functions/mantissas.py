"""Range reduction by powers of two (HG-3)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import bit_length

MANTISSA_BITS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """s as mantissa·2^exponent."""

    mantissa: NDArray[np.int64]
    """int64 [...], of 24 bits; of 23 or 24 where exponents are even."""
    exponent: NDArray[np.int64]
    """int64 [...]."""


def reduced(s: NDArray[np.int64], *, even: bool) -> Reduced:
    """Return mantissas, rounded down, and exponents, even ones if asked, of 0 < s < 2^62 (HG-3)."""
    exponent = bit_length(s) - np.int64(MANTISSA_BITS)
    if even:
        # One bit less of mantissa where the exponent would be odd.
        exponent = exponent + (exponent & np.int64(1))
    right = np.maximum(exponent, np.int64(0))
    left = np.maximum(-exponent, np.int64(0))
    return Reduced(mantissa=(s >> right) << left, exponent=exponent)
