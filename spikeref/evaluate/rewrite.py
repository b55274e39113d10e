"""A compiled model written again with some of its tensors changed."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from spikeref.model.any_model import AnyConfig, AnyModel
from spikeref.model.writer import TOKENIZER_NAME, ModelWriter
from spikeref.storage.atomic import atomic_folder
from spikeref.storage.sharded import TensorFolder

Change = Callable[[int], dict[str, NDArray[Any]]]
"""Tensors to add or replace in a layer, from 0."""


def rewrite_layers(
    model: AnyModel, config: AnyConfig, change: Change, outer: dict[str, NDArray[Any]], target: Path
) -> str:
    """Write `model` to the new folder `target` with another configuration; return its digest.

    Each layer gets the tensors of `change`, shard 1 those of `outer`; the rest is copied, one shard
    in memory at a time. UsageError: `target` cannot be written.
    """
    layers = config.shape.layers
    with TensorFolder.open(model.folder) as tensors, atomic_folder(target) as folder:
        tokenizer = model.folder / TOKENIZER_NAME
        if tokenizer.is_file():
            (folder / TOKENIZER_NAME).write_bytes(tokenizer.read_bytes())
        writer = ModelWriter(folder, layers + 1)
        names = list(tensors.entries)
        first = (name for name in names if not name.startswith("layers."))
        writer.write_shard(1, _arrays(tensors, first) | outer)
        for index in range(layers):
            prefix = f"layers.{index}."
            arrays = _arrays(tensors, (name for name in names if name.startswith(prefix)))
            writer.write_shard(index + 2, arrays | change(index))
            tensors.release_pages()
        return writer.finish(config)


def _arrays(tensors: TensorFolder, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    return {name: tensors.array(name) for name in names}
