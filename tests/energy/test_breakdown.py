"""Costs of traced runs against loops over the records, spike by spike."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import as_file
from pathlib import Path

import numpy as np
import pytest

from spikeref.account.las_counters import LasCounterSink
from spikeref.api import compile_model, run
from spikeref.cli.demo import shipped_model
from spikeref.energy.breakdown import Breakdown, CostRow, by_op, trace_breakdown
from spikeref.energy.table import EnergyTable
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.errors import TraceError, UsageError
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.model.groups import GROUP_OF, OPERATORS
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.trace.folder import trace_folder
from spikeref.trace.manifest import TraceLevel
from spikeref.trace.reader import TraceFolder, read_trace
from spikeref.trace.records import INPUT_OPS, CacheRecord, InputRecord, Record
from spikeref.trace.sinks import tee
from tests.account.models import TOKENS, compiled

TABLE = EnergyTable()
BITS = {"sdllm-w4a4kv4": (8, 2, 8), "sdllm-w4a4kv5": (8, 2, 16), "sdllm-binary-w4a4kv4": (15, 1, 8)}
"""Steps and bits of the spikes at linear operators, steps of the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    model: IntegerModel
    records: list[Record]
    found: Breakdown

    def row(self, layer: int, op: str) -> CostRow:
        (row,) = [row for row in self.found.rows if (row.layer, row.op) == (layer, op)]
        return row


def traced(model: IntegerModel, target: Path, level: TraceLevel, tokens: list[int]) -> Traced:
    records: list[Record] = []
    with trace_folder(target, level, model, "dense") as writer:
        # A prompt and then one token at a time: records of several shapes.
        done = run(model, tokens, max_new_tokens=3, trace=tee(writer, records.append))
        writer.finish(done.decoded_tokens)
    found = trace_breakdown(read_trace(target), None, TABLE)
    return Traced(model=model, records=records, found=found)


@pytest.fixture(
    scope="module",
    params=[
        ("tiny-llama", "sdllm-w4a4kv4", "full"),
        ("tiny-gqa-12", "sdllm-w4a4kv5", "counts"),
        ("tiny-mistral", "sdllm-binary-w4a4kv4", "counts"),
        ("shipped", "sdllm-w4a4kv4", "counts"),
    ],
    ids=lambda param: "-".join(param),
)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    preset, profile, level = request.param
    folder = tmp_path_factory.mktemp("traced")
    if preset == "shipped":
        with as_file(shipped_model()) as source:
            model = compile_model(source, folder / "model", profile)
        assert isinstance(model, IntegerModel)
    else:
        model = compiled(folder, preset, profile)
    return traced(model, folder / "trace", level, TOKENS)


def spike_rows(case: Traced, layer: int, op: str) -> list[list[int]]:
    """The sizes of the counts of every token, [T][N] or [T][G·d]."""
    return [
        [abs(count) for count in row]
        for record in case.records
        if isinstance(record, InputRecord | CacheRecord)
        and (record.layer, record.op) == (layer, op)
        for row in record.counts.astype(int).reshape(len(record.counts), -1).tolist()
    ]


def visible(case: Traced, layer: int, token: int) -> range:
    window = case.model.config.shape.sliding_windows[layer]
    return range(0 if window is None else max(0, token - window + 1), token + 1)


def test_linear_additions_are_spikes_times_targets(case: Traced) -> None:
    for layer, by_layer in enumerate(case.model.layers):
        for operator in OPERATORS:
            rows = spike_rows(case, layer, INPUT_OPS[GROUP_OF[operator]])
            weights = by_layer.synapses(operator).weights
            added = sum(
                count * len(w) for row in rows for count, w in zip(row, weights, strict=True)
            )
            row = case.row(layer, operator)
            assert row.exact.additions == added > 0
            assert row.macs == len(rows) * weights.size


def test_attention_adds_what_each_query_head_sees(case: Traced) -> None:
    shape = case.model.config.shape
    group = shape.heads // shape.kv_heads
    for layer in range(shape.layers):
        added = 0
        for op in ("key_spikes", "value_spikes"):
            rows = spike_rows(case, layer, op)
            for token in range(len(rows)):
                for head in range(shape.heads):
                    first = head // group * shape.head_dim
                    for seen in visible(case, layer, token):
                        added += sum(rows[seen][first : first + shape.head_dim])
        row = case.row(layer, "attention")
        assert row.exact.additions == added > 0
        assert row.macs == 2 * len(rows) ** 2 * shape.heads * shape.head_dim


