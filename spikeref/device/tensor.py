"""Tensors of plain integers, and refusals (CONF-1, CONF-3)."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeAlias

RejectKind: TypeAlias = Literal[
    "parameter", "range", "token", "delivery", "code", "model", "headroom"
]
TensorType: TypeAlias = Literal["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]

CODES: dict[TensorType, str] = {
    "i8": "b",
    "i16": "h",
    "i32": "i",
    "i64": "q",
    "u8": "B",
    "u16": "H",
    "u32": "I",
    "u64": "Q",
}


class Refusal(Exception):  # noqa: N818 - what the specification calls it
    """What a device must refuse; `kind` is the class of error (CONF-8)."""

    def __init__(self, kind: RejectKind, reason: str) -> None:
        """Refuse as `kind`; the reason is for people."""
        super().__init__(f"{kind}: {reason}")
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Tensor:
    """Type, shape, and elements in row-major order."""

    type: TensorType
    shape: tuple[int, ...]
    flat: tuple[int, ...]

    @property
    def scalar(self) -> int:
        """The only element."""
        (value,) = self.flat
        return value

    def rows(self) -> list[tuple[int, ...]]:
        """The elements as rows along the last axis: all leading axes are one."""
        width = self.shape[-1]
        return [self.flat[i * width : (i + 1) * width] for i in range(math.prod(self.shape[:-1]))]

    def blocks(self) -> list[list[tuple[int, ...]]]:
        """A tensor of rank 3 as a list of matrices."""
        rows, height = self.rows(), self.shape[1]
        return [rows[i * height : (i + 1) * height] for i in range(self.shape[0])]

    def to_bytes(self) -> bytes:
        """The content of a .bin file; struct.error where an element does not fit (CONF-3)."""
        return struct.pack(f"<{len(self.flat)}{CODES[self.type]}", *self.flat)


def from_bytes(kind: TensorType, shape: tuple[int, ...], data: bytes) -> Tensor:
    """The tensor of a .bin file; struct.error where the size is another (CONF-3)."""
    return Tensor(kind, shape, struct.unpack(f"<{math.prod(shape)}{CODES[kind]}", data))


def scalar(kind: TensorType, value: int) -> Tensor:
    """A tensor of rank 0."""
    return Tensor(kind, (), (value,))


def vector(kind: TensorType, values: Sequence[int]) -> Tensor:
    """A tensor of rank 1."""
    return Tensor(kind, (len(values),), tuple(values))


def matrix(kind: TensorType, rows: Sequence[Sequence[int]], width: int | None = None) -> Tensor:
    """A tensor of rank 2; `width` is needed where there may be no row."""
    width = len(rows[0]) if width is None else width
    return Tensor(kind, (len(rows), width), tuple(chain.from_iterable(rows)))


def stack(kind: TensorType, matrices: Sequence[Sequence[Sequence[int]]]) -> Tensor:
    """A tensor of rank 3."""
    shape = (len(matrices), len(matrices[0]), len(matrices[0][0]))
    rows = chain.from_iterable(matrices)
    return Tensor(kind, shape, tuple(chain.from_iterable(rows)))


def stacked(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors of one type and shape along a new first axis."""
    first = tensors[0]
    flat = tuple(chain.from_iterable(tensor.flat for tensor in tensors))
    return Tensor(first.type, (len(tensors), *first.shape), flat)
