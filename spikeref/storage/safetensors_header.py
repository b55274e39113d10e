"""The strict parser of a safetensors header.

A file is: uint64 little-endian N, N bytes of UTF-8 JSON, then the elements. The JSON maps each
tensor's name to {"dtype", "shape", "data_offsets": [begin, end)}, offsets counted from the end of
the header; "__metadata__" may map strings to strings. The tensors tile the buffer: no gap, no
overlap, nothing after the last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from spikeref.errors import SpikerefError
from spikeref.storage.canonical import parse_json
from spikeref.storage.dtypes import STORED_DTYPES

MAX_HEADER_BYTES = 100_000_000
"""The library's own limit; a longer header is an attack or damage."""

_MAX_ELEMENTS = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorEntry:
    """One tensor's place in a file: bytes [begin, end) counted from the start of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetensorsHeader:
    """Everything a file says about itself; `entries` in order of their bytes."""

    path: Path
    file_bytes: int
    entries: Mapping[str, TensorEntry]
    metadata: Mapping[str, str]


def read_header(path: Path, error: type[SpikerefError]) -> SafetensorsHeader:
    """Read and prove the header of `path`; no tensor is read.

    Raises `error`, one line naming the file and, where there is one, the tensor: file absent,
    truncated, header too long, not UTF-8 JSON, duplicate names, unknown dtype, bad shape, offsets
    that contradict the shape, overlap, leave gaps, or do not cover the buffer.
    """
    try:
        with path.open("rb") as file:
            file_bytes = file.seek(0, 2)
            file.seek(0)
            prefix = file.read(8)
            header_bytes = int.from_bytes(prefix, "little")
            _check_length(path, file_bytes, header_bytes, error)
            text = file.read(header_bytes)
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror})") from fault
    return parse_header(path, file_bytes, text, error)


def _check_length(
    path: Path, file_bytes: int, header_bytes: int, error: type[SpikerefError]
) -> None:
    if file_bytes < 8:
        raise error(
            f"{path}: truncated, {file_bytes} bytes are no safetensors file;"
            " fetch or compile it again"
        )
    if header_bytes > MAX_HEADER_BYTES:
        raise error(
            f"{path}: enormous header, {header_bytes} bytes where {MAX_HEADER_BYTES} are allowed;"
            " this is not a safetensors file, or it is damaged"
        )
    if 8 + header_bytes > file_bytes:
        raise error(
            f"{path}: truncated, its header needs {8 + header_bytes} bytes,"
            f" the file has {file_bytes}; fetch or compile it again"
        )


def parse_header(
    path: Path, file_bytes: int, text: bytes, error: type[SpikerefError]
) -> SafetensorsHeader:
    """Prove the JSON `text` that follows the length; see read_header."""
    where = f"{path}: header"
    if not text.startswith(b"{"):
        raise error(f"{where}: does not start with '{{'; this is not a safetensors file")
    stated = parse_json(text, where, error)
    metadata = stated.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(_is_text(item) for item in metadata.items()):
        raise error(f"{where}: __metadata__ must map strings to strings")
    base = 8 + len(text)
    entries = [_entry(path, name, fields, base, error) for name, fields in stated.items()]
    entries.sort(key=lambda entry: (entry.begin, entry.end))
    _check_tiling(path, entries, base, file_bytes, error)
    return SafetensorsHeader(
        path=path,
        file_bytes=file_bytes,
        entries=MappingProxyType({entry.name: entry for entry in entries}),
        metadata=MappingProxyType(metadata),
    )


def _is_text(parts: tuple[object, ...]) -> bool:
    # A lone surrogate is a str in Python but no text in UTF-8.
    return all(
        isinstance(part, str) and not any("\ud800" <= c <= "\udfff" for c in part) for part in parts
    )


def _entry(
    path: Path, name: str, fields: Any, base: int, error: type[SpikerefError]
) -> TensorEntry:
    def refuse(what: str) -> NoReturn:
        raise error(f"{path}: tensor {name!r}: {what}")

    if not _is_text((name,)):
        refuse("its name is not text")
    if not isinstance(fields, dict) or set(fields) != {"dtype", "shape", "data_offsets"}:
        refuse("must have exactly dtype, shape and data_offsets")
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(dtype, str) or dtype not in STORED_DTYPES:
        refuse(f"unknown dtype {dtype!r}")
    if not isinstance(shape, list) or not all(_is_size(size) for size in shape):
        refuse(f"shape {shape!r} is not a list of sizes")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_size, offsets)):
        refuse(f"data_offsets {offsets!r} are not a pair of offsets")
    begin, end = offsets
    if begin > end:
        refuse(f"data_offsets {begin} > {end}")
    elements = _count(shape)
    if elements > _MAX_ELEMENTS:
        refuse("its shape has more elements than any file can hold")
    needed = elements * STORED_DTYPES[dtype].itemsize
    if needed != end - begin:
        refuse(f"shape {shape} of {dtype} needs {needed} bytes, data_offsets hold {end - begin}")
    return TensorEntry(
        name=name, dtype=dtype, shape=tuple(shape), begin=base + begin, end=base + end
    )


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MAX_ELEMENTS


def _count(shape: list[int]) -> int:
    elements = 1
    for size in shape:
        elements *= size
        if elements > _MAX_ELEMENTS:
            break
    return elements


def _check_tiling(
    path: Path,
    entries: list[TensorEntry],
    base: int,
    file_bytes: int,
    error: type[SpikerefError],
) -> None:
    reached = base
    for entry in entries:
        if entry.end > file_bytes:
            raise error(
                f"{path}: truncated, tensor {entry.name!r} ends at byte {entry.end},"
                f" the file has {file_bytes}; fetch or compile it again"
            )
        if entry.begin < reached:
            raise error(f"{path}: tensor {entry.name!r} overlaps the tensor before it")
        if entry.begin > reached:
            raise error(f"{path}: gap of {entry.begin - reached} bytes before {entry.name!r}")
        reached = entry.end
    if reached != file_bytes:
        raise error(f"{path}: {file_bytes - reached} bytes after the last tensor")
