"""The product with Sylvester's matrix of order 2^k, by additions (HAD-1, HAD-7)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHORT = 16
"""Neighbours that the last four stages combine: too few for a loop of their own."""


def sylvester_rows(
    first: int, last: int, x: NDArray[Any], order: int, result: NDArray[np.int32]
) -> None:
    """Fill result [R, M·order] with H·u of every `order` elements u of x [R, M·order].

    order = 2^k >= 16. x: integers, perhaps held in floats, with Σ|u| < 2^31.
    """
    length = x.shape[1]
    columns = length // SHORT
    turned = np.empty(length, dtype=np.int32)
    for row in range(first, last):
        for column in range(length):
            result[row, column] = np.int32(x[row, column])
        # Turned round, the neighbours of the last stages lie far apart and make long loops too.
        for phase in range(2):
            line = result[row] if phase == 0 else turned
            half = order // 2 if phase == 0 else length // 2
            least = SHORT if phase == 0 else columns
            while half >= 2 * least:  # two stages in one pass
                quarter = half // 2
                for start in range(0, length, 2 * half):
                    one = line[start : start + quarter]
                    two = line[start + quarter : start + half]
                    three = line[start + half : start + half + quarter]
                    four = line[start + half + quarter : start + 2 * half]
                    for i in range(quarter):
                        a = one[i] + three[i]
                        b = one[i] - three[i]
                        c = two[i] + four[i]
                        d = two[i] - four[i]
                        one[i] = a + c
                        two[i] = a - c
                        three[i] = b + d
                        four[i] = b - d
                half //= 4
            if half >= least:
                for start in range(0, length, 2 * half):
                    left = line[start : start + half]
                    right = line[start + half : start + 2 * half]
                    for i in range(half):
                        a = left[i]
                        b = right[i]
                        left[i] = a + b
                        right[i] = a - b
            if phase == 0:
                for place in range(SHORT):
                    for column in range(columns):
                        turned[place * columns + column] = line[column * SHORT + place]
        for column in range(columns):
            for place in range(SHORT):
                result[row, column * SHORT + place] = turned[place * columns + column]
