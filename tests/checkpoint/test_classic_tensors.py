"""Tensors of BERT, GPT-2 and OPT: names, layouts, parts, and what is missing or odd (LMOD-5)."""

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from spikeref.checkpoint.config import parse_config
from spikeref.checkpoint.layout import all_shapes, layout_of
from spikeref.checkpoint.reader import Checkpoint
from spikeref.errors import CheckpointError
from tests.checkpoint.conftest import Tensors, edit_tensors
from tests.las_models import CHECKPOINTS
from tools.synthetic_checkpoint import write_checkpoint

CLASSIC = ("bert", "gpt2", "opt")
PREFIXED = [
    ("bert", "bert."),
    ("gpt2", "transformer."),
    ("opt", "decoder."),
    ("opt", "model.decoder."),
]
OUTER = ("classifier.",)
PUBLISHED: dict[str, tuple[dict[str, Any], int]] = {
    "bert-base-uncased": (
        {"model_type": "bert", "hidden_size": 768, "intermediate_size": 3072,
         "num_hidden_layers": 12, "num_attention_heads": 12, "vocab_size": 30522,
         "max_position_embeddings": 512},
        109_482_240,
    ),
    "gpt2": (
        {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257,
         "n_positions": 1024},
        124_439_808,
    ),
    "opt-125m": (
        {"model_type": "opt", "hidden_size": 768, "ffn_dim": 3072, "num_hidden_layers": 12,
         "num_attention_heads": 12, "vocab_size": 50272, "max_position_embeddings": 2048},
        125_239_296,
    ),
}  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a tiny fp32 checkpoint of a family, its names bare."""

    def write(family: str) -> Path:
        folder = write_checkpoint(CHECKPOINTS[family], tmp_path / family, dtype="fp32")
        edit_tensors(folder, bare)
        return folder

    def bare(tensors: Tensors) -> None:
        for name in list(tensors):
            tensors[name.removeprefix("model.decoder.")] = tensors.pop(name)

    return write


def prefixed(folder: Path, prefix: str) -> None:
    """Give every tensor of the body a prefix."""

    def change(tensors: Tensors) -> None:
        for name in list(tensors):
            if not name.startswith(OUTER):
                tensors[prefix + name] = tensors.pop(name)

    edit_tensors(folder, change)


def refusal(folder: Path) -> str:
    with pytest.raises(CheckpointError) as refused, Checkpoint.open(folder):
        pass
    message = str(refused.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_published_models_have_their_published_parameters(name: str) -> None:
    stated, parameters = PUBLISHED[name]
    config = parse_config(json.dumps(stated).encode())
    layout = layout_of(config, ["pooler.dense.weight"])
    assert sum(math.prod(s) for s in dict(all_shapes(layout)).values()) == parameters


@pytest.mark.parametrize(("family", "prefix"), PREFIXED)
def test_prefixes(family: str, prefix: str, written: Callable[[str], Path]) -> None:
    """A base model's names and those below a head mean the same."""
    folder = written(family)
    with Checkpoint.open(folder) as plain:
        first = plain.layout.layer(1).operators["o"].weight
        expected = plain.outputs(first, 0, 3)
    prefixed(folder, prefix)
    with Checkpoint.open(folder) as named:
        second = named.layout.layer(1).operators["o"].weight
        assert second.name == prefix + first.name
        np.testing.assert_array_equal(named.outputs(second, 0, 3), expected)


def test_conv1d_is_stored_inputs_first_and_qkv_are_one(written: Callable[[str], Path]) -> None:
    folder = written("gpt2")
    stored = load_file(folder / "model.safetensors")
    with Checkpoint.open(folder) as checkpoint:
        operators = checkpoint.layout.layer(1).operators
        joint, joint_bias = stored["h.1.attn.c_attn.weight"], stored["h.1.attn.c_attn.bias"]
        assert joint.shape == (24, 72)
        for place, op in enumerate(("q", "k", "v")):
            part = operators[op]  # type: ignore[index]
            cut = slice(24 * place, 24 * (place + 1))
            np.testing.assert_array_equal(checkpoint.outputs(part.weight, 0, 24), joint[:, cut].T)
            np.testing.assert_array_equal(
                checkpoint.outputs(part.weight, 5, 9), joint[:, cut].T[5:9]
            )
            assert part.bias is not None
            np.testing.assert_array_equal(checkpoint.entries(part.bias), joint_bias[cut])
        up = operators["up"].weight
        assert (up.outputs, up.inputs) == (96, 24)
        np.testing.assert_array_equal(
            checkpoint.outputs(up, 0, 96), stored["h.1.mlp.c_fc.weight"].T
        )


@pytest.mark.parametrize("family", ["bert", "opt"])
def test_linear_layers_are_stored_outputs_first(
    family: str, written: Callable[[str], Path]
) -> None:
    folder = written(family)
    stored = load_file(folder / "model.safetensors")
    with Checkpoint.open(folder) as checkpoint:
        for part in checkpoint.layout.layer(0).operators.values():
            weight = stored[part.weight.name]
            assert weight.shape == (part.weight.outputs, part.weight.inputs)
            np.testing.assert_array_equal(checkpoint.outputs(part.weight, 2, 7), weight[2:7])


def test_bert_with_and_without_pooler_and_classifier(written: Callable[[str], Path]) -> None:
    folder = written("bert")
    with Checkpoint.open(folder) as whole:
        outer = whole.layout.outer()
        assert outer.pooler is not None
        assert outer.classifier is not None
        assert (outer.classifier.weight.outputs, outer.head, outer.final_norm) == (3, None, None)
    edit_tensors(folder, lambda t: [t.pop(f"classifier.{p}") for p in ("weight", "bias")])
    with Checkpoint.open(folder) as base:
        assert base.layout.outer().classifier is None
        assert base.layout.outer().pooler is not None
    edit_tensors(folder, lambda t: [t.pop(f"pooler.dense.{p}") for p in ("weight", "bias")])
    with Checkpoint.open(folder) as body:
        assert body.layout.outer().pooler is None


