"""Williamson's array of four symmetric circulants, for the orders that come as data."""

import json
from functools import lru_cache
from importlib import resources
from typing import cast

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import UsageError

WILLIAMSON_ORDERS = (156, 172)


def williamson(order: int) -> NDArray[np.int8]:
    """Return Williamson's matrix, int8 [order, order], for order 156 or 172 (HAD-15).

    H = [[A, B, C, D], [−B, A, −D, C], [−C, D, A, −B], [−D, −C, B, A]], each block a circulant
    X[i, j] = x[(j − i) mod order/4]. UsageError for an order without data.
    Source: N. J. A. Sloane, A Library of Hadamard Matrices.
    """
    if order not in WILLIAMSON_ORDERS:
        raise UsageError(f"Williamson matrix: no data for order {order}; {WILLIAMSON_ORDERS} exist")
    a, b, c, d = (_circulant(row) for row in _first_rows()[order])
    return np.block([[a, b, c, d], [-b, a, -d, c], [-c, d, a, -b], [-d, -c, b, a]])


@lru_cache(maxsize=1)
def _first_rows() -> dict[int, tuple[str, ...]]:
    text = resources.files(__package__).joinpath("williamson.json").read_text(encoding="utf-8")
    data = json.loads(text)
    return {n: tuple(cast(list[str], data[str(n)])) for n in WILLIAMSON_ORDERS}


def _circulant(signs: str) -> NDArray[np.int8]:
    row = np.array([1 if sign == "+" else -1 for sign in signs], dtype=np.int8)
    index = np.arange(len(row), dtype=np.int64)
    circulant: NDArray[np.int8] = row[(index[None, :] - index[:, None]) % len(row)]
    return circulant
