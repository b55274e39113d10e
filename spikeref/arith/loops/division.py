"""The rounded quotient of a shifted dividend (ARITH-3, ATT-9)."""

import numpy as np
from numpy.typing import NDArray


def ratio_rows(
    first: int,
    last: int,
    a: NDArray[np.int64],
    shift: int,
    b: NDArray[np.int64],
    half_even: bool,
    result: NDArray[np.int64],
) -> None:
    """Fill result [R, N] with a·2^shift / b, rounded, of a [R, N] and b [R].

    |a|, b < 2^52, where the floor of the float64 quotient is exact; b·2^shift <= 2^62.
    """
    for row in range(first, last):
        divisor = b[row]
        for column in range(a.shape[1]):
            whole = np.int64(np.floor(a[row, column] / divisor))
            rest = (a[row, column] - whole * divisor) << shift
            part = np.int64(np.floor(rest / divisor))
            rest -= part * divisor
            # The part is below 2^shift, so its floor is wrong next to a whole number only, by one,
            # and the rounding makes up for it: the rest is just below 0, or not below the divisor.
            short = divisor - rest
            up = rest > short or (rest == short and (not half_even or part & 1 == 1))
            result[row, column] = (whole << shift) + part + np.int64(up)
