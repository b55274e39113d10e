"""Names and shapes of every tensor that a configuration calls for.

The three families name their tensors alike; they differ in biases and in tied embeddings, which
are data of the configuration.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from spikeref.checkpoint.config import DecoderConfig
from spikeref.errors import CheckpointError

LayerRole: TypeAlias = Literal[
    "attention_norm",
    "q",
    "k",
    "v",
    "o",
    "q_bias",
    "k_bias",
    "v_bias",
    "o_bias",
    "mlp_norm",
    "gate",
    "up",
    "down",
    "gate_bias",
    "up_bias",
    "down_bias",
]

PREFIX = "model."
EMBEDDING = "model.embed_tokens.weight"
FINAL_NORM = "model.norm.weight"
LM_HEAD = "lm_head.weight"

_IGNORED = re.compile(r"model\.(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq")
"""Buffers that old releases of transformers saved; they follow from the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """A tensor's name in the checkpoint and its shape: matrices [outputs, inputs], vectors [N]."""

    name: str
    shape: tuple[int, ...]


def layer_tensors(config: DecoderConfig, layer: int) -> Mapping[LayerRole, TensorSpec]:
    """Every tensor of one layer by role; biases only where the configuration has them."""
    hidden, inter = config.hidden, config.intermediate
    query, kv = config.query_width, config.kv_width
    prefix = f"model.layers.{layer}"
    found: dict[LayerRole, TensorSpec] = {}

    def add(role: LayerRole, name: str, *shape: int) -> None:
        found[role] = TensorSpec(name=f"{prefix}.{name}", shape=shape)

    add("attention_norm", "input_layernorm.weight", hidden)
    add("q", "self_attn.q_proj.weight", query, hidden)
    add("k", "self_attn.k_proj.weight", kv, hidden)
    add("v", "self_attn.v_proj.weight", kv, hidden)
    add("o", "self_attn.o_proj.weight", hidden, query)
    if config.qkv_bias:
        add("q_bias", "self_attn.q_proj.bias", query)
        add("k_bias", "self_attn.k_proj.bias", kv)
        add("v_bias", "self_attn.v_proj.bias", kv)
    if config.o_bias:
        add("o_bias", "self_attn.o_proj.bias", hidden)
    add("mlp_norm", "post_attention_layernorm.weight", hidden)
    add("gate", "mlp.gate_proj.weight", inter, hidden)
    add("up", "mlp.up_proj.weight", inter, hidden)
    add("down", "mlp.down_proj.weight", hidden, inter)
    if config.mlp_bias:
        add("gate_bias", "mlp.gate_proj.bias", inter)
        add("up_bias", "mlp.up_proj.bias", inter)
        add("down_bias", "mlp.down_proj.bias", hidden)
    return found


def head_name(config: DecoderConfig) -> str:
    """The tensor that makes the logits: tied embeddings win over a head stored beside them."""
    return EMBEDDING if config.tie_embeddings else LM_HEAD


def is_passed_over(name: str) -> bool:
    """Whether a decoder's tensor is a saved rotary buffer, or a head where embeddings are tied."""
    return name == LM_HEAD or _IGNORED.fullmatch(name) is not None


def check_tensors(
    expected: Mapping[str, tuple[int, ...]],
    shapes: Mapping[str, tuple[int, ...]],
    passed_over: Callable[[str], bool],
    model: str,
    where: str,
) -> None:
    """Prove that the tensors found are those that the configuration calls for.

    model: what the configuration describes, in words. CheckpointError: a tensor is missing, has
    another shape, or belongs to another architecture and is not passed over.
    """
    for name, shape in expected.items():
        if name not in shapes:
            raise CheckpointError(f"{where}: tensor {name!r} is missing{_missing_hint(name)}")
        if shapes[name] != shape:
            raise CheckpointError(
                f"{where}: tensor {name!r} has shape {list(shapes[name])},"
                f" config.json calls for {list(shape)}"
            )
    for name in sorted(shapes):
        if name not in expected and not passed_over(name):
            raise CheckpointError(
                f"{where}: tensor {name!r} has no place in a {model} as config.json describes it"
            )


def _missing_hint(name: str) -> str:
    return ", and tie_word_embeddings is not true" if name == LM_HEAD else ""
