"""The .npy image of a tensor; foreign files are parsed strictly and never unpickled."""

import ast
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import VectorError
from spikeref.vectors.case import TensorType, dtype_of, width_of

_MAGIC = b"\x93NUMPY"
_ALIGNMENT = 64
LONGEST_HEADER = 1 << 16
"""Bytes before the elements; a header of eight numbers needs two hundred."""

_LENGTH_BYTES = {1: 2, 2: 4, 3: 4}
"""Bytes of the header's length, by the format's major version."""


def npy_bytes(array: NDArray[Any], kind: TensorType) -> bytes:
    """Return the file of a tensor in format 1.0, row-major: the same for every NumPy release."""
    data = np.ascontiguousarray(array, dtype=dtype_of(kind)).tobytes()
    fields = f"{{'descr': '{_descr(kind)}', 'fortran_order': False, 'shape': {array.shape}, }}"
    length = len(_MAGIC) + 4 + len(fields) + 1
    header = fields + " " * (-length % _ALIGNMENT) + "\n"
    return _MAGIC + b"\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


def parse_npy(data: bytes, kind: TensorType, shape: tuple[int, ...], where: str) -> NDArray[Any]:
    """Return the tensor of a file, little-endian, read-only, of `shape`.

    VectorError: no .npy file, a header that is enormous or no header, another element type (floats
    and objects among them), another shape, or more or fewer bytes than they need.
    """
    start, header = _header(data, where)
    if header["descr"] != _descr(kind):
        raise VectorError(f"{where}: elements of {header['descr']!r}; the tensor is {kind}")
    if header["shape"] != shape:
        raise VectorError(f"{where}: shape {header['shape']}; the tensor has {shape}")
    elements = 1
    for size in shape:
        elements *= size
    if len(data) - start != elements * width_of(kind):
        raise VectorError(
            f"{where}: {len(data) - start} bytes of elements; the tensor has"
            f" {elements * width_of(kind)}"
        )
    flat = np.frombuffer(data, dtype=dtype_of(kind), offset=start)
    return flat.reshape(shape, order="F" if header["fortran_order"] else "C")


def _descr(kind: TensorType) -> str:
    """Return NumPy's name of a tensor type; single bytes have no order."""
    return f"{'|' if width_of(kind) == 1 else '<'}{kind[0]}{width_of(kind)}"


def _header(data: bytes, where: str) -> tuple[int, dict[str, Any]]:
    """Return where the elements start, and the header's three members with their types proven."""
    digits = _LENGTH_BYTES.get(data[6] if len(data) > 6 else 0)
    if data[:6] != _MAGIC or digits is None:
        raise VectorError(f"{where}: not a .npy file of format 1, 2 or 3")
    first = 8 + digits
    length = int.from_bytes(data[8:first], "little")
    if length > LONGEST_HEADER or first + length > len(data):
        raise VectorError(f"{where}: a header of {length} bytes; it is truncated or damaged")
    try:
        header = ast.literal_eval(data[first : first + length].decode("ascii").strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        raise VectorError(f"{where}: its header is no dictionary of literals") from None
    if (
        not isinstance(header, dict)
        or set(header) != {"descr", "fortran_order", "shape"}
        or type(header["fortran_order"]) is not bool
        or type(header["shape"]) is not tuple
        or not all(type(size) is int for size in header["shape"])
    ):
        raise VectorError(f"{where}: its header does not state descr, fortran_order and shape")
    return first + length, header
