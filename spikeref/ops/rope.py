"""Rotary position embedding on integers (ATT-1)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.loops.functions import turn_rows

TABLE_BITS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """The table rows of T positions."""

    cos: NDArray[np.int16]
    """int16 [T, d/2]."""
    sin: NDArray[np.int16]
    """int16 [T, d/2]."""


def rotate_positions(
    x: NDArray[Any], cos: NDArray[np.int16], sin: NDArray[np.int16]
) -> NDArray[np.int64]:
    """Return rotated heads, int64 [T, H, d] with 30 fraction bits, of x [T, H, d] of 32 bits.

    cos, sin: the table rows of the T positions, int16 [T, d/2]. Element a of the first half is
    paired with a + d/2: r_a = x_a·cos_a − x_b·sin_a, r_b = x_b·cos_a + x_a·sin_a; exact.
    """
    if suits_loops(x.size):
        result = np.empty(x.shape, dtype=np.int64)
        over_rows(turn_rows, len(x), x.size, (x, cos, sin), result)
        return result
    half = x.shape[-1] >> 1
    first, second = x[..., :half], x[..., half:]
    c, s = cos.astype(np.int64)[:, None, :], sin.astype(np.int64)[:, None, :]
    return np.concatenate([first * c - second * s, second * c + first * s], axis=-1)
