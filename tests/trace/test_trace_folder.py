"""Trace folders as they are written, at every level (TRACE-6, TRACE-7)."""

import hashlib
import json
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hand_made_trace import given_input, given_linear, small_records, write

from spikeref.engine.dense import DENSE
from spikeref.errors import UsageError
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.layers import IntegerModel
from spikeref.trace.canonical import Place, record_bytes, token_records
from spikeref.trace.folder import FolderSink, trace_folder
from spikeref.trace.manifest import TRACE_LEVELS, TraceLevel
from spikeref.trace.reader import TraceFolder, read_trace
from spikeref.trace.records import COUNT_FIELDS, SDLLM_OPS, Record
from spikeref.trace.sinks import DigestSink, Sink, tee

TOKENS = [256, 72, 105, 287]


def run(model: IntegerModel, sink: Sink, calls: tuple[int, ...] = (2, 1, 1)) -> None:
    cache, begin = Cache(model.config.shape), 0
    for count in calls:
        forward(model, np.array(TOKENS[begin : begin + count]), cache, DENSE, sink)
        begin += count


def traced(folder: Path, model: IntegerModel, level: TraceLevel, calls: tuple[int, ...]) -> str:
    with trace_folder(folder, level, model, "dense") as sink:
        run(model, sink, calls)
        return sink.finish(TOKENS)


def test_digest_depends_neither_on_level_nor_on_prefill(
    tmp_path: Path, tiny_model: IntegerModel
) -> None:
    digests = DigestSink()
    run(tiny_model, digests)
    expected = digests.digest(tiny_model.digest, TOKENS)
    for level in TRACE_LEVELS:
        for name, calls in (("prefill", (4,)), ("decode", (1, 1, 1, 1))):
            folder = tmp_path / f"{level}-{name}"
            assert traced(folder, tiny_model, level, calls) == expected
            assert read_trace(folder).manifest.trace_digest == expected


@pytest.mark.parametrize("level", TRACE_LEVELS)
def test_round_trip(tmp_path: Path, tiny_model: IntegerModel, level: TraceLevel) -> None:
    records: list[Record] = []
    with trace_folder(tmp_path / "trace", level, tiny_model, "dense") as sink:
        run(tiny_model, tee(sink, records.append))
        sink.finish(TOKENS)
    trace = read_trace(tmp_path / "trace")
    expected = {one.place: one for record in records for one in token_records(record)}
    assert [trace.place(i) for i in range(len(trace))] == sorted(expected)
    for number in range(len(trace)):
        one = expected[trace.place(number)]
        assert trace.op(number) == one.op
        assert trace.find(one.place) == number
        fields = trace.fields(number)
        assert list(fields) == [name for name in one.fields if is_stored(name, level)]
        for name, array in fields.items():
            assert array.dtype == one.fields[name].dtype
            assert not array.flags.writeable
            assert np.array_equal(array, one.fields[name])


def is_stored(name: str, level: TraceLevel) -> bool:
    return level == "full" or (level == "counts" and name in COUNT_FIELDS)


def test_every_token_has_every_op_once(tmp_path: Path, tiny_model: IntegerModel) -> None:
    traced(tmp_path / "trace", tiny_model, "digest", (4,))
    trace = read_trace(tmp_path / "trace")
    inside = [(layer, op) for layer in range(2) for op in range(1, len(SDLLM_OPS) - 1)]
    expected = [(-1, 0), *inside, (2, 18)]
    found = [(p.token, p.layer, p.op_code) for p in map(trace.place, range(len(trace)))]
    assert found == [(token, *rest) for token in range(4) for rest in expected]


def test_files_are_as_the_clause_says(tmp_path: Path, tiny_model: IntegerModel) -> None:
    folder = write(tmp_path / "trace", tiny_model, small_records())
    index, payload = ((folder / name).read_bytes() for name in ("index.bin", "payload.bin"))
    manifest = json.loads((folder / "manifest.json").read_text())
    compiled = json.loads((tiny_model.folder / "config.json").read_text())
    assert manifest.pop("profile") == compiled["profile"]
    assert manifest.pop("trace_digest") == read_trace(folder).manifest.trace_digest
    assert manifest == {
        "format": "spikeref-trace-1",
        "spec_version": "1.0",
        "model_digest": tiny_model.digest,
        "level": "full",
        "tokens": [5, 6],
        "engine": "dense",
        "layers": 2,
        "records": 6,
        "index_digest": hashlib.sha256(index).hexdigest(),
        "payload_digest": hashlib.sha256(payload).hexdigest(),
    }
    entries = list(struct.iter_unpack("<IiII32sQQ", index))
    assert [entry[:4] for entry in entries] == [
        (0, 0, 1, 0), (0, 0, 2, 0), (0, 0, 6, 0), (1, 0, 1, 0), (1, 0, 2, 0), (1, 0, 6, 0),
    ]  # fmt: skip
    for *_, digest, offset, length in entries:
        assert hashlib.sha256(payload[offset : offset + length]).digest() == digest
    (_, second) = token_records(small_records()[0])
    offset, length = entries[3][-2:]
    assert payload[offset : offset + length] == record_bytes(second)


