"""Embeddings that are given in place of tokens (LAS-3)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import TokenError
from spikeref.model.las_config import LasConfig, Position
from spikeref.ops.embedding import RESIDUAL_BITS

LIMIT = 1 << (RESIDUAL_BITS - 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """T positions in place of rows of the token table."""

    values: NDArray[np.int64]
    """int64 [T, N], 16 fraction bits, 40 bits."""
    positions: NDArray[np.int64] | None = None
    """Three position numbers a token, int64 [3, T], of a multi-axis rotary embedding (LMOD-9)."""


def check_embedded(config: LasConfig, embedded: Embedded, cached: int) -> None:
    """Refuse embeddings that do not fit behind `cached` positions: TokenError."""
    _require_integers("embeddings", embedded.values)
    shape, size = config.shape, embedded.values.shape
    if len(size) != 2 or size[0] == 0 or size[1] != shape.hidden:
        raise TokenError(f"embeddings: of shape {list(size)}; [T, {shape.hidden}] is needed")
    if cached + size[0] > shape.positions:
        raise TokenError(
            f"embeddings: {cached + size[0]} positions; the model has {shape.positions}"
        )
    if embedded.values.min() < -LIMIT or embedded.values.max() >= LIMIT:
        raise TokenError(
            f"embeddings: a value leaves {RESIDUAL_BITS} bits, −2^{RESIDUAL_BITS - 1} to"
            f" 2^{RESIDUAL_BITS - 1}−1; they have 16 fraction bits"
        )
    if embedded.positions is None:
        return
    if config.structure.position is not Position.MULTI_ROTARY:
        raise TokenError("positions: only a model with multi-axis rotary positions takes them")
    _require_integers("positions", embedded.positions)
    if embedded.positions.shape != (3, size[0]):
        found = list(embedded.positions.shape)
        raise TokenError(f"positions: of shape {found}; [3, {size[0]}] is needed")
    if embedded.positions.min() < 0 or embedded.positions.max() >= shape.positions:
        raise TokenError(f"positions: numbers from 0 to {shape.positions - 1} are possible")


def _require_integers(name: str, given: NDArray[Any]) -> None:
    """Refuse what is no NumPy array of integers: TokenError."""
    if not isinstance(given, np.ndarray) or given.dtype.kind not in "iu":
        found = given.dtype if isinstance(given, np.ndarray) else type(given).__name__
        raise TokenError(f"{name}: a NumPy array of integers is needed, not {found}")
