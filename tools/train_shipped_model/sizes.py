"""Sizes of the two test models; lengths are in elements, ``positions`` in tokens."""

from __future__ import annotations

from dataclasses import dataclass

from tools.train_shipped_model.shapes import SHAPES


@dataclass(frozen=True)
class Gpt2Sizes:
    """Sizes of GPT-2; its input and output embeddings are tied."""

    vocab_size: int = 512
    hidden_size: int = 96
    inner_size: int = 240
    layers: int = 3
    heads: int = 3
    positions: int = 128
    norm_eps: float = 1e-5


@dataclass(frozen=True)
class BertSizes:
    """Sizes of BERT with a classifier."""

    vocab_size: int = 512
    hidden_size: int = 96
    inner_size: int = 176
    layers: int = 3
    heads: int = 4
    positions: int = 128
    token_types: int = 2
    labels: int = len(SHAPES)
    norm_eps: float = 1e-12
