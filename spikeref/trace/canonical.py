"""Canonical bytes and digests of trace records (TRACE-3 to TRACE-5)."""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    code = OP_CODES[record.op]
    narrowed = {
        name: np.ascontiguousarray(getattr(record, name), dtype=f"<{type_letter(form)}")
        for name, form in record.fields.items()
    }
    for t in range(token_count(record)):
        yield TokenRecord(
            place=Place(record.first_token + t, record.layer, code),
            op=record.op,
            fields={name: array[t] for name, array in narrowed.items()},
        )


def type_letter(form: str) -> str:
    """Return NumPy's letter and size of a canonical type: "int32" -> "i4"."""
    return f"i{TYPE_CODES[form]}"


def record_bytes(record: TokenRecord, names: Iterable[str] | None = None) -> bytes:
    """Return the canonical bytes of a token's record, or of those of its fields in `names`."""
    chosen = [name for name in record.fields if names is None or name in names]
    place = record.place
    parts = [struct.pack("<IiII", place.token, place.layer, place.op_code, len(chosen))]
    for name in chosen:
        array = record.fields[name]
        parts.append(struct.pack(f"<BB{array.ndim}I", array.itemsize, array.ndim, *array.shape))
        parts.append(array.tobytes())
    return b"".join(parts)


def record_digest(record: TokenRecord) -> bytes:
    """Return the SHA-256 of a token's record, 32 bytes, whatever the level of the trace."""
    return hashlib.sha256(record_bytes(record)).digest()


def trace_digest(model_digest: str, tokens: list[int], digests: dict[Place, bytes]) -> str:
    """Return the trace digest in hex: header and record digests in causal order (TRACE-5)."""
    header = {"format": TRACE_FORMAT, "model_digest": model_digest, "tokens": tokens}
    whole = hashlib.sha256(canonical_json(header))
    for place in sorted(digests):
        whole.update(digests[place])
    return whole.hexdigest()