def test_level_digest_has_no_payload(tmp_path: Path, tiny_model: IntegerModel) -> None:
    folder = write(tmp_path / "trace", tiny_model, small_records(), level="digest")
    assert sorted(p.name for p in folder.iterdir()) == ["index.bin", "manifest.json"]
    trace = read_trace(folder)
    assert trace.manifest.payload_digest is None
    assert trace.fields(0) == {}


def test_find_gives_none_for_places_that_the_trace_lacks(
    tmp_path: Path, tiny_model: IntegerModel
) -> None:
    trace: TraceFolder = read_trace(write(tmp_path / "trace", tiny_model, small_records()))
    assert trace.find(Place(1, 0, 6)) == 5
    for token, layer, op in ((0, 0, 3), (0, 1, 1), (2, 0, 1), (-1, 0, 1), (1 << 70, 0, 1)):
        assert trace.find(Place(token, layer, op)) is None
    # 4098 layer places a token: this place has the causal key of token 1, layer 0.
    assert trace.find(Place(0, 4098, 1)) is None


@pytest.mark.parametrize("level", TRACE_LEVELS)
@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError])
def test_interruption_leaves_nothing(
    tmp_path: Path, tiny_model: IntegerModel, level: TraceLevel, fault: type[BaseException]
) -> None:
    def interrupted() -> None:
        with trace_folder(tmp_path / "new" / "trace", level, tiny_model, "dense") as sink:
            run(tiny_model, sink)
            assert any(tmp_path.iterdir())
            raise fault

    with pytest.raises(fault):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_unfinished_trace_is_refused(tmp_path: Path, tiny_model: IntegerModel) -> None:
    with (
        pytest.raises(UsageError, match="not finished"),
        trace_folder(tmp_path / "trace", "counts", tiny_model, "dense") as sink,
    ):
        sink(small_records()[0])
    assert list(tmp_path.iterdir()) == []


def test_finish_refuses_what_is_no_whole_run(tmp_path: Path, tiny_model: IntegerModel) -> None:
    def finished(name: str, records: list[Record], tokens: list[int]) -> None:
        write(tmp_path / name, tiny_model, records, tokens)

    with pytest.raises(UsageError, match="3 tokens, but records are of 2 positions"):
        finished("more-tokens", small_records(), [5, 6, 7])
    with pytest.raises(UsageError, match="1 tokens, but records are of 2 positions"):
        finished("fewer-tokens", small_records(), [5])
    with pytest.raises(UsageError, match="0 tokens"):
        finished("nothing", [], [])
    with pytest.raises(UsageError, match="token 1, layer 0, q: recorded twice"):
        finished("twice", [*small_records(), given_linear(1, 0, [60, 70])], [5, 6])
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_taken_after_finish(tmp_path: Path, tiny_model: IntegerModel) -> None:
    with trace_folder(tmp_path / "trace", "full", tiny_model, "dense") as sink:
        sink(small_records()[0])
        sink.finish([5, 6])
        with pytest.raises(UsageError, match="after finish"):
            sink(small_records()[1])
        with pytest.raises(UsageError, match="called twice"):
            sink.finish([5, 6])
    assert len(read_trace(tmp_path / "trace")) == 2


def test_existing_folder_is_kept(tmp_path: Path, tiny_model: IntegerModel) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(UsageError, match="not empty"):
        write(tmp_path, tiny_model, small_records())
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_fields_are_streamed_to_disk(tmp_path: Path, tiny_model: IntegerModel) -> None:
    counts = [[1] * 4096]

    def add(sink: FolderSink) -> None:
        for token in range(100):
            sink(given_input(token, 0, counts))

    tracemalloc.start()
    with trace_folder(tmp_path / "trace", "full", tiny_model, "dense") as sink:
        add(sink)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        sink.finish(range(100))
    assert 8 * peak < (tmp_path / "trace" / "payload.bin").stat().st_size
