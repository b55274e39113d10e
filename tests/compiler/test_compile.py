"""Compilation: same weights, same bytes; one layer in memory at a time (COMP-1)."""

import json
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from spikeref.checkpoint.layout import all_shapes
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import compile_checkpoint
from spikeref.errors import CheckpointError, UsageError
from spikeref.model.folder import load_model
from spikeref.model.profile import PROFILES, Profile, Rotation, adjust_profile, find_profile
from tools.synthetic_checkpoint import PRESETS, write_checkpoint

PROFILE = find_profile("sdllm-w4a4kv4")


def compile_to(source: Path, target: Path, profile: Profile = PROFILE) -> str:
    with Checkpoint.open(source) as checkpoint:
        return compile_checkpoint(checkpoint, target, profile)


def config_of(model: Path) -> Any:
    return json.loads((model / "config.json").read_text("utf-8"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", PROFILES)
def test_twice_the_same_bytes(
    name: str, checkpoint_of: Callable[[str], Path], tmp_path: Path
) -> None:
    source = checkpoint_of("tiny-qwen2")
    digests = {compile_to(source, tmp_path / run, PROFILES[name]) for run in ("a", "b")}
    assert len(digests) == 1
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert load_model(tmp_path / "a").digest in digests


def test_sharding_of_the_checkpoint_changes_nothing(tmp_path: Path) -> None:
    single = write_checkpoint("tiny-mistral", tmp_path / "single")
    sharded = write_checkpoint("tiny-mistral", tmp_path / "sharded", shard_bytes=20000)
    assert len(list(sharded.glob("*.safetensors"))) > 3
    digest = compile_to(single, tmp_path / "a")
    assert compile_to(sharded, tmp_path / "b") == digest
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("rotation", Rotation, ids=lambda r: r.value)
def test_a_wider_copy_gives_the_same_tensors(
    rotation: Rotation, checkpoint_of: Callable[[str], Path], tmp_path: Path
) -> None:
    source = checkpoint_of("tiny-llama")
    wide = tmp_path / "fp32"
    wide.mkdir()
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(source / name, wide / name)
    with Checkpoint.open(source) as checkpoint:
        tensors = {}
        for name, shape in dict(all_shapes(checkpoint.layout)).items():
            is_vector = len(shape) == 1
            tensors[name] = (
                checkpoint.vector(name) if is_vector else checkpoint.rows(name, 0, shape[0])
            )
    save_file(tensors, wide / "model.safetensors")
    profile = adjust_profile(PROFILE, rotation=rotation)
    assert compile_to(source, tmp_path / "a", profile) != compile_to(wide, tmp_path / "b", profile)
    a, b = config_of(tmp_path / "a"), config_of(tmp_path / "b")
    assert a["tensors"] == b["tensors"]
    differing = {name for name in a if a[name] != b[name]}
    assert differing == {"source_digest", "model_digest"}


def test_another_seed_gives_another_model(tmp_path: Path) -> None:
    digests = set()
    for seed in (0, 1):
        source = write_checkpoint("tiny-llama", tmp_path / f"checkpoint-{seed}", seed=seed)
        digests.add(compile_to(source, tmp_path / f"model-{seed}"))
    assert len(digests) == 2


def test_one_shard_a_layer_and_progress(
    checkpoint_of: Callable[[str], Path], tmp_path: Path
) -> None:
    heard: list[tuple[int, int]] = []
    with Checkpoint.open(checkpoint_of("tiny-llama")) as checkpoint:
        compile_checkpoint(
            checkpoint, tmp_path / "m", PROFILE, progress=lambda *step: heard.append(step)
        )
    assert heard == [(1, 3), (2, 3), (3, 3)]
    places = json.loads((tmp_path / "m" / "model.safetensors.index.json").read_text("utf-8"))
    for name, file in places["weight_map"].items():
        number = int(name.split(".")[1]) + 2 if name.startswith("layers.") else 1
        assert file == f"model-0000{number}-of-00003.safetensors"


@pytest.mark.parametrize("rotation", Rotation, ids=lambda r: r.value)
def test_a_tied_head(
    rotation: Rotation, checkpoint_of: Callable[[str], Path], tmp_path: Path
) -> None:
    profile = adjust_profile(PROFILE, rotation=rotation)
    compile_to(checkpoint_of("tiny-qwen2"), tmp_path / "m", profile)
    config = config_of(tmp_path / "m")
    separate = rotation is Rotation.QUAROT
    assert config["tied_head"] is not separate
    assert ("head.mantissas" in config["tensors"]) is separate
    assert ("final_norm.gamma" in config["tensors"]) is not separate


def test_a_target_that_exists(checkpoint_of: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine")
    with pytest.raises(UsageError):
        compile_to(checkpoint_of("tiny-llama"), tmp_path)
    assert contents(tmp_path) == {"note": b"mine"}


def test_a_bad_tokenizer_leaves_nothing(tmp_path: Path) -> None:
    source = write_checkpoint("tiny-llama", tmp_path / "checkpoint")
    (source / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"tokenizer\.json: not a tokenizer"):
        compile_to(source, tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def peak_of(folder: Path, layers: int, rotation: Rotation) -> int:
    """Return the peak of allocated bytes while a checkpoint of so many layers is compiled."""
    config = {
        **PRESETS["tiny-llama"],
        "hidden_size": 256,
        "intermediate_size": 1024,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "vocab_size": 64,
        "max_position_embeddings": 64,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    source = write_checkpoint(config, folder / f"checkpoint-{layers}", layers=layers)
    target = folder / f"model-{layers}"
    tracemalloc.start()
    try:
        compile_to(source, target, adjust_profile(PROFILE, rotation=rotation))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("rotation", [Rotation.GAMMA_SQP, Rotation.QUAROT], ids=lambda r: r.value)
def test_memory_does_not_grow_with_layers(rotation: Rotation, tmp_path: Path) -> None:
    few = peak_of(tmp_path, 2, rotation)
    many = peak_of(tmp_path, 6, rotation)
    weights_of_a_layer = 4 * 256 * 256 + 3 * 256 * 1024
    # Otherwise the four layers more would not show.
    assert few < 20 * weights_of_a_layer
    assert many <= 1.3 * few
    assert np.int64(many) - few < 2 * weights_of_a_layer
