"""Chapter 12: records, their canonical bytes and the digests."""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeAlias

from .model_folder import canonical_json

Kind: TypeAlias = Literal["i16", "i32", "i64"]

CODES = {"i16": "h", "i32": "i", "i64": "q"}
OP_CODES = {
    "embedding": 0,
    "qkv_input": 1,
    "q": 2,
    "k": 3,
    "v": 4,
    "query": 5,
    "key_spikes": 6,
    "value_spikes": 7,
    "attention": 8,
    "o_input": 9,
    "o": 10,
    "attention_residual": 11,
    "gate_up_input": 12,
    "gate": 13,
    "up": 14,
    "down_input": 15,
    "down": 16,
    "mlp_residual": 17,
    "head": 18,
}


@dataclass(frozen=True, slots=True)
class Field:
    """A tensor of a record: type, shape, elements in row-major order."""

    kind: Kind
    shape: tuple[int, ...]
    flat: tuple[int, ...]

    def canonical(self) -> bytes:
        """Bytes per element, rank, dimensions, elements (TRACE-3)."""
        code = CODES[self.kind]
        head = struct.pack("<BB", struct.calcsize("<" + code), len(self.shape))
        dimensions = struct.pack(f"<{len(self.shape)}I", *self.shape)
        return head + dimensions + struct.pack(f"<{len(self.flat)}{code}", *self.flat)


def scalar(kind: Kind, value: int) -> Field:
    """A field of rank 0."""
    return Field(kind, (), (value,))


def vector(kind: Kind, values: Sequence[int]) -> Field:
    """A field of rank 1."""
    return Field(kind, (len(values),), tuple(values))


def matrix(kind: Kind, rows: Sequence[Sequence[int]]) -> Field:
    """A field of rank 2."""
    return Field(kind, (len(rows), len(rows[0])), tuple(chain.from_iterable(rows)))


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its place and its fields in canonical order (TRACE-2)."""

    token: int
    layer: int
    op: str
    fields: Mapping[str, Field]

    @property
    def code(self) -> int:
        """The op code (TRACE-2)."""
        return OP_CODES[self.op]

    def digest(self) -> bytes:
        """SHA-256 of the canonical bytes (TRACE-3, TRACE-4)."""
        head = struct.pack("<IiII", self.token, self.layer, self.code, len(self.fields))
        return hashlib.sha256(
            head + b"".join(field.canonical() for field in self.fields.values())
        ).digest()


def trace_digest(model_digest: str, tokens: Sequence[int], records: Sequence[Record]) -> str:
    """The digest of a whole trace (TRACE-5)."""
    head = {
        "format": "spikeref-trace-1",
        "model_digest": model_digest,
        "tokens": list(tokens),
    }
    ordered = sorted(records, key=lambda record: (record.token, record.layer, record.code))
    digests = b"".join(record.digest() for record in ordered)
    return hashlib.sha256(canonical_json(head) + digests).hexdigest()
