"""Changed copies of a model folder, with digests that agree again or on purpose do not."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from spikeref.errors import ModelError
from spikeref.model.config import ModelConfig
from spikeref.model.layers import IntegerModel
from spikeref.model.writer import CONFIG_NAME, TOKENIZER_NAME, ModelWriter
from spikeref.storage.canonical import canonical_json, sha256_hex
from spikeref.storage.sharded import TensorFolder

Tensors = dict[str, NDArray[Any]]


def tensors_of(model: IntegerModel) -> Tensors:
    """Return copies of all tensors of a model by name."""
    with TensorFolder.open(model.folder, ModelError) as folder:
        return {name: folder.array(name).copy() for name in folder.entries}


def rewritten(
    model: IntegerModel,
    target: Path,
    tensors: Mapping[str, NDArray[Any]],
    config: ModelConfig | None = None,
) -> Path:
    """Write `tensors` as a model folder whose digests are consistent."""
    target.mkdir()
    shards = model.config.shape.layers + 1
    writer = ModelWriter(target, shards)
    for number in range(1, shards + 1):
        chosen = {n: array for n, array in tensors.items() if _shard_of(n) == number}
        writer.write_shard(number, chosen)
    writer.finish(model.config if config is None else config)
    shutil.copyfile(model.folder / TOKENIZER_NAME, target / TOKENIZER_NAME)
    return target


def copied(model: IntegerModel, target: Path) -> Path:
    """Copy a model folder byte by byte."""
    return Path(shutil.copytree(model.folder, target))


def rewrite_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the members of config.json and state the digest that they then have."""
    path = folder / CONFIG_NAME
    members = json.loads(path.read_text("utf-8"))
    del members["model_digest"]
    change(members)
    members["model_digest"] = sha256_hex(canonical_json(members))
    path.write_text(json.dumps(members), "utf-8")


def flip_bit(path: Path, position: int, bit: int = 0) -> None:
    """Flip one bit of a file."""
    with path.open("r+b") as file:
        file.seek(position)
        (byte,) = file.read(1)
        file.seek(position)
        file.write(bytes([byte ^ (1 << bit)]))


def _shard_of(name: str) -> int:
    return int(name.split(".")[1]) + 2 if name.startswith("layers.") else 1
