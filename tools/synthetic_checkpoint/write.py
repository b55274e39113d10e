"""Write one synthetic checkpoint, streaming: memory stays at one chunk of one tensor."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spikeref.checkpoint.config import SourceConfig, parse_config
from spikeref.checkpoint.families import TensorSpec
from spikeref.checkpoint.layout import all_shapes, layout_of
from spikeref.errors import UsageError
from spikeref.storage.atomic import atomic_folder
from spikeref.storage.sharded import INDEX_NAME, SINGLE_NAME
from tools.synthetic_checkpoint.classic_presets import CLASSIC_PRESETS
from tools.synthetic_checkpoint.presets import PRESETS, TINY_VOCAB
from tools.synthetic_checkpoint.tensors import ITEM_BYTES, STORED, WeightType, tensor_bytes
from tools.synthetic_checkpoint.tokenizer import write_tokenizer

OPTIONAL_TENSORS = (
    "pooler.dense.weight",
    "classifier.weight",
    "model.decoder.embed_tokens.weight",
)
"""Names by which a checkpoint tells that it has these parts, and OPT how it calls them."""


def write_checkpoint(
    preset: str | Mapping[str, Any],
    folder: str | Path,
    *,
    seed: int = 0,
    dtype: WeightType = "bf16",
    layers: int | None = None,
    shard_bytes: int | None = None,
    scale: float = 0.02,
    on_tensor: Callable[[str], None] | None = None,
) -> Path:
    """Write a checkpoint of `preset`: a name of either PRESETS, or a config.json as a dictionary.

    `folder` must not exist or be empty. The weights depend on `seed`, `scale`, `dtype` and the
    tensors' names alone. Without `shard_bytes` there is one model.safetensors; with it, shards of
    at most that many bytes (at least one tensor each) and an index. `layers` replaces the preset's
    number of layers. `on_tensor` hears each tensor's name before it is written. Models with the
    tiny vocabulary get a byte-level tokenizer. Returns `folder`; raises UsageError or
    CheckpointError.
    """
    stated = dict(_preset(preset))
    if layers is not None:
        stated["n_layer" if "n_layer" in stated else "num_hidden_layers"] = layers
    text = json.dumps(stated, indent=2) + "\n"
    config = parse_config(text.encode())
    if seed < 0:
        raise UsageError(f"seed {seed} is negative; give 0 or more")
    shards = _shards(_specs(config), ITEM_BYTES[dtype], shard_bytes)
    with atomic_folder(folder) as temporary:
        (temporary / "config.json").write_text(text)
        if config.vocab == TINY_VOCAB:
            write_tokenizer(temporary)
        for name, specs in shards.items():
            _write_shard(temporary / name, specs, seed, dtype, scale, on_tensor)
        if shard_bytes is not None:
            _write_index(temporary / INDEX_NAME, shards, ITEM_BYTES[dtype])
    return Path(folder)


def _preset(preset: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(preset, str):
        return preset
    known = {**PRESETS, **CLASSIC_PRESETS}
    if preset not in known:
        raise UsageError(f"unknown shape {preset!r}; known are {', '.join(known)}")
    return known[preset]


def _specs(config: SourceConfig) -> list[TensorSpec]:
    """Return every tensor of a checkpoint of that configuration, BERT with pooler and classes."""
    layout = layout_of(config, OPTIONAL_TENSORS)
    return [TensorSpec(name=name, shape=shape) for name, shape in dict(all_shapes(layout)).items()]


def _shards(
    specs: Sequence[TensorSpec], item_bytes: int, shard_bytes: int | None
) -> dict[str, list[TensorSpec]]:
    if shard_bytes is None:
        return {SINGLE_NAME: list(specs)}
    if shard_bytes < 1:
        raise UsageError(f"shards of {shard_bytes} bytes; give at least 1")
    groups: list[list[TensorSpec]] = [[]]
    filled = 0
    for spec in specs:
        size = math.prod(spec.shape) * item_bytes
        if groups[-1] and filled + size > shard_bytes:
            groups.append([])
            filled = 0
        groups[-1].append(spec)
        filled += size
    total = len(groups)
    return {f"model-{i:05d}-of-{total:05d}.safetensors": group for i, group in enumerate(groups, 1)}


def _write_shard(
    path: Path,
    specs: Sequence[TensorSpec],
    seed: int,
    dtype: WeightType,
    scale: float,
    on_tensor: Callable[[str], None] | None,
) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    reached = 0
    for spec in specs:
        end = reached + math.prod(spec.shape) * ITEM_BYTES[dtype]
        header[spec.name] = {
            "dtype": STORED[dtype],
            "shape": list(spec.shape),
            "data_offsets": [reached, end],
        }
        reached = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for spec in specs:
            if on_tensor is not None:
                on_tensor(spec.name)
            for chunk in tensor_bytes(spec, seed=seed, dtype=dtype, scale=scale):
                file.write(chunk)


def _write_index(path: Path, shards: Mapping[str, Sequence[TensorSpec]], item_bytes: int) -> None:
    total = sum(math.prod(spec.shape) for specs in shards.values() for spec in specs)
    index = {
        "metadata": {"total_size": total * item_bytes},
        "weight_map": {spec.name: name for name, specs in shards.items() for spec in specs},
    }
    path.write_text(json.dumps(index, indent=2) + "\n")
