"""The stored fields of one record, read back from their canonical bytes (TRACE-3, TRACE-6)."""

import math
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import TraceError
from spikeref.trace.canonical import TYPE_CODES, Place, type_letter
from spikeref.trace.manifest import TraceLevel
from spikeref.trace.records import COUNT_FIELDS, OPS, RECORD_TYPES

FIELD_TYPES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        op: MappingProxyType(kind.fields)
        for kind in RECORD_TYPES
        for op in get_args(get_type_hints(kind)["op"])
    }
)
"""Op -> its fields in canonical order, each with its type (TRACE-2)."""

HEADER = struct.Struct("<IiII")
"""Token, layer, op code, number of fields."""

LARGEST_RANK = 2


def stored_names(op: str, level: TraceLevel) -> tuple[str, ...]:
    """Return the fields of `op` that a trace of `level` stores, in canonical order (TRACE-6)."""
    match level:
        case "digest":
            return ()
        case "counts":
            return tuple(name for name in FIELD_TYPES[op] if name in COUNT_FIELDS)
        case "full":
            return tuple(FIELD_TYPES[op])


def decode_fields(
    data: NDArray[np.uint8], place: Place, level: TraceLevel
) -> dict[str, NDArray[Any]]:
    """Return the fields in `data`, uint8 [length], the stored bytes of the record at `place`.

    Each is a view of its canonical type and shape, read-only where `data` is. TraceError where the
    bytes are not those of such a record: another place, field number, type or rank, too short or
    too long.
    """
    op = OPS[place.op_code]
    names = stored_names(op, level)
    where = f"token {place.token}, layer {place.layer}, {op}"
    fields: dict[str, NDArray[Any]] = {}
    try:
        header = HEADER.unpack_from(data.data)
        if header != (place.token, place.layer, place.op_code, len(names)):
            raise TraceError(f"{where}: its payload is of another record or level")
        begin = HEADER.size
        for name in names:
            size, rank = struct.unpack_from("<BB", data.data, begin)
            form = FIELD_TYPES[op][name]
            if size != TYPE_CODES[form] or rank > LARGEST_RANK:
                raise TraceError(f"{where}: {name} is not of the type {form}")
            shape = struct.unpack_from(f"<{rank}I", data.data, begin + 2)
            begin += 2 + 4 * rank
            end = begin + size * math.prod(shape)
            if end > len(data):
                raise TraceError(f"{where}: {name} of shape {list(shape)} ends after its payload")
            fields[name] = data[begin:end].view(f"<{type_letter(form)}").reshape(shape)
            begin = end
    except struct.error as fault:
        raise TraceError(f"{where}: its payload is too short") from fault
    if begin != len(data):
        raise TraceError(f"{where}: {len(data) - begin} bytes after its last field")
    return fields
