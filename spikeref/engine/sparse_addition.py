"""Adding the weight rows of the neurons that fired: no multiplication takes part (ADD-1, ENG-5)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

INT16_LIMIT = (1 << 15) - 1
GATHERED_ROWS = 128
"""Rows gathered at a time: 128 rows of 4096 synapses stay in a core's cache."""


def add_rows(
    accumulator: NDArray[np.int64],
    weights: NDArray[Any],
    largest: int,
    sources: NDArray[np.int64],
) -> None:
    """Add weights[j], integers [N, M], to the accumulator, int64 [M], once per j in `sources` [K].

    largest: bound on |W|. sources: numbers below N. Runs so short that they cannot leave int16
    are added in int16.
    """
    for total in _row_sums(weights, largest, sources):
        accumulator += total


def subtract_rows(
    accumulator: NDArray[np.int64],
    weights: NDArray[Any],
    largest: int,
    sources: NDArray[np.int64],
) -> None:
    """Subtract instead of adding; otherwise as `add_rows`."""
    for total in _row_sums(weights, largest, sources):
        accumulator -= total


def _row_sums(
    weights: NDArray[Any], largest: int, sources: NDArray[np.int64]
) -> Iterator[NDArray[Any]]:
    """Yield the sums of the rows of successive runs of sources, int16 or int64 [M]."""
    narrow = largest << GATHERED_ROWS.bit_length() - 1 <= INT16_LIMIT
    form = np.int16 if narrow else np.int64
    rows = min(sources.size, GATHERED_ROWS)
    gathered = np.empty((rows, weights.shape[1]), dtype=weights.dtype)
    for start in range(0, sources.size, GATHERED_ROWS):
        run = sources[start : start + GATHERED_ROWS]
        # "clip" spares a second pass over the sources, which are in range already.
        np.take(weights, run, axis=0, out=gathered[: run.size], mode="clip")
        total: NDArray[Any] = np.add.reduce(gathered[: run.size], axis=0, dtype=form)
        yield total
