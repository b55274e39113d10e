"""Hexadecimal images of tensors, as $readmemh reads them (PACK-6)."""

from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import VectorError
from spikeref.vectors.case import TensorType, dtype_of, width_of

_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_LINE_FEED = 0x0A
_NO_DIGIT = 16


def _values() -> NDArray[np.uint8]:
    """Return the value of every character as a digit, uint8 [256]; 16 for those that are none."""
    values = np.full(256, _NO_DIGIT, dtype=np.uint8)
    values[_DIGITS] = np.arange(16, dtype=np.uint8)
    return values


_VALUES = _values()


def mem_bytes(array: NDArray[Any], kind: TensorType) -> bytes:
    """Return the image of a tensor of any shape: one element of exact width a line."""
    width = width_of(kind)
    flat = np.ascontiguousarray(array, dtype=dtype_of(kind)).reshape(-1)
    # The most significant byte is written first.
    digits = flat.view(np.uint8).reshape(flat.size, width)[:, ::-1]
    lines = np.full((flat.size, 2 * width + 1), _LINE_FEED, dtype=np.uint8)
    lines[:, 0 : 2 * width : 2] = _DIGITS[digits >> 4]
    lines[:, 1 : 2 * width : 2] = _DIGITS[digits & 15]
    return lines.tobytes()


def mem_size(kind: TensorType, elements: int) -> int:
    """Return the bytes of the image of so many elements."""
    return elements * (2 * width_of(kind) + 1)


def parse_mem(data: bytes, kind: TensorType, shape: tuple[int, ...], where: str) -> NDArray[Any]:
    """Return the tensor of an image: little-endian, read-only, of `shape`.

    VectorError naming the first line that is not lower-case digits of the exact width and a line
    feed; unknown bits (x, z), upper case, comments, addresses and a missing last line feed too.
    """
    width = width_of(kind)
    elements = 1
    for size in shape:
        elements *= size
    if len(data) != mem_size(kind, elements):
        _explain(data, width, elements, where)
    lines = np.frombuffer(data, dtype=np.uint8).reshape(elements, 2 * width + 1)
    values = _VALUES[lines[:, : 2 * width]]
    if (lines[:, -1] != _LINE_FEED).any() or (values == _NO_DIGIT).any():
        _explain(data, width, elements, where)
    digits = (values[:, 0::2] << 4 | values[:, 1::2])[:, ::-1]
    array = np.ascontiguousarray(digits).reshape(-1).view(dtype_of(kind)).reshape(shape)
    array.flags.writeable = False
    return array


def _explain(data: bytes, width: int, elements: int, where: str) -> NoReturn:
    """Refuse an image by its first line that is wrong."""
    lines = data.split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        if len(line) != 2 * width or any(_VALUES[byte] == _NO_DIGIT for byte in line):
            shown = line[:24].decode("ascii", "backslashreplace")
            raise VectorError(
                f"{where}: line {number} is {shown!r}; write {2 * width} lower-case hexadecimal"
                " digits and a line feed (PACK-6)"
            )
    if len(data) > elements * (2 * width + 1):
        raise VectorError(f"{where}: more than the {elements} elements of the tensor")
    if lines[-1]:
        raise VectorError(f"{where}: the last line has no line feed at its end (PACK-6)")
    raise VectorError(f"{where}: {len(lines) - 1} lines; the tensor has {elements} elements")
