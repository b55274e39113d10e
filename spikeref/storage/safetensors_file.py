"""One safetensors file, mapped into memory."""

import mmap
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import CheckpointError, SpikerefError
from spikeref.storage.dtypes import STORED_DTYPES
from spikeref.storage.safetensors_header import SafetensorsHeader, TensorEntry, read_header


class MappedSafetensors:
    """A mapped file with a proven header; a context manager.

    Views stay valid after `close`: the map goes when its last view goes.
    """

    def __init__(self, header: SafetensorsHeader, error: type[SpikerefError]) -> None:
        """Map the file of a header that read_header has proven; see `open`."""
        self.header = header
        self._error = error
        self._map: mmap.mmap | None = _map_file(header, error)

    @classmethod
    def open(cls, path: str | Path, error: type[SpikerefError] = CheckpointError) -> Self:
        """Prove the header of `path` and map the file; `error` is what every refusal raises."""
        return cls(read_header(Path(path), error), error)

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self.header.path

    @property
    def entries(self) -> Mapping[str, TensorEntry]:
        """Name -> dtype, shape and place, in order of the file's bytes."""
        return self.header.entries

    def entry(self, name: str) -> TensorEntry:
        """The entry of tensor `name`; raises the file's error class where there is none."""
        found = self.header.entries.get(name)
        if found is None:
            raise self._error(f"{self.path}: has no tensor {name!r}")
        return found

    def raw(self, name: str) -> NDArray[np.uint8]:
        """The bytes of tensor `name`: a read-only view, uint8 [bytes]."""
        entry = self.entry(name)
        return np.frombuffer(
            self._mapped(), dtype=np.uint8, count=entry.end - entry.begin, offset=entry.begin
        )

    def array(self, name: str) -> NDArray[Any]:
        """Tensor `name`: a read-only view of its stored type (STORED_DTYPES) and shape."""
        entry = self.entry(name)
        stored = STORED_DTYPES[entry.dtype]
        return self.raw(name).view(stored).reshape(entry.shape)

    def release_pages(self) -> None:
        """Give the mapped pages back to the system; they are read again when touched."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Unmap; views that are still held keep the map alive."""
        held, self._map = self._map, None
        if held is not None:
            try:
                held.close()
            except BufferError:
                return

    def _mapped(self) -> mmap.mmap:
        if self._map is None:
            raise self._error(f"{self.path}: the file was closed; open it again")
        return self._map

    def __enter__(self) -> Self:
        """The file itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Unmap."""
        self.close()


def _map_file(header: SafetensorsHeader, error: type[SpikerefError]) -> mmap.mmap:
    try:
        with header.path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as fault:
        raise error(f"{header.path}: cannot be mapped ({fault})") from fault
    if len(mapped) != header.file_bytes:
        mapped.close()
        raise error(f"{header.path}: changed while it was read; leave it alone and start again")
    return mapped
