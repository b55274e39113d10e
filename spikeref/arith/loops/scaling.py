"""Accumulators times their scales (OP-8), and potentials as shares of a range (ENC-2, ENC-3).

Every product is an integer below 2^53, times a power of two, so float64 holds it exactly; of the
quotient, the caller has proven that it rounds as the exact one does.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def scale_rows(
    first: int,
    last: int,
    x: NDArray[Any],
    outer: NDArray[np.float64],
    inner: NDArray[np.float64],
    limit: float,
    bias: NDArray[np.int64],
    low: int,
    high: int,
    result: NDArray[np.int64],
    count: NDArray[np.int64],
) -> None:
    """Fill result [T, C, S] with x·outer·inner, rounded, clipped to ±limit, plus bias, saturated.

    x: [T, C, S]; outer: [T, C]; inner: [C, S]; bias: [S]. count [T]: how many of a token's values
    were saturated to [low, high].
    """
    for token in range(first, last):
        changed = 0
        for group in range(x.shape[1]):
            factor = outer[token, group]
            for column in range(x.shape[2]):
                scaled = np.rint(x[token, group, column] * factor * inner[group, column])
                value = np.int64(min(max(scaled, -limit), limit)) + bias[column]
                saturated = min(max(value, low), high)
                changed += saturated != value
                result[token, group, column] = saturated
        count[token] = changed


def count_rows(
    first: int,
    last: int,
    v: NDArray[np.int32],
    levels: int,
    numerator: int,
    denominator: int,
    binary: bool,
    low: int,
    high: int,
    counts: NDArray[Any],
    spread: NDArray[np.int64],
    zero_point: NDArray[np.int64],
) -> None:
    """Fill counts [R, N], their ranges [R] and zero points [R] of potentials v [R, N].

    numerator / denominator: the clip ratio; low, high: the least and the largest count.
    """
    for row in range(first, last):
        narrow_least = v[row, 0]
        narrow_largest = v[row, 0]
        for column in range(v.shape[1]):
            narrow_least = min(narrow_least, v[row, column])
            narrow_largest = max(narrow_largest, v[row, column])
        least = min(np.int64(narrow_least), np.int64(0))
        largest = max(np.int64(narrow_largest), np.int64(0))
        if binary:
            width = max(largest - least, np.int64(1))
            zero = np.rint(-least * levels / width)
        else:
            width = max(largest, -least, np.int64(1))
            zero = 0.0
        spread[row] = width
        zero_point[row] = np.int64(zero)
        factor = float(levels * denominator)
        divisor = float(width * numerator)
        for column in range(v.shape[1]):
            count = np.rint(v[row, column] * factor / divisor) + zero
            counts[row, column] = np.int32(min(max(count, low), high))
