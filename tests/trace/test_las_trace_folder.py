"""Trace folders of LAS models, at every level, and their fields (LAS-18, TRACE-6, TRACE-7)."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest

from spikeref.engine.las_dense import LAS_DENSE
from spikeref.errors import TraceError
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.model.las_layers import LasModel
from spikeref.trace.canonical import token_records
from spikeref.trace.folder import trace_folder
from spikeref.trace.las_records import LAS_OPS, LAS_RECORD_TYPES
from spikeref.trace.manifest import PAYLOAD_NAME, TRACE_LEVELS, TraceLevel
from spikeref.trace.reader import read_trace
from spikeref.trace.records import OPS, Record
from spikeref.trace.sinks import DigestSink, Sink, tee

TOKENS = [256, 72, 105, 287]
SPEC = Path(__file__).parents[2] / "spec" / "20-las-operators.md"
COUNTS = {
    "counts", "outliers", "inverse", "inverse_exponent", "probability_spikes", "key_spikes",
    "value_spikes",
}  # fmt: skip
"""What level `counts` stores (LAS-18)."""


def run(model: LasModel, sink: Sink, calls: tuple[int, ...] = (4,)) -> None:
    cache, begin = LasCache(model.config), 0
    for count in calls:
        las_forward(model, np.array(TOKENS[begin : begin + count]), cache, LAS_DENSE, sink)
        begin += count


@pytest.mark.parametrize("name", ["bert", "gpt2", "opt", "llama"])
@pytest.mark.parametrize("level", TRACE_LEVELS)
def test_round_trip(
    tmp_path: Path, las_model: Callable[[str], LasModel], name: str, level: TraceLevel
) -> None:
    """Every record comes back with its types, and the digest is that of the run."""
    model = las_model(name)
    records: list[Record] = []
    digests = DigestSink()
    with trace_folder(tmp_path / "trace", level, model, "dense") as sink:
        run(model, tee(sink, records.append, digests))
        digest = sink.finish(TOKENS)
    trace = read_trace(tmp_path / "trace")
    trace.prove_records()
    assert digest == trace.manifest.trace_digest == digests.digest(model.digest, TOKENS)
    assert trace.manifest.profile == model.config.profile
    expected = {one.place: one for record in records for one in token_records(record)}
    assert [trace.place(i) for i in range(len(trace))] == sorted(expected)
    for number in range(len(trace)):
        one = expected[trace.place(number)]
        assert trace.op(number) == one.op
        fields = trace.fields(number)
        stored = [n for n in one.fields if level == "full" or (level == "counts" and n in COUNTS)]
        assert list(fields) == stored
        for field, array in fields.items():
            assert array.dtype == one.fields[field].dtype
            assert not array.flags.writeable
            assert np.array_equal(array, one.fields[field])


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_the_digest_depends_neither_on_level_nor_on_prefill(
    tmp_path: Path, las_model: Callable[[str], LasModel], name: str
) -> None:
    model = las_model(name)
    found = set()
    for number, (level, calls) in enumerate(
        (level, calls) for level in TRACE_LEVELS for calls in ((4,), (1, 1, 2))
    ):
        with trace_folder(tmp_path / str(number), level, model, "dense") as sink:
            run(model, sink, calls)
            found.add(sink.finish(TOKENS))
    assert len(found) == 1


def test_a_flipped_bit_of_the_payload(tmp_path: Path, las_model: Callable[[str], LasModel]) -> None:
    with trace_folder(tmp_path / "trace", "full", las_model("opt"), "dense") as sink:
        run(las_model("opt"), sink)
        sink.finish(TOKENS)
    path = tmp_path / "trace" / PAYLOAD_NAME
    whole = path.read_bytes()
    for position in range(0, len(whole), len(whole) // 9):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        path.write_bytes(bytes(damaged))
        with pytest.raises(TraceError) as refused:
            read_trace(tmp_path / "trace").prove_records()
        assert "\n" not in str(refused.value)


def test_codes_go_on_from_19_in_the_order_of_the_clause() -> None:
    text = SPEC.read_text(encoding="utf-8")
    listed = re.search(r"begins with `las_`:\n(.*?classifier)\.\n", text, re.DOTALL)
    assert listed is not None
    names = [f"las_{name}" for name in re.findall(r"[a-z_]+", listed[1])]
    assert list(LAS_OPS) == names
    assert [OPS.index(op) for op in LAS_OPS] == [*range(19, 19 + len(names))]


def test_fields_are_those_of_the_clause() -> None:
    """The table of LAS-18, field by field with its type."""
    short = {"i64": "int64", "i32": "int32", "i8": "int8"}
    text = SPEC.read_text(encoding="utf-8")
    section = text[text.index("**LAS-18") : text.index("**LAS-19")]
    rows = dict(re.findall(r"^\| ([^|]*?) \| ([^|]*?) \|$", section, re.MULTILINE))
    found = {}
    for kind in LAS_RECORD_TYPES:
        for op in get_args(get_type_hints(kind)["op"]):
            found[op] = kind.fields
    assert set(found) == set(LAS_OPS)

    def fields_of(key: str) -> dict[str, str]:
        """Names and types: a type stands behind the names that share it."""
        made: dict[str, str] = {}
        waiting: list[str] = []
        plain = re.sub(r"\([^)]*\)", "", rows[key])
        for word in re.findall(r"[a-z_]+[0-9]*", re.sub(r"\[[^\]]*\]", "", plain)):
            if word in short:
                made |= dict.fromkeys(waiting, short[word])
                waiting = []
            elif word not in ("both", "or", "fraction", "bits"):
                waiting.append(word)
        return made

    assert fields_of("embedding and the residual additions") == found["las_embedding"]
    assert fields_of("norms") == found["las_final_norm"]
    assert fields_of("inputs and spikes") == found["las_up_spikes"]
    assert fields_of("q, k, v, o, gate, up, down, head, pooler, classifier") == found["las_head"]
    assert fields_of("attention") == found["las_attention"]
    assert fields_of("activation, pooled") == found["las_activation"]
    assert fields_of("gated") == found["las_gated"]