def test_a_classifier_without_a_pooler_has_no_place(written: Callable[[str], Path]) -> None:
    """Token classification reads every position; only pooled classifiers are known."""
    folder = written("bert")
    edit_tensors(folder, lambda t: [t.pop(f"pooler.dense.{p}") for p in ("weight", "bias")])
    assert "'classifier.bias' has no place" in refusal(folder)


@pytest.mark.parametrize(
    ("family", "extra"),
    [("bert", "cls.predictions.bias"), ("bert", "embeddings.position_ids"),
     ("gpt2", "h.0.attn.bias"), ("gpt2", "h.1.attn.masked_bias"), ("gpt2", "lm_head.weight"),
     ("opt", "lm_head.weight")],
)  # fmt: skip
def test_buffers_and_heads_that_nothing_reads(
    family: str, extra: str, written: Callable[[str], Path]
) -> None:
    folder = written(family)
    with Checkpoint.open(folder) as plain:
        digest = plain.source_digest
    edit_tensors(folder, lambda t: t.update({extra: np.zeros((3, 2), dtype=np.float32)}))
    with Checkpoint.open(folder) as checkpoint:
        assert checkpoint.source_digest == digest


def _without(name: str, tensors: Tensors) -> None:
    del tensors[name]


@pytest.mark.parametrize("family", CLASSIC)
def test_each_missing_tensor_is_named(family: str, written: Callable[[str], Path]) -> None:
    folder = written(family)
    with Checkpoint.open(folder) as checkpoint:
        names = list(dict(all_shapes(checkpoint.layout)))
    whole = (folder / "model.safetensors").read_bytes()
    optional = ("pooler.dense.weight", "classifier.weight")
    for missing in names[:: max(1, len(names) // 9)]:
        edit_tensors(folder, partial(_without, missing))
        message = refusal(folder)
        assert missing in message or missing in optional
        (folder / "model.safetensors").write_bytes(whole)


@pytest.mark.parametrize(
    ("family", "name", "shape"),
    [("bert", "embeddings.LayerNorm.bias", (25,)), ("bert", "classifier.weight", (2, 24)),
     ("gpt2", "h.0.attn.c_attn.weight", (72, 24)), ("gpt2", "wpe.weight", (31, 24)),
     ("opt", "embed_positions.weight", (32, 24)), ("opt", "layers.1.fc1.bias", (24,))],
)  # fmt: skip
def test_a_wrong_shape_is_named(
    family: str, name: str, shape: tuple[int, ...], written: Callable[[str], Path]
) -> None:
    """Among them a Conv1D stored as a Linear, and an OPT table without its two rows."""
    folder = written(family)
    edit_tensors(folder, lambda t: t.update({name: np.zeros(shape, dtype=np.float32)}))
    message = refusal(folder)
    assert f"tensor {name!r} has shape {list(shape)}" in message


@pytest.mark.parametrize(
    ("family", "name"),
    [("bert", "encoder.layer.2.output.dense.weight"), ("bert", "decoder.weight"),
     ("gpt2", "h.2.ln_1.weight"), ("gpt2", "h.0.crossattention.c_attn.weight"),
     ("opt", "project_in.weight"), ("opt", "project_out.weight")],
)  # fmt: skip
def test_a_tensor_of_another_architecture_is_named(
    family: str, name: str, written: Callable[[str], Path]
) -> None:
    folder = written(family)
    edit_tensors(folder, lambda t: t.update({name: np.zeros((24, 24), dtype=np.float32)}))
    assert f"{name!r} has no place in a {family} of 2 layers" in refusal(folder)


@pytest.mark.parametrize(("kind", "value"), [("NaN", np.nan), ("infinity", -np.inf)])
def test_weights_that_are_no_numbers(
    kind: str, value: float, written: Callable[[str], Path]
) -> None:
    """In a Conv1D the place is named as stored by outputs."""
    folder = written("gpt2")

    def damage(tensors: Tensors) -> None:
        tensors["h.0.attn.c_attn.weight"][7, 30] = value

    edit_tensors(folder, damage)
    with Checkpoint.open(folder) as checkpoint:
        part = checkpoint.layout.layer(0).operators["k"].weight
        with pytest.raises(CheckpointError, match=rf"holds {kind} at \[30, 7\]"):
            checkpoint.outputs(part, 0, 24)


def test_a_classic_checkpoint_has_no_decoder_configuration(
    written: Callable[[str], Path],
) -> None:
    with (
        Checkpoint.open(written("opt")) as checkpoint,
        pytest.raises(CheckpointError, match="opt runs under the las profiles only"),
    ):
        _ = checkpoint.config


def test_norms_of_the_first_bert_checkpoints(tmp_path: Path) -> None:
    """The base checkpoints on the hub call γ and β of a LayerNorm so, not weight and bias."""
    folder = write_checkpoint("tiny-bert", tmp_path / "old", dtype="fp32")
    with Checkpoint.open(folder) as checkpoint:
        expected = checkpoint.entries(checkpoint.layout.layer(1).mlp_norm.gamma)
    tensors = load_file(folder / "model.safetensors")
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): array
        for name, array in tensors.items()
    }
    save_file(renamed, folder / "model.safetensors")
    with Checkpoint.open(folder) as checkpoint:
        norm = checkpoint.layout.layer(1).mlp_norm
        assert norm.gamma.name == "encoder.layer.1.output.LayerNorm.gamma"
        assert np.array_equal(checkpoint.entries(norm.gamma), expected)
