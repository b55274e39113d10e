"""Language towers of vision-language models: config.json, tensor names, what is passed over."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from spikeref.checkpoint.config import DecoderConfig, parse_config
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.las_plan import las_structure
from spikeref.errors import CheckpointError
from spikeref.model.las_config import Position
from tools.synthetic_checkpoint import PRESETS, write_checkpoint

TEXT = {
    key: value
    for key, value in PRESETS["tiny-llama"].items()
    if key not in ("architectures", "rope_theta")
}
QWEN = {**TEXT, "num_key_value_heads": 2, "num_attention_heads": 4}
SECTIONS = {"type": "mrope", "mrope_section": [2, 3, 3]}
LLAVA = {
    "architectures": ["LlavaForConditionalGeneration"],
    "model_type": "llava",
    "text_config": {**TEXT, "model_type": "llama"},
    "vision_config": {"hidden_size": 32},
}
QWEN2_VL = {
    **QWEN,
    "architectures": ["Qwen2VLForConditionalGeneration"],
    "model_type": "qwen2_vl",
    "rope_theta": 1000000.0,
    "rope_scaling": SECTIONS,
    "vision_config": {"depth": 1},
}


def parse(config: dict[str, Any]) -> DecoderConfig:
    found = parse_config(json.dumps(config).encode())
    assert isinstance(found, DecoderConfig)
    return found


def test_llava_is_the_llama_that_its_text_config_describes() -> None:
    found = parse(LLAVA)
    plain = parse({**PRESETS["tiny-llama"]})
    assert found.tower is not None
    assert (found.tower.family, found.tower.multi_rotary) == ("llava", ())
    assert (found.hidden, found.heads, found.vocab) == (plain.hidden, plain.heads, plain.vocab)


def test_llava_leaves_out_what_a_llama_has_by_default() -> None:
    """The text_config of the 7B checkpoint states four numbers; LlamaConfig has the others."""
    few = {"model_type": "llama", "vocab_size": 32064, "max_position_embeddings": 4096}
    found = parse({**LLAVA, "text_config": few})
    assert (found.hidden, found.intermediate, found.layers) == (4096, 11008, 32)
    assert (found.heads, found.kv_heads, found.vocab) == (32, 32, 32064)


def test_qwen2_vl_states_its_tower_flat_or_apart() -> None:
    flat = parse(QWEN2_VL)
    apart = parse(
        {
            "architectures": ["Qwen2VLForConditionalGeneration"],
            "model_type": "qwen2_vl",
            "tie_word_embeddings": False,
            "text_config": {
                **QWEN,
                "model_type": "qwen2_vl_text",
                "rope_parameters": {
                    "mrope_section": [2, 3, 3],
                    "rope_theta": 1000000.0,
                    "rope_type": "default",
                },
            },
        }
    )
    assert flat == apart
    assert flat.tower is not None
    assert flat.tower.multi_rotary == (2, 3, 3)
    assert flat.qkv_bias


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({**LLAVA, "text_config": None}, "text_config is missing"),
        ({**LLAVA, "text_config": {**TEXT, "model_type": "bert"}}, "of family bert"),
        ({**LLAVA, "text_config": {**TEXT, "model_type": "phi"}}, "unknown model_type 'phi'"),
        ({**LLAVA, "quantization_config": {"bits": 4}}, "quantised"),
        ({**QWEN2_VL, "rope_scaling": None}, "no mrope_section"),
        ({**QWEN2_VL, "rope_scaling": {**SECTIONS, "mrope_section": [2, 3]}}, "list of three"),
        ({**QWEN2_VL, "rope_scaling": {**SECTIONS, "mrope_section": [2, 3, 4]}}, "sums to 9"),
    ],
)
def test_bad_towers_are_refused(config: dict[str, Any], what: str) -> None:
    with pytest.raises(CheckpointError, match=what) as caught:
        parse(config)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["model.language_model.", "language_model.model."])
def test_a_tower_is_found_behind_its_prefix(tmp_path: Path, prefix: str) -> None:
    plain = write_checkpoint("tiny-llama", tmp_path / "plain", dtype="fp32")
    tensors = load_file(plain / "model.safetensors")
    head = "language_model.lm_head.weight" if prefix.startswith("lang") else "lm_head.weight"
    renamed = {
        head if name == "lm_head.weight" else prefix + name.removeprefix("model."): array
        for name, array in tensors.items()
    }
    renamed["vision_tower.patch.weight"] = np.zeros((2, 2), dtype=np.float32)
    renamed["multi_modal_projector.linear_1.weight"] = np.zeros((2, 2), dtype=np.float32)
    folder = tmp_path / "tower"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(LLAVA))
    save_file(renamed, folder / "model.safetensors")
    with Checkpoint.open(folder) as tower, Checkpoint.open(plain) as alone:
        for index in range(2):
            mine, usual = tower.layout.layer(index), alone.layout.layer(index)
            for operator, parts in mine.operators.items():
                weight = usual.operators[operator].weight
                assert np.array_equal(
                    tower.outputs(parts.weight, 0, parts.weight.outputs),
                    alone.outputs(weight, 0, weight.outputs),
                )
        found = tower.layout.outer().head
        assert found is not None
        assert found.name == head
        with pytest.raises(CheckpointError, match="las profiles only"):
            _ = tower.config


def test_a_tensor_of_neither_tower_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint("tiny-llama", tmp_path / "tower", dtype="fp32")
    tensors = load_file(folder / "model.safetensors")
    tensors["audio_tower.weight"] = np.zeros((2, 2), dtype=np.float32)
    (folder / "config.json").write_text(json.dumps(LLAVA))
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"'audio_tower.weight' has no place"):
        Checkpoint.open(folder)


def test_qwen2_vl_turns_by_three_numbers(tmp_path: Path) -> None:
    folder = write_checkpoint({**QWEN2_VL}, tmp_path / "tower")
    with Checkpoint.open(folder) as checkpoint:
        structure = las_structure(checkpoint.layout)
    assert structure.position is Position.MULTI_ROTARY
    assert structure.multi_rotary == (2, 3, 3)
