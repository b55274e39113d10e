"""The least and the largest of each row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def range_rows(
    first: int, last: int, x: NDArray[Any], low: NDArray[np.int64], high: NDArray[np.int64]
) -> None:
    """Fill low [R] and high [R] with the least and the largest of each row of x [R, N], N >= 1."""
    for row in range(first, last):
        least = x[row, 0]
        largest = x[row, 0]
        for column in range(x.shape[1]):
            least = min(least, x[row, column])
            largest = max(largest, x[row, column])
        low[row] = least
        high[row] = largest
