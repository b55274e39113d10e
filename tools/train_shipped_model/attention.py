"""Multi-head attention without positions of its own, as BERT and GPT-2 have it."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int, *, causal: bool) -> Tensor:
    """Mix values ``(batch, time, hidden)`` head by head; the result has the same shape."""
    mixed = functional.scaled_dot_product_attention(
        _split(query, heads), _split(key, heads), _split(value, heads), is_causal=causal
    )
    return mixed.transpose(1, 2).flatten(2)


def _split(x: Tensor, heads: int) -> Tensor:
    batch, time, hidden = x.shape
    return x.view(batch, time, heads, hidden // heads).transpose(1, 2)
