"""Trains whose spike at step t of T counts 2^(T−t) units (NEUR-5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BinaryTrain:
    """Signed counts and how they unfold: T time steps, n levels."""

    counts: NDArray[Any]
    """c, signed integers [...], |c| <= (2n − 1)·(2^T − 1)."""
    steps: int
    levels: int


def time_steps(train: BinaryTrain) -> Iterator[NDArray[np.int64]]:
    """Yield the spikes of time steps 1 … T: sign·s_t, int64 [...], s_t = 0 or n … 2n − 1.

    The largest level that what remains of |c| holds is fired (NEUR-5).
    """
    sign = np.sign(train.counts).astype(np.int64)
    rest = np.abs(train.counts.astype(np.int64))
    for step in range(1, train.steps + 1):
        places = train.steps - step
        size = np.minimum(rest >> places, np.int64(2 * train.levels - 1))
        size = np.where(size < train.levels, np.int64(0), size)
        rest = rest - (size << places)
        yield sign * size
