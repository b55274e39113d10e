import json
import math
from typing import Any

import pytest

from spikeref.checkpoint.config import DecoderConfig, parse_config
from spikeref.checkpoint.families import (
    EMBEDDING,
    LM_HEAD,
    check_tensors,
    head_name,
    layer_tensors,
)
from spikeref.checkpoint.layout import DecoderTensors, all_shapes
from spikeref.errors import CheckpointError
from tools.synthetic_checkpoint import PRESETS


def config_of(name: str, **keys: Any) -> DecoderConfig:
    config = parse_config(json.dumps({**PRESETS[name], **keys}).encode())
    assert isinstance(config, DecoderConfig)
    return config


def shapes_of(config: DecoderConfig) -> dict[str, tuple[int, ...]]:
    return dict(all_shapes(DecoderTensors.found(config, ())))


def check(config: DecoderConfig, shapes: dict[str, tuple[int, ...]]) -> None:
    model = f"{config.family} of {config.layers} layers"
    check_tensors(
        shapes_of(config), shapes, DecoderTensors.found(config, ()).passed_over, model, "here"
    )


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("llama-2-7b", 6_738_415_616),
        ("llama-3.2-1b", 1_235_814_400),
        ("llama-3-8b", 8_030_261_248),
        ("mistral-7b", 7_241_732_096),
        ("qwen2.5-0.5b", 494_032_768),
        ("qwen2.5-1.5b", 1_543_714_304),
    ],
)
def test_published_models_have_their_published_parameters(name: str, parameters: int) -> None:
    assert sum(math.prod(shape) for shape in shapes_of(config_of(name)).values()) == parameters


def test_roles_of_a_layer() -> None:
    plain = layer_tensors(config_of("tiny-gqa-12"), 1)
    assert plain["q"].shape == (96, 96)
    assert plain["k"].shape == plain["v"].shape == (32, 96)
    assert plain["down"].shape == (96, 172)
    assert plain["down"].name == "model.layers.1.mlp.down_proj.weight"
    assert not any(role.endswith("bias") for role in plain)


def test_biases_follow_the_configuration() -> None:
    qwen = layer_tensors(config_of("tiny-qwen2"), 0)
    assert [role for role in qwen if role.endswith("bias")] == ["q_bias", "k_bias", "v_bias"]
    assert qwen["k_bias"].shape == (8,)
    llama = layer_tensors(config_of("tiny-llama", attention_bias=True, mlp_bias=True), 0)
    assert llama["o_bias"].shape == llama["down_bias"].shape == (64,)
    assert llama["gate_bias"].shape == llama["up_bias"].shape == (172,)


def test_a_head_width_of_its_own_shapes_the_projections() -> None:
    mistral = layer_tensors(config_of("tiny-mistral"), 0)
    assert (mistral["q"].shape, mistral["o"].shape) == ((64, 48), (48, 64))


def test_tied_embeddings_make_the_logits() -> None:
    assert head_name(config_of("tiny-qwen2")) == EMBEDDING
    assert head_name(config_of("tiny-llama")) == LM_HEAD


def test_saved_buffers_and_a_tied_head_are_passed_over() -> None:
    config = config_of("tiny-qwen2")
    shapes = shapes_of(config)
    assert LM_HEAD not in shapes
    shapes[LM_HEAD] = (288, 56)
    shapes["model.layers.0.self_attn.rotary_emb.inv_freq"] = (4,)
    shapes["model.rotary_emb.inv_freq"] = (4,)
    check(config, shapes)


@pytest.mark.parametrize("name", ["tiny-llama", "tiny-qwen2"])
def test_each_missing_tensor_is_named(name: str) -> None:
    config = config_of(name)
    for missing in shapes_of(config):
        shapes = shapes_of(config)
        del shapes[missing]
        with pytest.raises(CheckpointError, match=f"here: tensor '{missing}' is missing"):
            check(config, shapes)


def test_a_missing_head_is_explained() -> None:
    config = config_of("tiny-llama")
    shapes = shapes_of(config)
    del shapes[LM_HEAD]
    with pytest.raises(CheckpointError, match="tie_word_embeddings is not true"):
        check(config, shapes)


def test_a_wrong_shape_is_named() -> None:
    config = config_of("tiny-llama")
    shapes = {**shapes_of(config), "model.norm.weight": (65,)}
    with pytest.raises(CheckpointError, match=r"'model.norm.weight' has shape \[65\].*\[64\]"):
        check(config, shapes)


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.0.self_attn.q_norm.weight",
        "model.layers.0.self_attn.q_proj.bias",
        "model.layers.2.input_layernorm.weight",
        "lm_head.bias",
    ],
)
def test_a_tensor_of_another_architecture_is_named(name: str) -> None:
    config = config_of("tiny-llama")
    with pytest.raises(CheckpointError, match=f"'{name}' has no place in a llama of 2 layers"):
        check(config, {**shapes_of(config), name: (64,)})
