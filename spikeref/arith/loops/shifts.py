"""Rounding shifts and saturating sums by rows (ARITH-2, ARITH-4, ARITH-5, OP-2, OP-3)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def shift_rows(
    first: int,
    last: int,
    x: NDArray[Any],
    shift: NDArray[np.int64],
    half_even: bool,
    result: NDArray[np.int64],
) -> None:
    """Fill result [R, N] with x / 2^shift rounded, of x [R, N] and shift [R] in 0 … 63."""
    for row in range(first, last):
        places = shift[row]
        odd = np.int64(half_even and places > 0)
        half = (np.int64(places > 0) << max(places - 1, 0)) - odd
        for column in range(x.shape[1]):
            value = np.int64(x[row, column])
            result[row, column] = (value + ((value >> places) & odd) + half) >> places


def norm_rows(
    first: int,
    last: int,
    m: NDArray[Any],
    inverse: NDArray[np.int64],
    shift: NDArray[np.int64],
    half_even: bool,
    gamma: NDArray[np.int64],
    result: NDArray[np.int64],
) -> None:
    """Fill result [R, N] with γ times m·inverse / 2^shift rounded (the end of OP-2, and OP-3).

    m: [R, N]; inverse, and shift in 0 … 63: [R]; gamma: [N].
    """
    for row in range(first, last):
        places = shift[row]
        odd = np.int64(half_even and places > 0)
        half = (np.int64(places > 0) << max(places - 1, 0)) - odd
        for column in range(m.shape[1]):
            value = m[row, column] * inverse[row]
            value = (value + ((value >> places) & odd) + half) >> places
            result[row, column] = value * gamma[column]


def add_rows(
    first: int,
    last: int,
    x: NDArray[Any],
    y: NDArray[Any],
    low: int,
    high: int,
    result: NDArray[np.int64],
    count: NDArray[np.int64],
) -> None:
    """Fill result [R, N] with x + y saturated to [low, high], and count [R] with how many were."""
    for row in range(first, last):
        changed = 0
        for column in range(x.shape[1]):
            value = np.int64(x[row, column]) + np.int64(y[row, column])
            saturated = min(max(value, np.int64(low)), np.int64(high))
            changed += saturated != value
            result[row, column] = saturated
        count[row] = changed


def block_rows(
    first: int,
    last: int,
    x: NDArray[Any],
    bits: int,
    half_even: bool,
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    mantissas: NDArray[np.int32],
    shift: NDArray[np.int64],
) -> None:
    """Fill mantissas [R, N] and shift [R] with the block shift of each row of x [R, N] (ARITH-5).

    low, high [R]: the least and the largest of a row. bits <= 32. Rows that leave 62 bits of
    magnitude have no mantissas.
    """
    most = (np.int64(1) << (bits - 1)) - 1
    for row in range(first, last):
        narrow_least = x[row, 0]
        narrow_largest = x[row, 0]
        for column in range(x.shape[1]):
            narrow_least = min(narrow_least, x[row, column])
            narrow_largest = max(narrow_largest, x[row, column])
        least = np.int64(narrow_least)
        largest = np.int64(narrow_largest)
        low[row] = least
        high[row] = largest
        if least <= -(np.int64(1) << 62) or largest >= np.int64(1) << 62:
            continue
        magnitude = max(largest, -least)
        places = np.int64(0)
        while magnitude >> places > most:
            places += 1
        odd = np.int64(half_even and places > 0)
        half = ((np.int64(1) << places) >> 1) - odd
        if (magnitude + ((magnitude >> places) & odd) + half) >> places > most:
            places += 1
            half = ((np.int64(1) << places) >> 1) - odd
        shift[row] = places
        for column in range(x.shape[1]):
            value = np.int64(x[row, column])
            mantissas[row, column] = (value + ((value >> places) & odd) + half) >> places


def square_rows(first: int, last: int, m: NDArray[Any], energy: NDArray[np.int64]) -> None:
    """Fill energy [R] with Σ m² of each row of m [R, N], below 2^63."""
    for row in range(first, last):
        total = np.int64(0)
        for column in range(m.shape[1]):
            value = np.int64(m[row, column])
            total += value * value
        energy[row] = total
