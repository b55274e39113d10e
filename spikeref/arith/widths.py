"""The width gate (ARITH-1): NumPy wraps silently and type checkers do not see widths."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.loops.ranges import range_rows
from spikeref.errors import RangeError, UsageError


def magnitude(x: NDArray[Any]) -> int:
    """Return max|x| of an integer array of any shape as a Python integer; 0 if it is empty."""
    if x.size == 0:
        return 0
    if x.ndim > 1 and x.dtype.kind == "i" and suits_loops(x.size):
        low, high = np.empty((2, len(x)), dtype=np.int64)
        over_rows(range_rows, len(x), x.size, (x.reshape(len(x), -1),), low, high)
        return max(int(high.max()), -int(low.min()))
    return max(int(x.max()), -int(x.min()))


def minimum_bits(low: int, high: int) -> int:
    """Return the smallest two's complement width that holds every integer of [low, high]."""
    return 1 + max(
        (high if high >= 0 else -high - 1).bit_length(),
        (low if low >= 0 else -low - 1).bit_length(),
    )


def require_width(signal: str, x: NDArray[Any], bits: int, clause: str) -> None:
    """Raise RangeError, naming `signal` and `clause`, unless every element fits `bits` bits."""
    if x.size == 0:
        return
    low, high = int(x.min()), int(x.max())
    if minimum_bits(low, high) > bits:
        raise RangeError(signal, high if high >= 1 << (bits - 1) else low, bits, clause)


def require_integers(signal: str, x: NDArray[Any]) -> None:
    """Raise UsageError unless `x` is an array of signed or unsigned integers."""
    if not isinstance(x, np.ndarray):
        raise UsageError(f"{signal}: a NumPy array is needed, got {type(x).__name__}")
    if not np.issubdtype(x.dtype, np.integer):
        raise UsageError(f"{signal}: integers are needed, got {x.dtype}")
