"""Integer square roots (ARITH-7)."""

import numpy as np
from numpy.typing import NDArray


def isqrt(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return floor(√x), int64, for 0 <= x < 2^62 (ARITH-7).

    The float64 root is within one of the floor there (its relative error is 2^-52 at most and
    √x < 2^31), so one step down and one step up correct it.
    """
    root = np.sqrt(x.astype(np.float64)).astype(np.int64)
    root -= root * root > x
    root += (root + 1) * (root + 1) <= x
    return root
