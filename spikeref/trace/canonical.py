"""Canonical bytes and digests of trace records (TRACE-3 to TRACE-5)."""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.widths import require_width
from spikeref.storage.canonical import canonical_json
from spikeref.trace.records import OP_CODES, Op, Record, token_count

TYPE_CODES = {"int8": 1, "int16": 2, "int32": 4, "int64": 8}
TRACE_FORMAT = "spikeref-trace-1"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record stands in causal order: token, layer, op code."""

    token: int
    layer: int
    op_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """One record of one token: its place, its op, and its fields in canonical order."""

    place: Place
    op: Op
    fields: dict[str, NDArray[Any]]
    """Name -> array of the canonical type, any shape."""


def token_records(record: Record) -> Iterator[TokenRecord]:
    """Yield the record of each token that `record` covers, fields narrowed to their types."""
    narrowed = _narrowed(record)
    for t in range(token_count(record)):
        yield TokenRecord(
            place=_place(record, t),
            op=record.op,
            fields={name: array[t] for name, array in narrowed.items()},
        )


def record_digests(record: Record) -> list[tuple[Place, bytes]]:
    """Return place and digest of each token's record: `record_digest` of all `token_records`.

    The heads of the fields are the same for every token, so they are packed once.
    """
    fields = [
        (_field_head(array[0]), array.tobytes(), array[0].nbytes)
        for array in _narrowed(record).values()
    ]
    found = []
    for t in range(token_count(record)):
        place = _place(record, t)
        parts = [_record_head(place, len(fields))]
        for head, data, size in fields:
            parts += (head, data[t * size : (t + 1) * size])
        found.append((place, hashlib.sha256(b"".join(parts)).digest()))
    return found


def _place(record: Record, t: int) -> Place:
    return Place(record.first_token + t, record.layer, OP_CODES[record.op])


def _narrowed(record: Record) -> dict[str, NDArray[Any]]:
    """Return the fields as little-endian arrays of their types; RangeError if one does not fit."""
    narrowed = {}
    for name, form in record.fields.items():
        array = getattr(record, name)
        if array.itemsize > TYPE_CODES[form]:
            require_width(f"{record.op}.{name}", array, 8 * TYPE_CODES[form], "TRACE-2")
        narrowed[name] = np.ascontiguousarray(array, dtype=f"<{type_letter(form)}")
    return narrowed


def type_letter(form: str) -> str:
    """Return NumPy's letter and size of a canonical type: "int32" -> "i4"."""
    return f"i{TYPE_CODES[form]}"


def record_bytes(record: TokenRecord, names: Iterable[str] | None = None) -> bytes:
    """Return the canonical bytes of a token's record, or of those of its fields in `names`."""
    chosen = [name for name in record.fields if names is None or name in names]
    parts = [_record_head(record.place, len(chosen))]
    for name in chosen:
        parts += (_field_head(record.fields[name]), record.fields[name].tobytes())
    return b"".join(parts)


def _record_head(place: Place, fields: int) -> bytes:
    return struct.pack("<IiII", place.token, place.layer, place.op_code, fields)


def _field_head(array: NDArray[Any]) -> bytes:
    return struct.pack(f"<BB{array.ndim}I", array.itemsize, array.ndim, *array.shape)


def record_digest(record: TokenRecord) -> bytes:
    """Return the SHA-256 of a token's record, 32 bytes, whatever the level of the trace."""
    return hashlib.sha256(record_bytes(record)).digest()


def trace_digest(model_digest: str, tokens: list[int], digests: dict[Place, bytes]) -> str:
    """Return the trace digest in hex: header and record digests in causal order (TRACE-5)."""
    ordered = b"".join(digests[place] for place in sorted(digests))
    return ordered_trace_digest(model_digest, tokens, ordered)


def ordered_trace_digest(
    model_digest: str, tokens: Sequence[int], digests: bytes | memoryview
) -> str:
    """Return the trace digest of record digests that follow each other in causal order."""
    header = {"format": TRACE_FORMAT, "model_digest": model_digest, "tokens": list(tokens)}
    whole = hashlib.sha256(canonical_json(header))
    whole.update(digests)
    return whole.hexdigest()
