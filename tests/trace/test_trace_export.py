"""Spikes as JSON lines and as packets (TRACE-9)."""

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made_trace import given_input, given_keys, small_records, write
from numpy.typing import NDArray

from spikeref.engine.dense import DENSE
from spikeref.engine.events import events_of, pack_events
from spikeref.errors import TraceError, UsageError
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import PROFILES
from spikeref.trace.export import EXPORT_FORMATS, ExportFormat, export_events
from spikeref.trace.populations import encoder_of
from spikeref.trace.reader import read_trace
from spikeref.trace.records import OP_CODES, Record

TOKENS = [256, 72, 105]


def under(model: IntegerModel, profile: str) -> IntegerModel:
    """A model whose manifest states another profile."""
    return replace(model, config=replace(model.config, profile=PROFILES[profile]))


def by_hand(populations: list[tuple[int, int, str, list[int]]]) -> list[dict[str, Any]]:
    """Events of (token, layer, op, counts), from s_d = sign(c) for d <= |c| (ENC-5)."""
    return [
        {
            "token": token,
            "layer": layer,
            "op": op,
            "step": step,
            "source": source,
            "polarity": 1 if count > 0 else -1,
        }
        for token, layer, op, counts in populations
        for step in range(1, 257)
        for source, count in enumerate(counts)
        if step <= abs(count)
    ]


def exported(folder: Path, form: ExportFormat) -> bytes:
    target = folder.with_name(f"{folder.name}.{form}")
    export_events(read_trace(folder), target, form)
    return target.read_bytes()


def test_lines_of_a_small_trace(tmp_path: Path, tiny_model: IntegerModel) -> None:
    folder = write(tmp_path / "trace", tiny_model, [given_input(0, 0, [[0, -2, 1]])], [5])
    assert exported(folder, "jsonl") == (
        b'{"token":0,"layer":0,"op":"qkv_input","step":1,"source":1,"polarity":-1}\n'
        b'{"token":0,"layer":0,"op":"qkv_input","step":1,"source":2,"polarity":1}\n'
        b'{"token":0,"layer":0,"op":"qkv_input","step":2,"source":1,"polarity":-1}\n'
    )


def test_words_of_a_small_trace(tmp_path: Path, tiny_model: IntegerModel) -> None:
    """Bits from EVENT-1: step − 1 from bit 28, polarity bit 36, end bit 37, epoch from bit 38."""
    records: list[Record] = [given_input(0, 0, [[0, -2, 1]]), given_keys(0, 0, [[0, 0], [0, 3]])]
    folder = write(tmp_path / "trace", tiny_model, records, [5])
    words = [
        1 | 1 << 36,
        2,
        1 | 1 << 28 | 1 << 36,
        3 | 1 << 37,
        3 | 1 << 38,
        3 | 1 << 28 | 1 << 38,
        3 | 2 << 28 | 1 << 38,
        3 | 1 << 37 | 1 << 38,
    ]
    assert exported(folder, "packed") == b"".join(w.to_bytes(8, "little") for w in words)


def test_silent_population_has_an_end_marker_alone(
    tmp_path: Path, tiny_model: IntegerModel
) -> None:
    folder = write(tmp_path / "trace", tiny_model, [given_input(0, 0, [[0, 0]])], [5])
    assert exported(folder, "jsonl") == b""
    assert exported(folder, "packed") == (1 << 37).to_bytes(8, "little")


def test_exports_of_a_model_equal_brute_force(tmp_path: Path, tiny_model: IntegerModel) -> None:
    records: list[Record] = []
    cache = Cache(tiny_model.config.shape)
    forward(tiny_model, np.array(TOKENS), cache, DENSE, records.append)
    folder = write(tmp_path / "trace", tiny_model, records, TOKENS, "counts")
    found = [
        (t, r.layer, r.op, np.array(r.counts[t]).reshape(-1))
        for r in records
        for t in range(len(TOKENS))
        if hasattr(r, "counts")
    ]
    found.sort(key=lambda one: (one[0], one[1], OP_CODES[one[2]]))
    lines = exported(folder, "jsonl").decode().splitlines()
    assert [json.loads(line) for line in lines] == by_hand(
        [(t, layer, op, counts.tolist()) for t, layer, op, counts in found]
    )
    profile = tiny_model.config.profile
    epochs = [
        pack_events(events_of(counts, encoder_of(op, profile)), epoch)
        for epoch, (_, _, op, counts) in enumerate(found)
    ]
    words = np.frombuffer(exported(folder, "packed"), dtype="<u8")
    assert np.array_equal(words, np.concatenate(epochs))
    done = export_events(read_trace(folder), tmp_path / "again", "packed")
    assert (done.populations, done.events) == (len(found), len(lines))
    assert len(words) == len(lines) + len(found)


