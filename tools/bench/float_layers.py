"""The peer: a float32 PyTorch forward of decoder layers of a given shape."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from spikeref.model.config import ModelShape
from spikeref.model.groups import OPERATORS

ABSENT = "PyTorch is not installed; pip install torch==2.13.0"


def float_layers(shape: ModelShape, tokens: int, threads: int) -> Callable[[], object] | None:
    """Return a call that passes `tokens` positions through all layers; None without PyTorch.

    RMSNorm, rotary embedding, causal scaled_dot_product_attention, SiLU MLP; random weights.
    """
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)
    layers = _Layers(
        torch=torch,
        shape=shape,
        weights=[
            {op: torch.randn(shape.operator_shape(op)[::-1]) * 0.02 for op in OPERATORS}
            for _ in range(shape.layers)
        ],
        gamma=torch.ones(shape.hidden),
        angles=_angles(torch, shape.head_dim, tokens),
        x=torch.randn(1, tokens, shape.hidden),
    )
    return layers.run


def _angles(torch: ModuleType, width: int, tokens: int) -> Any:
    frequencies = 10000.0 ** (-torch.arange(0, width, 2) / width)
    half = torch.outer(torch.arange(tokens), frequencies)
    return torch.cat([half, half], dim=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layers:
    torch: ModuleType
    shape: ModelShape
    weights: list[dict[Any, Any]]
    """One entry a layer: operator -> float32 [M, N]."""
    gamma: Any
    """float32 [N]."""
    angles: Any
    """float32 [T, d]."""
    x: Any
    """float32 [1, T, N]."""

    def run(self) -> Any:
        """Return the residual stream after all layers, float32 [1, T, N]."""
        functional = self.torch.nn.functional
        with self.torch.inference_mode():
            cos, sin = self.angles.cos(), self.angles.sin()
            x = self.x
            for w in self.weights:
                normed = functional.rms_norm(x, self.gamma.shape, self.gamma, 1e-5)
                x = x + functional.linear(self._attention(normed, w, cos, sin), w["o"])
                normed = functional.rms_norm(x, self.gamma.shape, self.gamma, 1e-5)
                gated = functional.silu(functional.linear(normed, w["gate"]))
                x = x + functional.linear(gated * functional.linear(normed, w["up"]), w["down"])
            return x

    def _attention(self, x: Any, w: dict[Any, Any], cos: Any, sin: Any) -> Any:
        shape, functional = self.shape, self.torch.nn.functional
        q = self._split(functional.linear(x, w["q"]), shape.heads)
        k = self._split(functional.linear(x, w["k"]), shape.kv_heads)
        v = self._split(functional.linear(x, w["v"]), shape.kv_heads)
        mixed = functional.scaled_dot_product_attention(
            self._rotate(q, cos, sin),
            self._rotate(k, cos, sin),
            v,
            is_causal=True,
            enable_gqa=shape.heads != shape.kv_heads,
        )
        return mixed.transpose(1, 2).reshape(1, -1, shape.query_width)

    def _split(self, x: Any, heads: int) -> Any:
        """Return float32 [1, H, T, d] of [1, T, H·d]."""
        return x.view(1, -1, heads, self.shape.head_dim).transpose(1, 2)

    def _rotate(self, x: Any, cos: Any, sin: Any) -> Any:
        first, second = x.chunk(2, dim=-1)
        return x * cos + self.torch.cat([-second, first], dim=-1) * sin
