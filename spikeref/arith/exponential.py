"""Powers of two with a fractional exponent (ARITH-8)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import round_shift
from spikeref.arith.ties import Ties

FRACTION_BITS = 16
"""Fraction bits of the exponent."""

ONE_BITS = 30
"""Fraction bits of the result."""

STANDARD_COEFFICIENTS = (
    1073741824, 744261074, 257943463, 59577687, 10391904, 1332662, 235034,
)  # fmt: skip
"""c_0 … c_6: 2^f on [0, 1] with error below 2^-26, exact at both ends (ARITH-8)."""


@lru_cache(maxsize=8)
def fraction_powers(coefficients: tuple[int, ...], ties: Ties) -> NDArray[np.int64]:
    """Return p(f) for every f of 16 bits, int64 [65536] (step 2 of ARITH-8)."""
    f = np.arange(1 << FRACTION_BITS, dtype=np.int64)
    p = np.full(f.shape, coefficients[6], dtype=np.int64)
    for c in reversed(coefficients[:6]):
        p = round_shift(p * f, FRACTION_BITS, ties) + np.int64(c)
    p.flags.writeable = False
    return p


def exp2(a: NDArray[np.int64], coefficients: tuple[int, ...], ties: Ties) -> NDArray[np.int64]:
    """Return 2^(-a/2^16) with 30 fraction bits, int64, for a >= 0 of any size (ARITH-8)."""
    f = (-a) & np.int64((1 << FRACTION_BITS) - 1)
    n = np.minimum((a + f) >> FRACTION_BITS, np.int64(40))
    return round_shift(fraction_powers(coefficients, ties)[f], n, ties)
