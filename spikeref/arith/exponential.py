"""Powers of two with a fractional exponent, and the logistic function (ARITH-8, OP-9)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import round_div, round_shift
from spikeref.arith.ties import Ties

FRACTION_BITS = 16
"""Fraction bits of the exponent."""

ONE_BITS = 30
"""Fraction bits of a power."""

SIGMOID_BITS = 20
"""Fraction bits of the logistic function."""

EXPONENTS = 32 << FRACTION_BITS
"""From here on exp2 is 0: the quotient p/2^32 of p < 2^31 rounds to 0 under either tie rule."""

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


@lru_cache(maxsize=8)
def power_table(coefficients: tuple[int, ...], ties: Ties) -> NDArray[np.int32]:
    """Return exp2(a) for a = 0 … EXPONENTS, int32 [EXPONENTS + 1] (step 3 of ARITH-8 for all)."""
    p = fraction_powers(coefficients, ties)
    # a = n·2^16 − f runs over f = 0 for n, then f = 65535, …, 1 for n + 1.
    falling = np.concatenate([p[:1], p[:0:-1]])
    table = np.zeros(EXPONENTS + 1, dtype=np.int32)
    for n in range(EXPONENTS >> FRACTION_BITS):
        block = table[n << FRACTION_BITS : (n + 1) << FRACTION_BITS]
        block[0] = round_shift(falling[:1], n, ties)[0]
        block[1:] = round_shift(falling[1:], n + 1, ties)
    table.flags.writeable = False
    return table


def exp2(a: NDArray[np.int64], coefficients: tuple[int, ...], ties: Ties) -> NDArray[np.int32]:
    """Return 2^(-a/2^16) with 30 fraction bits, int32, for a >= 0 of any size (ARITH-8)."""
    return power_table(coefficients, ties).take(a, mode="clip")


@lru_cache(maxsize=8)
def logistic_table(coefficients: tuple[int, ...], ties: Ties) -> NDArray[np.int32]:
    """Return 1/(1 + exp2(t)) with 20 fraction bits for t = 0 … EXPONENTS, int32 (OP-9 step 3)."""
    below = power_table(coefficients, ties).astype(np.int64)
    numerator = np.asarray(1 << (ONE_BITS + SIGMOID_BITS), dtype=np.int64)
    table = round_div(numerator, below + np.int64(1 << ONE_BITS), ties).astype(np.int32)
    table.flags.writeable = False
    return table
