"""Writes a trace folder while the forward pass runs (TRACE-7)."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import UsageError
from spikeref.model.any_model import AnyModel
from spikeref.model.any_profile import any_profile_to_json
from spikeref.model.config import SPEC_VERSION
from spikeref.storage.atomic import atomic_folder
from spikeref.storage.canonical import sha256_hex
from spikeref.trace.canonical import (
    TRACE_FORMAT,
    TokenRecord,
    ordered_trace_digest,
    record_bytes,
    token_records,
)
from spikeref.trace.index import INDEX_ENTRY, causal_keys, index_entry
from spikeref.trace.manifest import INDEX_NAME, MANIFEST_NAME, PAYLOAD_NAME, TraceLevel
from spikeref.trace.records import OPS, Record
from spikeref.trace.stored import stored_names


@contextlib.contextmanager
def trace_folder(
    path: str | Path, level: TraceLevel, model: AnyModel, engine: str
) -> Iterator["FolderSink"]:
    """A sink that writes a trace of `model` into the new folder `path`.

    Pass it to any number of forward passes over one cache, then call `finish(tokens)` inside the
    block. The folder appears when the block ends, whole; if it ends by an exception, Ctrl-C
    included, nothing is left. UsageError: `path` exists and is not an empty folder, cannot be
    written, or `finish` was not called.
    """
    with atomic_folder(path) as folder, contextlib.ExitStack() as files:
        payload = None
        if level != "digest":
            payload = files.enter_context((folder / PAYLOAD_NAME).open("wb"))
        sink = FolderSink(folder, payload, level, model, engine)
        yield sink
        if not sink.finished:
            raise UsageError(f"{path}: the trace was not finished; call finish(tokens)")


class FolderSink:
    """Streams stored fields to the payload; keeps 64 bytes a record for the index."""

    def __init__(
        self,
        folder: Path,
        payload: BinaryIO | None,
        level: TraceLevel,
        model: AnyModel,
        engine: str,
    ) -> None:
        """Use `trace_folder`."""
        self.finished = False
        self._folder = folder
        self._payload = payload
        self._level = level
        self._model = model
        self._engine = engine
        self._entries = bytearray()
        self._offset = 0
        self._payload_hash = hashlib.sha256()

    def __call__(self, record: Record) -> None:
        """Add the records of all tokens of `record`."""
        if self.finished:
            raise UsageError("trace: a record came after finish; open a new trace")
        for one in token_records(record):
            self._add(one)

    def finish(self, tokens: Sequence[int]) -> str:
        """Write index and manifest; return the trace digest (TRACE-5).

        tokens: all that were passed through the decoder. UsageError if the records are not of
        exactly these positions, or a record came twice.
        """
        if self.finished:
            raise UsageError("trace: finish was called twice")
        ids = [int(token) for token in tokens]
        index = _in_causal_order(self._entries, len(ids))
        digests = np.ascontiguousarray(index["digest"]).data
        trace_digest = ordered_trace_digest(self._model.digest, ids, digests)
        index_bytes = index.tobytes()
        (self._folder / INDEX_NAME).write_bytes(index_bytes)
        self._write_manifest(ids, trace_digest, len(index), sha256_hex(index_bytes))
        self.finished = True
        return trace_digest

    def _add(self, one: TokenRecord) -> None:
        full = record_bytes(one)
        digest = hashlib.sha256(full).digest()
        if self._payload is None:
            self._entries += index_entry(one.place, digest, 0, 0)
            return
        stored = full
        if self._level != "full":
            stored = record_bytes(one, stored_names(one.op, self._level))
        self._payload.write(stored)
        self._payload_hash.update(stored)
        self._entries += index_entry(one.place, digest, self._offset, len(stored))
        self._offset += len(stored)

    def _write_manifest(
        self, tokens: list[int], trace_digest: str, records: int, index_digest: str
    ) -> None:
        manifest = {
            "format": TRACE_FORMAT,
            "spec_version": SPEC_VERSION,
            "model_digest": self._model.digest,
            "trace_digest": trace_digest,
            "level": self._level,
            "tokens": tokens,
            "engine": self._engine,
            "layers": self._model.config.shape.layers,
            "profile": any_profile_to_json(self._model.config.profile),
            "records": records,
            "index_digest": index_digest,
            "payload_digest": None if self._payload is None else self._payload_hash.hexdigest(),
        }
        text = json.dumps(manifest, indent=2) + "\n"
        (self._folder / MANIFEST_NAME).write_text(text, encoding="utf-8")


def _in_causal_order(entries: bytearray, token_count: int) -> NDArray[Any]:
    """Return the index sorted by token, layer, op; UsageError if it is not one of a whole run."""
    index = np.frombuffer(entries, dtype=INDEX_ENTRY)
    keys = causal_keys(index)
    order = np.argsort(keys, kind="stable")
    index, keys = index[order], keys[order]
    for i in np.flatnonzero(keys[1:] == keys[:-1])[:1]:
        op = OPS[int(index[i]["op"])]
        raise UsageError(
            f"trace: token {index[i]['token']}, layer {index[i]['layer']}, {op}: recorded twice;"
            " a trace is of one cache"
        )
    seen = np.unique(index["token"])
    if token_count == 0 or not np.array_equal(seen, np.arange(token_count, dtype=np.int64)):
        raise UsageError(
            f"trace: finished with {token_count} tokens, but records are of {seen.size} positions"
        )
    return index
