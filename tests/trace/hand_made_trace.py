"""Small records and trace folders made by hand, and folders changed by hand."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikeref.model.layers import IntegerModel
from spikeref.trace.folder import trace_folder
from spikeref.trace.manifest import TraceLevel
from spikeref.trace.records import CacheRecord, InputRecord, LinearRecord, Record

Members = dict[str, Any]


def given_input(token: int, layer: int, counts: Sequence[Sequence[int]]) -> InputRecord:
    """qkv_input of as many tokens as `counts` has rows; potentials are ten times the counts."""
    rows = np.array(counts, dtype=np.int64)
    return InputRecord(
        op="qkv_input",
        layer=layer,
        first_token=token,
        potential=rows * 10,
        exponent=np.full(len(rows), -9, dtype=np.int64),
        amax=np.full(len(rows), 70, dtype=np.int64),
        zero_point=np.zeros(len(rows), dtype=np.int64),
        counts=rows,
    )


def given_linear(token: int, layer: int, accumulator: Sequence[int]) -> LinearRecord:
    """Operator q of one token; outputs are twice the accumulators."""
    row = np.array([accumulator], dtype=np.int64)
    return LinearRecord(
        op="q",
        layer=layer,
        first_token=token,
        accumulator=row,
        output=row * 2,
        saturations=np.zeros(1, dtype=np.int64),
    )


def given_keys(token: int, layer: int, counts: Sequence[Sequence[int]]) -> CacheRecord:
    """Keys of one token, `counts` [G, d]."""
    heads = np.array([counts], dtype=np.int64)
    return CacheRecord(
        op="key_spikes",
        layer=layer,
        first_token=token,
        potential=heads * 3,
        mantissa=np.full(heads.shape[:2], 1 << 15, dtype=np.int64),
        exponent=np.full(heads.shape[:2], -30, dtype=np.int64),
        counts=heads.astype(np.int8),
    )


def small_records() -> list[Record]:
    """Two tokens of layer 0: input of 3 neurons, q of 2 outputs, keys of 2 heads of 2."""
    return [
        given_input(0, 0, [[3, -2, 0], [0, 7, -8]]),
        given_linear(0, 0, [40, -50]),
        given_linear(1, 0, [60, 70]),
        given_keys(0, 0, [[1, 0], [-3, 2]]),
        given_keys(1, 0, [[0, 0], [0, 0]]),
    ]


def write(
    folder: Path,
    model: IntegerModel,
    records: Iterable[Record],
    tokens: Sequence[int] = (5, 6),
    level: TraceLevel = "full",
) -> Path:
    """Write a trace of `records`, whatever they are."""
    with trace_folder(folder, level, model, "dense") as sink:
        for record in records:
            sink(record)
        sink.finish(tokens)
    return folder


def edit(folder: Path, name: str, change: Callable[[bytearray], object]) -> None:
    """Change the bytes of one file."""
    data = bytearray((folder / name).read_bytes())
    change(data)
    (folder / name).write_bytes(data)


def edit_manifest(folder: Path, change: Callable[[Members], object]) -> None:
    """Change the members of manifest.json."""
    path = folder / "manifest.json"
    members = json.loads(path.read_text())
    change(members)
    path.write_text(json.dumps(members))


def reseal(folder: Path) -> None:
    """Make every digest of the manifest true again after a change, from the clauses alone."""
    index = (folder / "index.bin").read_bytes()
    members = json.loads((folder / "manifest.json").read_text())
    header = (
        f'{{"format":"spikeref-trace-1","model_digest":"{members["model_digest"]}",'
        f'"tokens":[{",".join(map(str, members["tokens"]))}]}}'
    )
    digests = b"".join(index[i + 16 : i + 48] for i in range(0, len(index), 64))
    members["trace_digest"] = hashlib.sha256(header.encode() + digests).hexdigest()
    members["index_digest"] = hashlib.sha256(index).hexdigest()
    members["records"] = len(index) // 64
    if (folder / "payload.bin").exists() and members["level"] != "digest":
        payload = (folder / "payload.bin").read_bytes()
        members["payload_digest"] = hashlib.sha256(payload).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(members))
