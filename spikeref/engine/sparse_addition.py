"""Adding the weight rows of the neurons that fired: no multiplication takes part (ADD-1, ENG-5)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

INT16_LIMIT = (1 << 15) - 1
GATHERED_ROWS = 64
"""Rows gathered at a time: 64 rows of 4096 synapses stay in a core's cache."""


def add_rows(
    accumulator: NDArray[np.int64],
    weights: NDArray[Any],
    largest: int,
    sources: NDArray[np.int64],
) -> None:
    """Add weights[j], integers [N, M], to the accumulator, int64 [M], once per j in `sources` [K].

    largest: bound on |W|. Runs so short that they cannot leave int16 are added in int16.
    """
    for start in range(0, sources.size, GATHERED_ROWS):
        run = sources[start : start + GATHERED_ROWS]
        accumulator += _row_sum(weights, largest, run)


def subtract_rows(
    accumulator: NDArray[np.int64],
    weights: NDArray[Any],
    largest: int,
    sources: NDArray[np.int64],
) -> None:
    """Subtract instead of adding; otherwise as `add_rows`."""
    for start in range(0, sources.size, GATHERED_ROWS):
        run = sources[start : start + GATHERED_ROWS]
        accumulator -= _row_sum(weights, largest, run)


def _row_sum(weights: NDArray[Any], largest: int, run: NDArray[np.int64]) -> NDArray[Any]:
    narrow = largest << GATHERED_ROWS.bit_length() - 1 <= INT16_LIMIT
    total: NDArray[Any] = np.add.reduce(
        weights[run], axis=0, dtype=np.int16 if narrow else np.int64
    )
    return total
