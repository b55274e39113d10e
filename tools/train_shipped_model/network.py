"""The LLaMA architecture in PyTorch, with parameter names as Hugging Face writes them."""

# Where PyTorch is not installed its classes have type Any.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """Sizes of the network; lengths are in elements, ``positions`` in tokens."""

    vocab_size: int = 512
    hidden_size: int = 128
    intermediate_size: int = 344
    layers: int = 5
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    positions: int = 256
    rms_norm_eps: float = 1e-5
    rope_theta: float = 10000.0


def rope_tables(shape: Shape) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary angles, each ``(positions, head_dim)``.

    The second half of the last axis repeats the first, as the rotate-half convention needs.
    """
    exponents = torch.arange(0, shape.head_dim, 2, dtype=torch.float64) / shape.head_dim
    angles = torch.outer(
        torch.arange(shape.positions, dtype=torch.float64), shape.rope_theta**-exponents
    )
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Apply the rotary embedding to ``(batch, heads, time, head_dim)``."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


class RMSNorm(nn.Module):
    """Root-mean-square normalisation with a learned gain, over the last axis."""

    def __init__(self, size: int, eps: float) -> None:
        """Start with a gain of one."""
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``(..., size)``."""
        return functional.rms_norm(x, self.weight.shape, self.weight, self.eps)


class Attention(nn.Module):
    """Causal self-attention with grouped key/value heads and rotary positions."""

    def __init__(self, shape: Shape) -> None:
        """Allocate the four projections."""
        super().__init__()
        self.head_dim = shape.head_dim
        self.groups = shape.heads // shape.kv_heads
        query, key = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        self.q_proj = nn.Linear(shape.hidden_size, query, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, key, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, key, bias=False)
        self.o_proj = nn.Linear(query, shape.hidden_size, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to the same shape; the tables are ``(time, head_dim)``."""
        queries = rotate(self._heads(self.q_proj(x)), cos, sin)
        keys = rotate(self._heads(self.k_proj(x)), cos, sin).repeat_interleave(self.groups, dim=1)
        values = self._heads(self.v_proj(x)).repeat_interleave(self.groups, dim=1)
        mixed = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        joined: Tensor = self.o_proj(mixed.transpose(1, 2).flatten(2))
        return joined

    def _heads(self, x: Tensor) -> Tensor:
        batch, time, _ = x.shape
        return x.view(batch, time, -1, self.head_dim).transpose(1, 2)


class MLP(nn.Module):
    """The SiLU-gated feed-forward block."""

    def __init__(self, shape: Shape) -> None:
        """Allocate the three projections."""
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to the same shape."""
        out: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Layer(nn.Module):
    """One decoder layer: attention and MLP, each behind a norm and a residual sum."""

    def __init__(self, shape: Shape) -> None:
        """Allocate both blocks and their norms."""
        super().__init__()
        self.self_attn = Attention(shape)
        self.mlp = MLP(shape)
        self.input_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Map ``(batch, time, hidden)`` to the same shape; the tables are ``(time, head_dim)``."""
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


class Backbone(nn.Module):
    """Embedding, layers and final norm."""

    def __init__(self, shape: Shape) -> None:
        """Allocate every layer."""
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)

    def forward(self, ids: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Map token ids ``(batch, time)`` to normalised ``(batch, time, hidden)``."""
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, cos, sin)
        out: Tensor = self.norm(x)
        return out


class CausalLM(nn.Module):
    """A language model whose output projection is its embedding matrix."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape) -> None:
        """Draw the weights from PyTorch's global generator."""
        super().__init__()
        self.model = Backbone(shape)
        cos, sin = rope_tables(shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self._initialise(shape)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits ``(batch, time, vocab)`` for token ids ``(batch, time)``."""
        time = ids.shape[1]
        hidden = self.model(ids, self.cos[:time], self.sin[:time])
        return functional.linear(hidden, self.model.embed_tokens.weight)

    def _initialise(self, shape: Shape) -> None:
        # Smaller projections into the residual stream keep its variance independent of depth.
        residual_std = 0.04 / (2 * shape.layers) ** 0.5
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                into_residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(weight, std=residual_std if into_residual else 0.04)
