"""Tensors from and to files: .bin (CONF-3), .mem (PACK-6) and .npy with the same content."""

import math
import os
import stat
from pathlib import Path
from typing import Any, Literal, TypeAlias, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import VectorError
from spikeref.vectors.case import TensorType, dtype_of, width_of
from spikeref.vectors.hexadecimal import mem_bytes, mem_size, parse_mem
from spikeref.vectors.npy import LONGEST_HEADER, npy_bytes, parse_npy

Form: TypeAlias = Literal["bin", "mem", "npy"]
FORMS: tuple[Form, ...] = get_args(Form)

_MAPPED_FROM = 1 << 20
"""Files of so many bytes are mapped; for smaller ones reading is quicker."""


def tensor_bytes(array: NDArray[Any], kind: TensorType, form: Form) -> bytes:
    """Return the content of a tensor's file in one form."""
    match form:
        case "bin":
            return np.ascontiguousarray(array, dtype=dtype_of(kind)).tobytes()
        case "mem":
            return mem_bytes(array, kind)
        case "npy":
            return npy_bytes(array, kind)
        case _:
            assert_never(form)


def read_tensor(
    path: Path, form: Form, kind: TensorType, shape: tuple[int, ...], root: Path
) -> NDArray[Any]:
    """Return the tensor of a foreign file: little-endian, row-major, read-only, of `shape`.

    No more is read than such a tensor needs. VectorError, naming the file: it is no regular file,
    is a link out of `root`, cannot be read, or is not of this type and shape.
    """
    size = regular_size(path, root)
    elements = math.prod(shape)
    match form:
        case "bin":
            needed = elements * width_of(kind)
            if size != needed:
                raise VectorError(
                    f"{path}: {size} bytes; {kind} of shape {list(shape)} has {needed}"
                )
            data = _content(path, size)
            return np.frombuffer(data, dtype=dtype_of(kind)).reshape(shape)
        case "mem":
            # One byte more than the tensor needs shows that there is too much.
            most = mem_size(kind, elements) + 1
            return parse_mem(_head(path, most), kind, shape, str(path))
        case "npy":
            most = elements * width_of(kind) + LONGEST_HEADER + 13
            array = parse_npy(_head(path, most), kind, shape, str(path))
            return np.ascontiguousarray(array).reshape(shape)
        case _:
            assert_never(form)


def regular_size(path: Path, root: Path) -> int:
    """Return the size of a regular file; VectorError where it is none, or a link out of `root`."""
    try:
        state = path.lstat()
        if stat.S_ISLNK(state.st_mode):
            if not path.resolve(strict=True).is_relative_to(root.resolve()):
                raise VectorError(f"{path}: is a link that leads out of {root}; write a file")
            state = path.stat()
    except (OSError, RuntimeError) as fault:
        raise VectorError(f"{path}: cannot be read ({_reason(fault)})") from None
    if not stat.S_ISREG(state.st_mode):
        raise VectorError(f"{path}: is not a file")
    return state.st_size


def read_small(path: Path, root: Path, most: int) -> bytes:
    """Return the content of a regular file of at most `most` bytes; VectorError else."""
    size = regular_size(path, root)
    if size > most:
        raise VectorError(f"{path}: {size} bytes; at most {most} make sense")
    return _head(path, most)


def _content(path: Path, size: int) -> NDArray[np.uint8] | bytes:
    if size < _MAPPED_FROM:
        data = _head(path, size)
        if len(data) != size:
            raise VectorError(f"{path}: became shorter while it was read")
        return data
    try:
        return np.asarray(np.memmap(path, dtype=np.uint8, mode="r", shape=(size,)))
    except (OSError, ValueError) as fault:
        raise VectorError(f"{path}: cannot be read ({_reason(fault)})") from None


def _head(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as fault:
        raise VectorError(f"{path}: cannot be read ({_reason(fault)})") from None


def _reason(fault: Exception) -> str:
    return os.strerror(fault.errno) if isinstance(fault, OSError) and fault.errno else str(fault)