@pytest.mark.parametrize(
    ("profile", "counts"),
    [
        ("sdllm-binary-w4a4kv4", [0, 15, 1, 7]),
        ("sdllm-w8a8kv8", [-128, 127, 0, 1]),
        ("sdllm-w4a4kv4", [-8, 7, 0, 1]),
    ],
)
def test_extreme_counts_fire_their_whole_train(
    tmp_path: Path, tiny_model: IntegerModel, profile: str, counts: list[int]
) -> None:
    folder = write(
        tmp_path / "trace", under(tiny_model, profile), [given_input(0, 1, [counts])], [5]
    )
    lines = exported(folder, "jsonl").decode().splitlines()
    assert [json.loads(line) for line in lines] == by_hand([(0, 1, "qkv_input", counts)])
    words = np.frombuffer(exported(folder, "packed"), dtype="<u8")
    assert [(w & 0xFFFFFFF, (w >> 28 & 0xFF) + 1, w >> 36 & 1) for w in words[:-1].tolist()] == [
        (e["source"], e["step"], int(e["polarity"] < 0)) for e in map(json.loads, lines)
    ]


@pytest.mark.parametrize(
    ("profile", "count"),
    [("sdllm-w4a4kv4", 8), ("sdllm-w4a4kv4", -9), ("sdllm-binary-w4a4kv4", -1)],
)
@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_count_that_the_profile_cannot_encode_is_refused(
    tmp_path: Path, tiny_model: IntegerModel, profile: str, count: int, form: ExportFormat
) -> None:
    records = [given_input(0, 0, [[1], [count]])]
    folder = write(tmp_path / "trace", under(tiny_model, profile), records)
    message = rf"token 1, layer 0, qkv_input: count {count} is not in"
    with pytest.raises(TraceError, match=message):
        export_events(read_trace(folder), tmp_path / "out", form)
    assert [p.name for p in tmp_path.iterdir()] == ["trace"]


def test_level_digest_cannot_be_exported(tmp_path: Path, tiny_model: IntegerModel) -> None:
    folder = write(tmp_path / "trace", tiny_model, small_records(), level="digest")
    with pytest.raises(UsageError, match="holds no spikes"):
        export_events(read_trace(folder), tmp_path / "out", "jsonl")
    assert [p.name for p in tmp_path.iterdir()] == ["trace"]


def test_export_into_the_trace_itself_is_refused(tmp_path: Path, tiny_model: IntegerModel) -> None:
    trace = read_trace(write(tmp_path / "trace", tiny_model, small_records()))
    with pytest.raises(UsageError, match="lies in the trace"):
        export_events(trace, tmp_path / "trace" / "payload.bin", "packed")
    assert read_trace(tmp_path / "trace").manifest == trace.manifest


NEURONS, POSITIONS, STEPS = 8192, 32, 8


@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_export_never_holds_the_train_of_a_layer(
    tmp_path: Path, tiny_model: IntegerModel, form: ExportFormat
) -> None:
    """One population of 8 steps is 64 KB as signs; the layer's 32 tokens are 2 MB of them."""
    counts: NDArray[np.int64] = np.zeros((POSITIONS, NEURONS), dtype=np.int64)
    counts[:, ::16] = -8
    records = [given_input(0, 0, counts.tolist())]
    trace = read_trace(write(tmp_path / "trace", tiny_model, records, [5] * POSITIONS, "counts"))
    tracemalloc.start()
    done = export_events(trace, tmp_path / "out", form)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.events == POSITIONS * NEURONS // 16 * STEPS
    assert peak < POSITIONS * NEURONS * STEPS // 8
    assert peak < (tmp_path / "out").stat().st_size // 4
