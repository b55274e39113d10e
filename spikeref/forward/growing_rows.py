"""Rows that a pass adds to those before it (ATT-12, ENG-8)."""

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


class GrowingRows(Generic[Scalar]):
    """S rows so far of one shape and type; adding one row copies few, however many there are."""

    def __init__(self, shape: tuple[int, ...], dtype: type[Scalar]) -> None:
        """Start empty, for rows of that shape."""
        self._rows: NDArray[Scalar] = np.zeros((0, *shape), dtype=dtype)
        self._length = 0

    def write(self, rows: NDArray[Any], first: int) -> None:
        """Hold `rows` from row `first` on, and none after them.

        What a pass that broke off left beyond `first` is overwritten (ENG-8).
        """
        end = first + len(rows)
        if end > len(self._rows):
            # Room doubles, so that a row is copied once or twice in all.
            grown = np.zeros((max(end, 2 * first), *self._rows.shape[1:]), dtype=self._rows.dtype)
            grown[:first] = self._rows[:first]
            self._rows = grown
        self._rows[first:end] = rows
        self._length = end

    def view(self) -> NDArray[Scalar]:
        """Return what is held, [S, …], until the next write."""
        return self._rows[: self._length]
