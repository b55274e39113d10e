"""Token ids as a model accepts them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import TokenError
from spikeref.model.config import ModelShape
from spikeref.model.las_config import LasShape


def token_array(tokens: Sequence[int] | NDArray[np.integer]) -> NDArray[np.int64]:
    """Return token ids as int64 [T]; TokenError if they are not a list of integers."""
    ids = tokens.tolist() if isinstance(tokens, np.ndarray) else list(tokens)
    if not all(type(token) is int or isinstance(token, np.integer) for token in ids):
        raise TokenError("tokens: a flat list of integer token ids is needed")
    if not all(-(1 << 63) <= token < 1 << 63 for token in ids):
        raise TokenError("tokens: an id is beyond 2^63; no vocabulary has it")
    return np.array(ids, dtype=np.int64)


def check_tokens(shape: ModelShape | LasShape, tokens: NDArray[np.int64], position: int) -> None:
    """Refuse an empty prompt, an id outside the vocabulary, and more tokens than positions.

    tokens: int64 [T], to be placed at `position` and after.
    """
    if tokens.size == 0:
        raise TokenError("the prompt is empty; give at least one token")
    for index in np.flatnonzero((tokens < 0) | (tokens >= shape.vocab))[:1]:
        raise TokenError(
            f"token {int(tokens[index])} at position {position + int(index)} is out of range;"
            f" the vocabulary has ids 0 to {shape.vocab - 1}"
        )
    if position + tokens.size > shape.positions:
        raise TokenError(
            f"{position + tokens.size} tokens do not fit the model's {shape.positions} positions;"
            " give fewer"
        )


def check_types(shape: LasShape, types: NDArray[np.int64], tokens: int) -> None:
    """Refuse token types that a model lacks, or that are not one for each token: TokenError."""
    if shape.token_types == 0:
        raise TokenError("token types: the model has none")
    if types.shape != (tokens,):
        raise TokenError(f"token types: {types.size} given for {tokens} tokens")
    if types.min() < 0 or types.max() >= shape.token_types:
        raise TokenError(f"token types: the model has 0 to {shape.token_types - 1}")
