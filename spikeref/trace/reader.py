"""Reads a trace folder and refuses a damaged or foreign one (TRACE-7)."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import TraceError
from spikeref.trace.canonical import Place, ordered_trace_digest
from spikeref.trace.index import INDEX_ENTRY, causal_key, causal_keys
from spikeref.trace.manifest import INDEX_NAME, PAYLOAD_NAME, Manifest, read_manifest
from spikeref.trace.records import CLOSING_OPS, EMBEDDING_LAYER, EMBEDDING_OPS, OP_CODES, OPS, Op
from spikeref.trace.stored import decode_fields


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TraceFolder:
    """A proven trace: records by number, in causal order; fields are decoded when asked for."""

    path: Path
    manifest: Manifest
    index: NDArray[Any]
    """INDEX_ENTRY [records], mapped read-only."""
    keys: NDArray[np.int64]
    """Causal key of each record, ascending, int64 [records]."""
    payload: NDArray[np.uint8]
    """uint8 [bytes], mapped read-only; empty at level `digest`."""

    def __len__(self) -> int:
        """The number of records."""
        return len(self.index)

    def place(self, number: int) -> Place:
        """Return where record `number` stands."""
        token, layer, op_code = self.index[["token", "layer", "op"]][number].item()
        return Place(token, layer, op_code)

    def op(self, number: int) -> Op:
        """Return the op of record `number`."""
        return OPS[int(self.index["op"][number])]

    def fields(self, number: int) -> dict[str, NDArray[Any]]:
        """Return the stored fields of record `number`: canonical types, read-only."""
        if self.manifest.level == "digest":
            return {}
        return decode_fields(self._stored(number), self.place(number), self.manifest.level)

    def find(self, place: Place) -> int | None:
        """Return the number of the record at `place`, or None where the trace lacks it."""
        manifest = self.manifest
        if not (0 <= place.token < len(manifest.tokens) and -1 <= place.layer <= manifest.layers):
            # Causal keys of other places could be those of places in range.
            return None
        key = causal_key(place)
        number = int(np.searchsorted(self.keys, key))
        return number if number < len(self) and int(self.keys[number]) == key else None

    def _stored(self, number: int) -> NDArray[np.uint8]:
        offset, length = self.index[["offset", "length"]][number].item()
        return self.payload[offset : offset + length]

    def prove_records(self) -> None:
        """Decode every stored record, at level `full` hash it too; TraceError if one is damaged."""
        if self.manifest.level == "digest":
            return
        shapes: dict[tuple[Op, str], tuple[int, ...]] = {}
        for number in range(len(self)):
            op, place = self.op(number), self.place(number)
            where = f"{self.path / PAYLOAD_NAME}: token {place.token}, layer {place.layer}, {op}"
            try:
                fields = self.fields(number)
            except TraceError as fault:
                raise TraceError(f"{self.path / PAYLOAD_NAME}: {fault}") from None
            for name, array in fields.items():
                if shapes.setdefault((op, name), array.shape) != array.shape:
                    raise TraceError(f"{where}: {name} has another shape than in earlier records")
            if self.manifest.level == "full":
                found = hashlib.sha256(self._stored(number).data).digest()
                if found != self.index["digest"][number].tobytes():
                    raise TraceError(f"{where}: its record digest does not match its fields")


def read_trace(folder: str | Path) -> TraceFolder:
    """Return the trace in `folder`, mapped, after proving all that it states about itself.

    TraceError, one line naming the file and, where there is one, the record: a file missing or
    unexpected, another format or version, a digest that does not match, records out of order or
    of no token, layer or op, payloads that do not tile payload.bin, a record that cannot be
    decoded or, at level `full`, whose digest is not that of its fields.
    """
    path = Path(folder)
    manifest = read_manifest(path)
    index = _read_index(path / INDEX_NAME, manifest)
    _check_places(path / INDEX_NAME, index, manifest)
    keys = causal_keys(index)
    for i in np.flatnonzero(keys[1:] <= keys[:-1])[:1]:
        raise TraceError(f"{path / INDEX_NAME}: record {i + 1} is not in causal order")
    _check_trace_digest(path, index, manifest)
    trace = TraceFolder(
        path=path,
        manifest=manifest,
        index=index,
        keys=keys,
        payload=_read_payload(path / PAYLOAD_NAME, index, manifest),
    )
    trace.prove_records()
    return trace


def _mapped(path: Path) -> NDArray[np.uint8]:
    """Return the bytes of a file, uint8 [bytes], mapped read-only."""
    try:
        if path.stat().st_size == 0:
            return np.frombuffer(b"", dtype=np.uint8)
        return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    except OSError as fault:
        raise TraceError(
            f"{path}: cannot be read ({fault.strerror}); the trace is incomplete"
        ) from fault


def _read_index(path: Path, manifest: Manifest) -> NDArray[Any]:
    data = _mapped(path)
    needed = manifest.records * INDEX_ENTRY.itemsize
    if len(data) != needed:
        raise TraceError(
            f"{path}: {len(data)} bytes, {needed} are needed for {manifest.records} records;"
            " it is truncated or of another trace"
        )
    if hashlib.sha256(data.data).hexdigest() != manifest.index_digest:
        raise TraceError(f"{path}: damaged (its SHA-256 differs); write the trace again")
    return data.view(INDEX_ENTRY)


def _check_places(path: Path, index: NDArray[Any], manifest: Manifest) -> None:
    layer, op = index["layer"].astype(np.int64), index["op"].astype(np.int64)
    embeds = np.isin(op, [OP_CODES[name] for name in EMBEDDING_OPS])
    closes = np.isin(op, [OP_CODES[name] for name in CLOSING_OPS])
    first = np.where(embeds, EMBEDDING_LAYER, np.where(closes, manifest.layers, 0))
    last = np.where(embeds, EMBEDDING_LAYER, manifest.layers - ~closes)
    wrong = (index["token"] >= len(manifest.tokens)) | (op >= len(OPS)) | (index["zero"] != 0)
    for i in np.flatnonzero(wrong | (layer < first) | (layer > last))[:1]:
        entry = index[i]
        raise TraceError(
            f"{path}: record {i} is of token {entry['token']}, layer {entry['layer']}, op code"
            f" {entry['op']}, which this trace cannot have; it is damaged"
        )


def _check_trace_digest(path: Path, index: NDArray[Any], manifest: Manifest) -> None:
    digests = np.ascontiguousarray(index["digest"]).data
    found = ordered_trace_digest(manifest.model_digest, manifest.tokens, digests)
    if found != manifest.trace_digest:
        raise TraceError(
            f"{path}: trace_digest does not match model, tokens and records; write the trace again"
        )


def _read_payload(path: Path, index: NDArray[Any], manifest: Manifest) -> NDArray[np.uint8]:
    if manifest.payload_digest is None:
        if path.exists():
            raise TraceError(f"{path}: has no place in a trace of level digest; remove it")
        if np.any(index["offset"]) or np.any(index["length"]):
            raise TraceError(f"{path.with_name(INDEX_NAME)}: offsets at level digest must be 0")
        return np.frombuffer(b"", dtype=np.uint8)
    data = _mapped(path)
    if hashlib.sha256(data.data).hexdigest() != manifest.payload_digest:
        raise TraceError(f"{path}: damaged or truncated (its SHA-256 differs); write it again")
    _check_tiling(path, index, len(data))
    return data


def _check_tiling(path: Path, index: NDArray[Any], size: int) -> None:
    """Prove that the payloads cover the file once, in whatever order."""
    order = np.argsort(index["offset"], kind="stable")
    begin, length = index["offset"][order], index["length"][order]
    # Sums of offset and length cannot wrap once neither is larger than the file.
    for i in np.flatnonzero((begin > size) | (length > size))[:1]:
        raise TraceError(f"{path}: record {order[i]} ends after the file; it is truncated")
    reached = np.concatenate([np.zeros(1, dtype=np.uint64), begin + length])
    for i in np.flatnonzero(np.append(begin, np.uint64(size)) != reached)[:1]:
        raise TraceError(f"{path}: gap or overlap at byte {reached[i]}; write the trace again")
