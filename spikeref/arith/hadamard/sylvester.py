"""Sylvester's Hadamard matrices in natural order."""

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import UsageError


def sylvester(log2_order: int) -> NDArray[np.int8]:
    """Return S of order 2**log2_order, int8 [n, n]: S[i, j] = (−1)**popcount(i & j) (HAD-3)."""
    if log2_order < 0:
        raise UsageError(f"Sylvester matrix: log2 of the order is {log2_order}; it must be ≥ 0")
    matrix = np.ones((1, 1), dtype=np.int8)
    seed = np.array([[1, 1], [1, -1]], dtype=np.int8)
    for _ in range(log2_order):
        matrix = np.kron(seed, matrix)
    return matrix
