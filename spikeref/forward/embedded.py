"""Embeddings that are given in place of tokens (LAS-3)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import TokenError
from spikeref.model.las_config import LasShape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """T positions in place of rows of the token table."""

    values: NDArray[np.int64]
    """int64 [T, N], 16 fraction bits, 40 bits."""


def check_embedded(shape: LasShape, embedded: Embedded, cached: int) -> None:
    """Refuse embeddings that do not fit behind `cached` positions: TokenError."""
    size = embedded.values.shape
    if len(size) != 2 or size[0] == 0 or size[1] != shape.hidden:
        raise TokenError(f"embeddings: of shape {list(size)}; [T, {shape.hidden}] is needed")
    if cached + size[0] > shape.positions:
        raise TokenError(
            f"embeddings: {cached + size[0]} positions; the model has {shape.positions}"
        )
