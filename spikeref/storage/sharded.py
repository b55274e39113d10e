"""A folder of tensors: one safetensors file, or shards with an index."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import CheckpointError, SpikerefError
from spikeref.storage.canonical import parse_json
from spikeref.storage.safetensors_file import MappedSafetensors
from spikeref.storage.safetensors_header import SafetensorsHeader, TensorEntry, read_header

SINGLE_NAME = "model.safetensors"
INDEX_NAME = "model.safetensors.index.json"

_PLAIN_NAME = re.compile(r"\w[\w.+-]{0,199}", re.ASCII)
"""An index must not be able to point outside its folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    header: SafetensorsHeader
    entry: TensorEntry


class TensorFolder:
    """Looks a tensor up by name in whichever file holds it; a context manager.

    Every header is proven when the folder is opened; a shard is mapped when a tensor of it is
    first asked for, and unmapped by `close_shard` or `release`. Where a folder holds both
    model.safetensors and an index, the single file is read, as transformers does.
    """

    def __init__(self, places: Mapping[str, _Place], error: type[SpikerefError]) -> None:
        """Use `TensorFolder.open`."""
        self._places = places
        self._error = error
        self._open: dict[Path, MappedSafetensors] = {}

    @classmethod
    def open(cls, folder: str | Path, error: type[SpikerefError] = CheckpointError) -> Self:
        """Prove every header of `folder`.

        Raises `error`: no file, a damaged file, an index that names a missing shard or a tensor
        that its shard lacks, a shard with a tensor that the index does not place there, a tensor
        in two shards.
        """
        folder = Path(folder)
        if (folder / SINGLE_NAME).is_file():
            header = read_header(folder / SINGLE_NAME, error)
            places = {e.name: _Place(header=header, entry=e) for e in header.entries.values()}
        elif (folder / INDEX_NAME).is_file():
            places = _indexed(folder, error)
        else:
            raise error(f"{folder}: holds neither {SINGLE_NAME} nor {INDEX_NAME}")
        return cls(MappingProxyType(places), error)

    @property
    def entries(self) -> Mapping[str, TensorEntry]:
        """Name -> dtype and shape of every tensor, sorted by name."""
        return {name: self._places[name].entry for name in sorted(self._places)}

    def file_of(self, name: str) -> Path:
        """The file that holds tensor `name`."""
        return self._place(name).header.path

    def raw(self, name: str) -> NDArray[np.uint8]:
        """The bytes of tensor `name`: a read-only view, uint8 [bytes]."""
        return self._mapped(name).raw(name)

    def array(self, name: str) -> NDArray[Any]:
        """Tensor `name`: a read-only view of its stored type and shape."""
        return self._mapped(name).array(name)

    def entry(self, name: str) -> TensorEntry:
        """Dtype, shape and place of tensor `name`."""
        return self._place(name).entry

    def release_pages(self) -> None:
        """Give the pages of every mapped shard back to the system, keeping the maps."""
        for mapped in self._open.values():
            mapped.release_pages()

    def close_shard(self, path: Path) -> None:
        """Unmap one file; it is mapped again when next asked for."""
        mapped = self._open.pop(path, None)
        if mapped is not None:
            mapped.close()

    def release(self) -> None:
        """Unmap every file; each is mapped again when next asked for."""
        for path in list(self._open):
            self.close_shard(path)

    def _place(self, name: str) -> _Place:
        place = self._places.get(name)
        if place is None:
            raise self._error(f"no file holds tensor {name!r}")
        return place

    def _mapped(self, name: str) -> MappedSafetensors:
        header = self._place(name).header
        if header.path not in self._open:
            self._open[header.path] = MappedSafetensors(header, self._error)
        return self._open[header.path]

    def __enter__(self) -> Self:
        """The folder itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Unmap every file."""
        self.release()


def _indexed(folder: Path, error: type[SpikerefError]) -> dict[str, _Place]:
    index = folder / INDEX_NAME
    weight_map = _weight_map(index, error)
    headers: dict[str, SafetensorsHeader] = {}
    for name, shard in weight_map.items():
        if shard not in headers:
            if not (folder / shard).is_file():
                raise error(
                    f"{index}: names the shard {shard}, which is missing; fetch it into {folder}"
                )
            headers[shard] = read_header(folder / shard, error)
        if name not in headers[shard].entries:
            raise error(f"{index}: places tensor {name!r} in {shard}, which has no such tensor")
    for shard, header in headers.items():
        for name in header.entries:
            placed = weight_map.get(name)
            if placed is None:
                raise error(f"{folder / shard}: holds tensor {name!r}, which {INDEX_NAME} lacks")
            if placed != shard:
                raise error(f"{folder}: tensor {name!r} is in two shards, {placed} and {shard}")
    return {
        name: _Place(header=headers[shard], entry=headers[shard].entries[name])
        for name, shard in weight_map.items()
    }


def _weight_map(index: Path, error: type[SpikerefError]) -> dict[str, str]:
    try:
        text = index.read_bytes()
    except OSError as fault:
        raise error(f"{index}: cannot be read ({fault.strerror})") from fault
    stated = parse_json(text, str(index), error)
    weight_map = stated.get("weight_map") if isinstance(stated, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        raise error(f"{index}: has no weight_map from tensor names to file names")
    for name, shard in weight_map.items():
        if not isinstance(shard, str) or not _PLAIN_NAME.fullmatch(shard):
            raise error(f"{index}: tensor {name!r} lies in {shard!r}, which is no plain file name")
    return weight_map
