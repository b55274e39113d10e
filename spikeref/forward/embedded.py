"""Embeddings that are given in place of tokens (LAS-3)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import TokenError
from spikeref.model.las_config import LasConfig, Position


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """T positions in place of rows of the token table."""

    values: NDArray[np.int64]
    """int64 [T, N], 16 fraction bits, 40 bits."""
    positions: NDArray[np.int64] | None = None
    """Three position numbers a token, int64 [3, T], of a multi-axis rotary embedding (LMOD-9)."""


def check_embedded(config: LasConfig, embedded: Embedded, cached: int) -> None:
    """Refuse embeddings that do not fit behind `cached` positions: TokenError."""
    shape, size = config.shape, embedded.values.shape
    if len(size) != 2 or size[0] == 0 or size[1] != shape.hidden:
        raise TokenError(f"embeddings: of shape {list(size)}; [T, {shape.hidden}] is needed")
    if cached + size[0] > shape.positions:
        raise TokenError(
            f"embeddings: {cached + size[0]} positions; the model has {shape.positions}"
        )
    if embedded.positions is None:
        return
    if config.structure.position is not Position.MULTI_ROTARY:
        raise TokenError("positions: only a model with multi-axis rotary positions takes them")
    if embedded.positions.shape != (3, size[0]):
        found = list(embedded.positions.shape)
        raise TokenError(f"positions: of shape {found}; [3, {size[0]}] is needed")
    if embedded.positions.min() < 0 or embedded.positions.max() >= shape.positions:
        raise TokenError(f"positions: numbers from 0 to {shape.positions - 1} are possible")
