"""Writes a compiled model's folder, one shard at a time (MODEL-1, MODEL-4, MODEL-5)."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from spikeref.model.any_model import AnyConfig
from spikeref.model.config import ModelConfig, config_to_json
from spikeref.model.las_config import LasConfig, las_config_to_json
from spikeref.storage.canonical import canonical_json, sha256_hex, tensor_digest
from spikeref.storage.ledger import Ledger
from spikeref.storage.sharded import INDEX_NAME

CONFIG_NAME = "config.json"
TOKENIZER_NAME = "tokenizer.json"

TYPE_NAMES = {"int8": "I8", "int16": "I16", "uint16": "U16", "int32": "I32", "int64": "I64"}


class ModelWriter:
    """Collects the digests of shards as they are written, then closes the folder.

    Memory: one shard. The folder is the caller's to make whole or remove (atomic_folder).
    """

    def __init__(self, folder: Path, shards: int, ledger: Ledger | None = None) -> None:
        """Write into `folder`, which exists, a model of `shards` shards.

        ledger: of shards that are finished in the folder already, and of those that will be.
        """
        self._folder = folder
        self._shards = shards
        self._tensors: dict[str, dict[str, Any]] = {}
        self._weight_map: dict[str, str] = {}
        self._bytes = 0
        self._ledger = ledger

    def shard(self, number: int, make: Callable[[], Mapping[str, NDArray[Any]]]) -> None:
        """Take shard `number` from the ledger, where it is finished and undamaged, or make it."""
        if not self._take(number):
            self.write_shard(number, make())

    def write_shard(self, number: int, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Write shard `number`, counted from 1, with its tensors in order of name."""
        file = self._file(number)
        ordered = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
        path = self._folder / file
        path.touch()
        mode = path.stat().st_mode
        save_file(ordered, path)
        # The library makes files that only their owner may read.
        path.chmod(mode)
        stated = {name: _stated(array) for name, array in ordered.items()}
        self._add(file, stated, sum(array.nbytes for array in ordered.values()))
        if self._ledger is not None:
            self._ledger.put(number, {"tensors": stated})

    def _take(self, number: int) -> bool:
        held = None if self._ledger is None else self._ledger.get(number)
        if held is None:
            return False
        try:
            tensors = load_file(self._folder / self._file(number))
        except (OSError, SafetensorError):
            # A machine that went down may keep the line and lose the shard.
            return False
        stated = {name: _stated(tensors[name]) for name in sorted(tensors)}
        if stated != held["tensors"]:
            return False
        self._add(self._file(number), stated, sum(array.nbytes for array in tensors.values()))
        return True

    def _add(self, file: str, stated: dict[str, dict[str, Any]], size: int) -> None:
        self._tensors |= stated
        self._weight_map |= dict.fromkeys(stated, file)
        self._bytes += size

    def _file(self, number: int) -> str:
        return f"model-{number:05d}-of-{self._shards:05d}.safetensors"

    def finish(self, config: AnyConfig) -> str:
        """Write the index and config.json; return the model digest (MODEL-5)."""
        members = members_of(config) | {"tensors": self._tensors}
        digest = sha256_hex(canonical_json(members))
        index = {"metadata": {"total_size": self._bytes}, "weight_map": self._weight_map}
        for name, value in (
            (INDEX_NAME, index),
            (CONFIG_NAME, members | {"model_digest": digest}),
        ):
            text = json.dumps(value, indent=2, sort_keys=True) + "\n"
            (self._folder / name).write_text(text, encoding="utf-8")
        return digest


def _stated(array: NDArray[Any]) -> dict[str, Any]:
    return {
        "dtype": TYPE_NAMES[array.dtype.name],
        "shape": list(array.shape),
        "sha256": tensor_digest(array),
    }


def members_of(config: AnyConfig) -> dict[str, Any]:
    """Return the members of config.json without `tensors` and `model_digest`."""
    match config:
        case ModelConfig():
            return config_to_json(config)
        case LasConfig():
            return las_config_to_json(config)
        case _:
            assert_never(config)
