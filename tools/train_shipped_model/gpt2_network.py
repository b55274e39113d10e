"""The GPT-2 architecture in PyTorch, with parameter names as Hugging Face writes them."""

# Where PyTorch is not installed its classes have type Any.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.train_shipped_model.attention import attend
from tools.train_shipped_model.sizes import Gpt2Sizes


class Conv1D(nn.Module):
    """An affine map whose weight is stored ``(inputs, outputs)``."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Allocate the weight, and a bias of zero."""
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., inputs)`` to ``(..., outputs)``."""
        return x @ self.weight + self.bias


class Attention(nn.Module):
    """Causal self-attention; one map gives queries, keys and values."""

    def __init__(self, sizes: Gpt2Sizes) -> None:
        """Allocate both maps."""
        super().__init__()
        self.heads = sizes.heads
        self.c_attn = Conv1D(sizes.hidden_size, 3 * sizes.hidden_size)
        self.c_proj = Conv1D(sizes.hidden_size, sizes.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to the same shape."""
        query, key, value = self.c_attn(x).chunk(3, dim=-1)
        out: Tensor = self.c_proj(attend(query, key, value, self.heads, causal=True))
        return out


class MLP(nn.Module):
    """The feed-forward block with the tanh form of GELU."""

    def __init__(self, sizes: Gpt2Sizes) -> None:
        """Allocate both maps."""
        super().__init__()
        self.c_fc = Conv1D(sizes.hidden_size, sizes.inner_size)
        self.c_proj = Conv1D(sizes.inner_size, sizes.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to the same shape."""
        out: Tensor = self.c_proj(functional.gelu(self.c_fc(x), approximate="tanh"))
        return out


class Block(nn.Module):
    """One layer: attention and feed-forward, each behind a norm and a residual sum."""

    def __init__(self, sizes: Gpt2Sizes) -> None:
        """Allocate both blocks and their norms."""
        super().__init__()
        self.ln_1 = nn.LayerNorm(sizes.hidden_size, sizes.norm_eps)
        self.attn = Attention(sizes)
        self.ln_2 = nn.LayerNorm(sizes.hidden_size, sizes.norm_eps)
        self.mlp = MLP(sizes)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to the same shape."""
        x = x + self.attn(self.ln_1(x))
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class Transformer(nn.Module):
    """Embeddings of tokens and positions, layers and final norm."""

    def __init__(self, sizes: Gpt2Sizes) -> None:
        """Allocate every layer."""
        super().__init__()
        self.wte = nn.Embedding(sizes.vocab_size, sizes.hidden_size)
        self.wpe = nn.Embedding(sizes.positions, sizes.hidden_size)
        self.h = nn.ModuleList(Block(sizes) for _ in range(sizes.layers))
        self.ln_f = nn.LayerNorm(sizes.hidden_size, sizes.norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        """Map token ids ``(batch, time)`` to normalised ``(batch, time, hidden)``."""
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]
        for block in self.h:
            x = block(x)
        out: Tensor = self.ln_f(x)
        return out


class GPT2(nn.Module):
    """A language model whose output projection is its embedding matrix."""

    def __init__(self, sizes: Gpt2Sizes) -> None:
        """Draw the weights from PyTorch's global generator."""
        super().__init__()
        self.transformer = Transformer(sizes)
        self._initialise(sizes)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits ``(batch, time, vocab)`` for token ids ``(batch, time)``."""
        return functional.linear(self.transformer(ids), self.transformer.wte.weight)

    def _initialise(self, sizes: Gpt2Sizes) -> None:
        # Smaller projections into the residual stream keep its variance independent of depth.
        residual_std = 0.04 / (2 * sizes.layers) ** 0.5
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                into_residual = name.endswith("c_proj.weight")
                nn.init.normal_(weight, std=residual_std if into_residual else 0.04)
