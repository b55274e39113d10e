"""BERT with a classifier in PyTorch, with parameter names as Hugging Face writes them."""

# Where PyTorch is not installed its classes have type Any.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.train_shipped_model.attention import attend
from tools.train_shipped_model.sizes import BertSizes


class Embeddings(nn.Module):
    """The normalised sum of the embeddings of token, position and token type 0."""

    def __init__(self, sizes: BertSizes) -> None:
        """Allocate the three tables and the norm."""
        super().__init__()
        self.word_embeddings = nn.Embedding(sizes.vocab_size, sizes.hidden_size)
        self.position_embeddings = nn.Embedding(sizes.positions, sizes.hidden_size)
        self.token_type_embeddings = nn.Embedding(sizes.token_types, sizes.hidden_size)
        self.LayerNorm = nn.LayerNorm(sizes.hidden_size, sizes.norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        """Map token ids ``(batch, time)`` to ``(batch, time, hidden)``."""
        positions = self.position_embeddings.weight[: ids.shape[1]]
        x = self.word_embeddings(ids) + positions + self.token_type_embeddings.weight[0]
        out: Tensor = self.LayerNorm(x)
        return out


class SelfAttention(nn.Module):
    """Attention of every token to every token."""

    def __init__(self, sizes: BertSizes) -> None:
        """Allocate the three projections."""
        super().__init__()
        self.heads = sizes.heads
        self.query = nn.Linear(sizes.hidden_size, sizes.hidden_size)
        self.key = nn.Linear(sizes.hidden_size, sizes.hidden_size)
        self.value = nn.Linear(sizes.hidden_size, sizes.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to the same shape."""
        return attend(self.query(x), self.key(x), self.value(x), self.heads, causal=False)


class Output(nn.Module):
    """A projection, a residual sum and the norm after it."""

    def __init__(self, inputs: int, sizes: BertSizes) -> None:
        """Allocate the projection and the norm."""
        super().__init__()
        self.dense = nn.Linear(inputs, sizes.hidden_size)
        self.LayerNorm = nn.LayerNorm(sizes.hidden_size, sizes.norm_eps)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        """Map ``(batch, time, inputs)`` and the residual to ``(batch, time, hidden)``."""
        out: Tensor = self.LayerNorm(self.dense(x) + residual)
        return out


class Attention(nn.Module):
    """Self-attention and its output."""

    def __init__(self, sizes: BertSizes) -> None:
        """Allocate both parts."""
        super().__init__()
        self.self = SelfAttention(sizes)
        self.output = Output(sizes.hidden_size, sizes)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to the same shape."""
        out: Tensor = self.output(self.self(x), x)
        return out


class Intermediate(nn.Module):
    """The first half of the feed-forward block, with the exact GELU."""

    def __init__(self, sizes: BertSizes) -> None:
        """Allocate the projection."""
        super().__init__()
        self.dense = nn.Linear(sizes.hidden_size, sizes.inner_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to ``(batch, time, inner)``."""
        return functional.gelu(self.dense(x))


class Layer(nn.Module):
    """One layer: attention and feed-forward, each with a norm after its residual sum."""

    def __init__(self, sizes: BertSizes) -> None:
        """Allocate both blocks."""
        super().__init__()
        self.attention = Attention(sizes)
        self.intermediate = Intermediate(sizes)
        self.output = Output(sizes.inner_size, sizes)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to the same shape."""
        x = self.attention(x)
        out: Tensor = self.output(self.intermediate(x), x)
        return out


class Encoder(nn.Module):
    """The layers."""

    def __init__(self, sizes: BertSizes) -> None:
        """Allocate every layer."""
        super().__init__()
        self.layer = nn.ModuleList(Layer(sizes) for _ in range(sizes.layers))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to the same shape."""
        for layer in self.layer:
            x = layer(x)
        return x


class Pooler(nn.Module):
    """The tanh of a projection of the first token."""

    def __init__(self, sizes: BertSizes) -> None:
        """Allocate the projection."""
        super().__init__()
        self.dense = nn.Linear(sizes.hidden_size, sizes.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to ``(batch, hidden)``."""
        return torch.tanh(self.dense(x[:, 0]))


class Backbone(nn.Module):
    """Embeddings, layers and pooler."""

    def __init__(self, sizes: BertSizes) -> None:
        """Allocate every part."""
        super().__init__()
        self.embeddings = Embeddings(sizes)
        self.encoder = Encoder(sizes)
        self.pooler = Pooler(sizes)

    def forward(self, ids: Tensor) -> Tensor:
        """Map token ids ``(batch, time)`` to ``(batch, hidden)``."""
        out: Tensor = self.pooler(self.encoder(self.embeddings(ids)))
        return out


class BertClassifier(nn.Module):
    """A classifier of sequences that all have the same length."""

    def __init__(self, sizes: BertSizes) -> None:
        """Draw the weights from PyTorch's global generator."""
        super().__init__()
        self.bert = Backbone(sizes)
        self.classifier = nn.Linear(sizes.hidden_size, sizes.labels)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                nn.init.normal_(weight, std=0.04)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits ``(batch, labels)`` for token ids ``(batch, time)``."""
        logits: Tensor = self.classifier(self.bert(ids))
        return logits
