"""Counts unfolded into left-aligned spike trains, and back (ENC-5, equations 10 and 17)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import UsageError


def fired_at(counts: NDArray[Any], step: int) -> NDArray[np.int8]:
    """Return the spikes of virtual step 1 <= step <= D: int8, −1, 0 or 1, shape of `counts`."""
    unsigned = np.issubdtype(counts.dtype, np.unsignedinteger)
    largest = int(np.iinfo(counts.dtype).max)
    if step > (largest if unsigned else largest + 1):
        # No count of this type fires so late, nor does it hold such a step.
        return np.zeros(counts.shape, dtype=np.int8)
    if unsigned:
        return np.asarray(counts >= counts.dtype.type(step), dtype=np.int8)
    # ±(step − 1) fits int8 at step 128, where ±step does not.
    positive = np.asarray(counts > counts.dtype.type(step - 1), dtype=np.int8)
    negative = np.asarray(counts < counts.dtype.type(1 - step), dtype=np.int8)
    return positive - negative


def virtual_steps(counts: NDArray[Any], train_length: int) -> Iterator[NDArray[np.int8]]:
    """Yield the spikes of virtual steps 1 … D, each int8 of the shape of `counts`."""
    for step in range(1, train_length + 1):
        yield fired_at(counts, step)


def unfold(counts: NDArray[Any], train_length: int) -> NDArray[np.int8]:
    """Return the whole train, int8 [D, ...], of counts [...]: s_d = sign(c) for d <= |c|, else 0.

    UsageError if a count does not fit D virtual steps.
    """
    largest = max(int(counts.max(initial=0)), -int(counts.min(initial=0)))
    if largest > train_length:
        raise UsageError(f"count {largest} does not fit a train of {train_length} virtual steps")
    return np.stack(list(virtual_steps(counts, train_length)))


def fold(train: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the counts of trains [D, ...], int64 [...]: Σ_d s_d (equations 10 and 17)."""
    return np.asarray(train.sum(axis=0, dtype=np.int64))
