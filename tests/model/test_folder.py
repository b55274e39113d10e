"""A model's folder loads as written; damage is refused (MODEL-1, MODEL-5, MODEL-7)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeref.errors import ModelError
from spikeref.model.folder import load_model
from spikeref.model.groups import OPERATORS
from spikeref.model.layers import IntegerModel
from spikeref.neurons.clipping import ClipMode, MembraneClip
from tests.model.rewriting import (
    Tensors,
    copied,
    flip_bit,
    rewrite_config,
    rewritten,
    tensors_of,
)
from tools.synthetic_checkpoint import write_checkpoint

LAYER_SHARD = "model-00002-of-00003.safetensors"


def refusal(folder: Path) -> str:
    """Return the one line with which the folder is refused."""
    with pytest.raises(ModelError) as refused:
        load_model(folder)
    message = str(refused.value)
    assert message
    assert "\n" not in message
    return message


class TestRoundTrip:
    def test_twice_the_same(self, tiny_model: IntegerModel) -> None:
        again = load_model(str(tiny_model.folder))
        assert again.digest == tiny_model.digest
        assert again.config == tiny_model.config
        assert len(again.layers) == again.config.shape.layers == 2

    def test_a_rewritten_folder_has_the_same_digest(
        self, tiny_model: IntegerModel, tmp_path: Path
    ) -> None:
        folder = rewritten(tiny_model, tmp_path / "model", tensors_of(tiny_model))
        assert load_model(folder).digest == tiny_model.digest

    def test_any_changed_weight_changes_the_digest(
        self, tiny_model: IntegerModel, tmp_path: Path
    ) -> None:
        tensors = tensors_of(tiny_model)
        tensors["embedding.mantissas"][3, 5] ^= 1
        folder = rewritten(tiny_model, tmp_path / "model", tensors)
        assert load_model(folder).digest != tiny_model.digest

    def test_derived_tensors_follow_from_the_weights(self, binary_model: IntegerModel) -> None:
        for operator in OPERATORS:
            synapses = binary_model.layers[0].synapses(operator)
            columns = synapses.weights.T.tolist()
            assert synapses.weight_sums is not None
            assert synapses.weight_sums.tolist() == [sum(c) for c in columns]
            assert synapses.accumulator_bound == 15 * max(sum(map(abs, c)) for c in columns)
            assert synapses.zero_weights.tolist() == [
                row.count(0) for row in synapses.weights.tolist()
            ]

    def test_thresholds_become_clips(self, tiny_model: IntegerModel, tmp_path: Path) -> None:
        tensors = tensors_of(tiny_model)
        tensors["layers.1.clip.gate_up"] = np.array([(1 << 47) - 1], dtype=np.int64)
        config = replace(tiny_model.config, clip_mode=ClipMode.GATE)
        model = load_model(rewritten(tiny_model, tmp_path / "model", tensors, config))
        assert model.layers[0].clips == {}
        clip = MembraneClip(threshold=(1 << 47) - 1, mode=ClipMode.GATE)
        assert model.layers[1].clips == {"gate_up": clip}

    def test_mapped_tensors_are_read_only(self, tiny_model: IntegerModel) -> None:
        with pytest.raises(ValueError, match="read-only"):
            tiny_model.layers[0].q.weights[0, 0] = 1


class TestDamage:
    @pytest.mark.parametrize("shard", ["model-00001-of-00003.safetensors", LAYER_SHARD])
    def test_a_flipped_bit_anywhere_in_a_shard(
        self, tiny_model: IntegerModel, tmp_path: Path, shard: str
    ) -> None:
        path = copied(tiny_model, tmp_path / "model") / shard
        size = path.stat().st_size
        for position in [*range(0, 200, 13), *range(200, size, size // 12), size - 1]:
            flip_bit(path, position)
            assert str(path.parent) in refusal(path.parent), position
            flip_bit(path, position)
        assert load_model(path.parent).digest == tiny_model.digest

    def test_the_damaged_tensor_is_named(self, tiny_model: IntegerModel, tmp_path: Path) -> None:
        path = copied(tiny_model, tmp_path / "model") / LAYER_SHARD
        flip_bit(path, path.stat().st_size - 1)
        message = refusal(path.parent)
        assert "is damaged" in message
        assert LAYER_SHARD in message
        assert "'layers.0." in message

    def test_a_flipped_bit_anywhere_in_the_configuration(
        self, tiny_model: IntegerModel, tmp_path: Path
    ) -> None:
        path = copied(tiny_model, tmp_path / "model") / "config.json"
        for position in range(0, path.stat().st_size, 41):
            for bit in (0, 7):
                flip_bit(path, position, bit)
                assert str(path.parent) in refusal(path.parent), position
                flip_bit(path, position, bit)

    @pytest.mark.parametrize("kept", [0, 5, 300, 4000, -1])
    def test_a_truncated_shard(self, tiny_model: IntegerModel, tmp_path: Path, kept: int) -> None:
        path = copied(tiny_model, tmp_path / "model") / LAYER_SHARD
        data = path.read_bytes()
        path.write_bytes(data[:kept])
        assert LAYER_SHARD in refusal(path.parent)

    @pytest.mark.parametrize("name", [LAYER_SHARD, "config.json", "model.safetensors.index.json"])
    def test_a_missing_file(self, tiny_model: IntegerModel, tmp_path: Path, name: str) -> None:
        folder = copied(tiny_model, tmp_path / "model")
        (folder / name).unlink()
        assert str(folder) in refusal(folder)

    def test_a_changed_model_digest(self, tiny_model: IntegerModel, tmp_path: Path) -> None:
        path = copied(tiny_model, tmp_path / "model") / "config.json"
        other = "0" * 64
        path.write_text(path.read_text("utf-8").replace(tiny_model.digest, other), "utf-8")
        assert "model_digest does not match" in refusal(path.parent)

    def test_a_changed_tensor_digest(self, tiny_model: IntegerModel, tmp_path: Path) -> None:
        folder = copied(tiny_model, tmp_path / "model")
        rewrite_config(folder, lambda m: m["tensors"]["rope.cos"].update(sha256="0" * 64))
        message = refusal(folder)
        assert "'rope.cos' is damaged" in message

    def test_a_damaged_tokenizer(self, tiny_model: IntegerModel, tmp_path: Path) -> None:
        folder = copied(tiny_model, tmp_path / "model")
        flip_bit(folder / "tokenizer.json", 100)
        assert "tokenizer.json: not the one" in refusal(folder)
        (folder / "tokenizer.json").unlink()
        assert "tokenizer.json: missing" in refusal(folder)

    def test_a_tokenizer_that_the_model_does_not_state(
        self, tiny_model: IntegerModel, tmp_path: Path
    ) -> None:
        folder = copied(tiny_model, tmp_path / "model")
        rewrite_config(folder, lambda m: m.update(tokenizer_digest=None))
        assert "tokenizer.json" in refusal(folder)

    def test_a_checkpoint_is_no_model(self, tmp_path: Path) -> None:
        folder = write_checkpoint("tiny-llama", tmp_path / "checkpoint")
        assert "not a compiled model; run spikeref compile" in refusal(folder)

    def test_no_folder(self, tmp_path: Path) -> None:
        assert "no such folder" in refusal(tmp_path / "nothing")
        file = tmp_path / "file"
        file.write_text("{}")
        assert "is not a folder" in refusal(file)

    @pytest.mark.parametrize("text", ["", "[]", "{}", "{", "null", '{"tensors": []}', '{"a": 1.5}'])
    def test_foreign_json(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "config.json").write_text(text)
        assert "config.json" in refusal(tmp_path)

    @pytest.mark.parametrize(
        "change",
        [
            lambda m: m.pop("tensors"),
            lambda m: m.update(tensors={}),
            lambda m: m["tensors"].pop("rope.sin"),
            lambda m: m["tensors"].update({"rope.sin": None}),
            lambda m: m["tensors"].update({"extra": m["tensors"]["rope.sin"]}),
        ],
    )
    def test_tensors_that_the_configuration_states_otherwise(
        self, tiny_model: IntegerModel, tmp_path: Path, change: Callable[[dict[str, Any]], object]
    ) -> None:
        folder = copied(tiny_model, tmp_path / "model")
        rewrite_config(folder, change)
        assert str(folder) in refusal(folder)


class TestTensorSet:
    """Folders with consistent digests whose tensors are not those of MODEL-2."""

    @pytest.mark.parametrize(
        "name",
        [
            "tables.exp2",
            "rope.sin",
            "head.exponents",
            "final_norm.gamma",
            "layers.1.mlp_norm.gamma_exponent",
            "layers.0.down.weights",
            "layers.1.q.zero_weights",
            "layers.1.o.accumulator_bound",
        ],
    )
    def test_missing(self, tiny_model: IntegerModel, tmp_path: Path, name: str) -> None:
        tensors = tensors_of(tiny_model)
        del tensors[name]
        message = refusal(rewritten(tiny_model, tmp_path / "model", tensors))
        assert f"tensor {name!r} is missing" in message

    def test_missing_weight_sums(self, binary_model: IntegerModel, tmp_path: Path) -> None:
        tensors = tensors_of(binary_model)
        del tensors["layers.0.gate.weight_sums"]
        message = refusal(rewritten(binary_model, tmp_path / "model", tensors))
        assert "'layers.0.gate.weight_sums' is missing" in message

    @pytest.mark.parametrize(
        "name", ["extra", "layers.0.q.weight_sums", "layers.1.clip.q", "layers.1.q.extra"]
    )
    def test_extra(self, tiny_model: IntegerModel, tmp_path: Path, name: str) -> None:
        tensors = tensors_of(tiny_model) | {name: np.zeros(64, dtype=np.int32)}
        message = refusal(rewritten(tiny_model, tmp_path / "model", tensors))
        assert f"tensor {name!r} has no place" in message

    @pytest.mark.parametrize("name", ["embedding.mantissas", "layers.0.q.weights", "rope.cos"])
    def test_other_type(self, tiny_model: IntegerModel, tmp_path: Path, name: str) -> None:
        tensors = tensors_of(tiny_model)
        tensors[name] = tensors[name].astype(np.int32)
        message = refusal(rewritten(tiny_model, tmp_path / "model", tensors))
        assert f"{name!r} is I32" in message

    @pytest.mark.parametrize("name", ["embedding.mantissas", "layers.0.gate.weights", "rope.cos"])
    def test_other_shape(self, tiny_model: IntegerModel, tmp_path: Path, name: str) -> None:
        tensors = tensors_of(tiny_model)
        tensors[name] = tensors[name].T.copy()
        message = refusal(rewritten(tiny_model, tmp_path / "model", tensors))
        assert f"{name!r} is" in message
        assert "is needed" in message


def put(name: str, value: int, index: tuple[int, ...] = (0,)) -> Callable[[Tensors], None]:
    """Return a change that sets one element."""

    def change(tensors: Tensors) -> None:
        tensors[name][index] = value

    return change


def add(name: str, value: int) -> Callable[[Tensors], None]:
    """Return a change that adds to the first element."""

    def change(tensors: Tensors) -> None:
        tensors[name].reshape(-1)[0] += value

    return change


RANGES: dict[str, tuple[Callable[[Tensors], None], str]] = {
    "weight": (put("layers.0.q.weights", -8, (0, 0)), "layers.0.q.weights: a weight leaves ±7"),
    "positive weight": (put("layers.1.down.weights", 8, (0, 0)), "a weight leaves ±7"),
    "bound": (add("layers.0.k.accumulator_bound", 1), "layers.0.k.accumulator_bound"),
    "smaller bound": (add("layers.1.up.accumulator_bound", -7), "layers.1.up.accumulator_bound"),
    "zeros": (add("layers.0.v.zero_weights", 1), "layers.0.v.zero_weights: does not follow"),
    "channel": (put("layers.1.o.channel_mantissas", 32767), "o.channel_mantissas: must be at"),
    "channel exponent": (put("layers.1.o.channel_exponents", 513), "channel_exponents: one leaves"),
    "low exponent": (put("layers.1.o.channel_exponents", -513), "channel_exponents: one leaves"),
    "cos": (put("rope.cos", 16385, (0, 0)), "beyond 1"),
    "sin": (put("rope.sin", -16385, (7, 1)), "beyond 1"),
    "least sin": (put("rope.sin", -32768, (7, 1)), "beyond 1"),
    "exp2 first": (add("tables.exp2", 1), "tables.exp2: c_0 must be 2^30"),
    "exp2 negative": (put("tables.exp2", -1, (6,)), "tables.exp2"),
    "exp2 sum": (put("tables.exp2", 1 << 30, (5,)), "tables.exp2"),
    "embedding": (put("embedding.mantissas", -32768, (9, 9)), "embedding: a mantissa"),
    "embedding exponent": (put("embedding.exponents", 513, (9,)), "embedding: a mantissa"),
    "head": (put("head.mantissas", -32768, (9, 9)), "head: a mantissa"),
    "head exponent": (put("head.exponents", -513, (9,)), "head: a mantissa"),
    "γ": (put("layers.1.mlp_norm.gamma", -32768), "layers.1.mlp_norm: a mantissa"),
    "final γ": (put("final_norm.gamma", -32768), "final_norm: a mantissa"),
    "γ exponent": (put("layers.0.attention_norm.gamma_exponent", 513), "attention_norm"),
}


class TestRanges:
    """Folders with consistent digests whose values leave MODEL-3."""

    @pytest.mark.parametrize("case", RANGES)
    def test_refused(self, tiny_model: IntegerModel, tmp_path: Path, case: str) -> None:
        change, expected = RANGES[case]
        tensors = tensors_of(tiny_model)
        change(tensors)
        assert expected in refusal(rewritten(tiny_model, tmp_path / "model", tensors))

    def test_extremes_are_accepted(self, tiny_model: IntegerModel, tmp_path: Path) -> None:
        tensors = tensors_of(tiny_model)
        put("embedding.mantissas", -32767, (9, 9))(tensors)
        put("embedding.exponents", -512, (9,))(tensors)
        put("rope.cos", -16384, (7, 1))(tensors)
        put("layers.1.o.channel_mantissas", 65535)(tensors)
        put("layers.1.o.channel_exponents", 512)(tensors)
        model = load_model(rewritten(tiny_model, tmp_path / "model", tensors))
        assert int(model.embedding.mantissas[9, 9]) == -32767
        assert int(model.tables.cos[7, 1]) == -16384

    @pytest.mark.parametrize("value", [1, -1])
    def test_weight_sums(self, binary_model: IntegerModel, tmp_path: Path, value: int) -> None:
        tensors = tensors_of(binary_model)
        add("layers.0.q.weight_sums", value)(tensors)
        message = refusal(rewritten(binary_model, tmp_path / "model", tensors))
        assert "layers.0.q.weight_sums: does not follow" in message

    @pytest.mark.parametrize("value", [1 << 39, -(1 << 39) - 1])
    def test_bias(self, binary_model: IntegerModel, tmp_path: Path, value: int) -> None:
        tensors = tensors_of(binary_model)
        put("layers.0.k.bias", value)(tensors)
        message = refusal(rewritten(binary_model, tmp_path / "model", tensors))
        assert "layers.0.k.bias: one leaves 40 bits" in message

    @pytest.mark.parametrize("value", [1 << 47, -(1 << 47) - 1])
    def test_threshold(self, tiny_model: IntegerModel, tmp_path: Path, value: int) -> None:
        tensors = tensors_of(tiny_model)
        tensors["layers.0.clip.o"] = np.array([value], dtype=np.int64)
        config = replace(tiny_model.config, clip_mode=ClipMode.SHIFT)
        message = refusal(rewritten(tiny_model, tmp_path / "model", tensors, config))
        assert f"threshold {value} leaves 48 bits" in message

    def test_thresholds_without_a_mode(self, tiny_model: IntegerModel, tmp_path: Path) -> None:
        tensors = tensors_of(tiny_model)
        tensors["layers.0.clip.o"] = np.array([1], dtype=np.int64)
        message = refusal(rewritten(tiny_model, tmp_path / "model", tensors))
        assert "clip_mode and clip thresholds contradict" in message

    def test_a_mode_without_thresholds(self, tiny_model: IntegerModel, tmp_path: Path) -> None:
        config = replace(tiny_model.config, clip_mode=ClipMode.SHIFT)
        folder = rewritten(tiny_model, tmp_path / "model", tensors_of(tiny_model), config)
        assert "clip_mode and clip thresholds contradict" in refusal(folder)

    def test_thresholds_of_binary_counts(self, binary_model: IntegerModel, tmp_path: Path) -> None:
        tensors = tensors_of(binary_model)
        tensors["layers.0.clip.o"] = np.array([1], dtype=np.int64)
        config = replace(binary_model.config, clip_mode=ClipMode.SHIFT)
        message = refusal(rewritten(binary_model, tmp_path / "model", tensors, config))
        assert "need ternary counts" in message