def test_the_idealisation_has_one_rate(case: Traced) -> None:
    """R·D·MACs with R over all populations, each once."""
    shape, profile = case.model.config.shape, case.model.config.profile
    steps, spike_bits, cache_steps = BITS[profile.name]
    spikes = slots = 0
    for layer in range(shape.layers):
        for op in (*INPUT_OPS.values(), "key_spikes", "value_spikes"):
            rows = spike_rows(case, layer, op)
            spikes += sum(map(sum, rows))
            slots += sum(map(len, rows)) * (steps if op in INPUT_OPS.values() else cache_steps)
    total = case.found.total
    assert (total.spikes, total.slots) == (spikes, slots)
    for row in case.found.rows:
        length, bits = (cache_steps, 2) if row.op == "attention" else (steps, spike_bits)
        assert row.ideal.additions == Fraction(spikes, slots) * length * row.macs
        for cost in (row.exact, row.ideal):
            assert cost.flops == cost.additions * 4 * bits / 128
            assert cost.energy_j == cost.flops * 9 / 10**13
        assert row.float_energy_j == row.macs * Fraction(46, 10**13)


def test_an_operator_with_the_rate_of_its_own_is_exact(case: Traced) -> None:
    """Spikes times targets is R·D·MACs once R is of that input alone; equation 15."""
    steps = BITS[case.model.config.profile.name][0]
    for row in case.found.rows:
        if row.op != "attention":
            assert row.exact.additions == Fraction(row.spikes, row.slots) * steps * row.macs


def test_sums(case: Traced) -> None:
    rows, total = case.found.rows, case.found.total
    assert len(rows) == 8 * len(case.model.layers)
    assert total.exact.additions == sum(row.exact.additions for row in rows)
    assert total.macs == sum(row.macs for row in rows) == sum(row.macs for row in by_op(rows))
    assert total.ideal.energy_j == sum(row.ideal.energy_j for row in by_op(rows))


def test_additions_are_those_that_the_counters_of_the_run_have(
    tiny_model: IntegerModel, tmp_path: Path
) -> None:
    with trace_folder(tmp_path / "trace", "counts", tiny_model, "async") as writer:
        done = run(tiny_model, [1, 2, 3], engine="async", trace=writer)
        writer.finish(done.decoded_tokens)
    found = trace_breakdown(read_trace(tmp_path / "trace"), tiny_model, TABLE)
    total = done.counters.to_json()["total"]
    assert found.total.exact.additions == total["synaptic_additions"]
    assert [found.total.spikes, found.total.slots] == total["firing_rate"]


def las_trace(model: LasModel, target: Path) -> tuple[TraceFolder, LasCounterSink]:
    counters = LasCounterSink(model)
    with trace_folder(target, "counts", model, "dense") as writer:
        tokens = np.array([256, 3, 77, 3, 287, 5], dtype=np.int64)
        las_forward(model, tokens, LasCache(model.config), LAS_DENSE, tee(writer, counters))
        writer.finish(tokens.tolist())
    return read_trace(target), counters


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "mistral"])
def test_a_trace_of_las(las_model: Callable[[str], LasModel], name: str, tmp_path: Path) -> None:
    """Its additions are the counters', which tests of their own hold to plain loops."""
    model = las_model(name)
    trace, counters = las_trace(model, tmp_path / "trace")
    found = trace_breakdown(trace, model, TABLE)
    expected = {place: one.synaptic_additions for place, one in counters.additions().items()}
    assert {(row.layer, row.op): row.exact.additions for row in found.rows} == expected
    linear = [row for row in found.rows if row.op != "las_attention"]
    energy = sum(row.exact.energy_j for row in linear)
    ratio = energy / sum(row.float_energy_j for row in linear)
    assert ratio == Fraction(*counters.energy_ratio())
    assert found.total.exact.flops == found.total.exact.additions


def test_a_trace_of_las_needs_its_model(
    las_model: Callable[[str], LasModel], tiny_model: IntegerModel, tmp_path: Path
) -> None:
    trace, _ = las_trace(las_model("opt"), tmp_path / "trace")
    with pytest.raises(UsageError, match="--model-folder"):
        trace_breakdown(trace, None, TABLE)
    with pytest.raises(UsageError, match="another model"):
        trace_breakdown(trace, tiny_model, TABLE)


def test_a_part_of_a_trace_is_refused(tiny_model: IntegerModel, tmp_path: Path) -> None:
    with trace_folder(tmp_path / "trace", "counts", tiny_model, "dense") as writer:

        def pass_on(record: Record) -> None:
            if (record.layer, record.op) != (1, "query"):
                writer(record)

        writer.finish(run(tiny_model, [1, 2], trace=pass_on).decoded_tokens)
    with pytest.raises(TraceError, match="layer 1 lacks records of query"):
        trace_breakdown(read_trace(tmp_path / "trace"), None, TABLE)


def test_a_trace_without_counts_is_refused(tiny_model: IntegerModel, tmp_path: Path) -> None:
    with trace_folder(tmp_path / "trace", "digest", tiny_model, "dense") as writer:
        writer.finish(run(tiny_model, [1, 2], trace=writer).decoded_tokens)
    with pytest.raises(UsageError, match="level digest"):
        trace_breakdown(read_trace(tmp_path / "trace"), None, TABLE)
