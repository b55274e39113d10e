"""The index of a trace folder: 64 bytes a record, in causal order (TRACE-7)."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.model.limits import LARGEST_SIZES
from spikeref.trace.canonical import Place
from spikeref.trace.records import EMBEDDING_LAYER, OPS

INDEX_ENTRY = np.dtype(
    [
        ("token", "<u4"),
        ("layer", "<i4"),
        ("op", "<u4"),
        ("zero", "<u4"),
        ("digest", "u1", (32,)),
        ("offset", "<u8"),
        ("length", "<u8"),
    ]
)

_ENTRY = struct.Struct("<IiII32sQQ")
"""INDEX_ENTRY, one at a time."""

_LAYER_PLACES = LARGEST_SIZES["layers"] + 2
"""Layers −1 (embedding) to L (head)."""


def index_entry(place: Place, digest: bytes, offset: int, length: int) -> bytes:
    """Return the 64 bytes of one record."""
    return _ENTRY.pack(place.token, place.layer, place.op_code, 0, digest, offset, length)


def causal_key(place: Place) -> int:
    """Return a number that grows in causal order; below 2^50."""
    layer_place = place.layer - EMBEDDING_LAYER
    return (place.token * _LAYER_PLACES + layer_place) * len(OPS) + place.op_code


def causal_keys(index: NDArray[Any]) -> NDArray[np.int64]:
    """Return the causal key of each entry of an index, int64 [records]; places in their ranges."""
    layer_place = index["layer"].astype(np.int64) - np.int64(EMBEDDING_LAYER)
    token_place = index["token"].astype(np.int64) * np.int64(_LAYER_PLACES)
    keys = (token_place + layer_place) * np.int64(len(OPS)) + index["op"].astype(np.int64)
    return np.asarray(keys, dtype=np.int64)
