"""Rasters, events and divergences of LAS traces (TRACE-8, TRACE-9, NEUR-5, NEUR-9)."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikeref.cli.trace import divergence_lines
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_events import SOURCE_BITS
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.model.las_layers import LasModel
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import OatCode, TrainForm
from spikeref.trace.diff import first_different_time_step, first_divergence
from spikeref.trace.export import export_events
from spikeref.trace.folder import trace_folder
from spikeref.trace.las_records import LasSpikesRecord
from spikeref.trace.populations import find_population, populations, signed_steps, spiking_ops
from spikeref.trace.reader import TraceFolder, read_trace
from spikeref.trace.records import Record
from spikeref.trace.show import firing, raster_lines, summary_lines

TOKENS = [256, 72, 105]


def levels_of(count: int, steps: int, levels: int) -> list[int]:
    """s_1 … s_T of a count, as NEUR-5 gives them back."""
    rest, fired = abs(count), []
    for step in range(1, steps + 1):
        unit = 1 << (steps - step)
        size = min(rest // unit, 2 * levels - 1)
        fired.append(size if size >= levels else 0)
        rest -= fired[-1] * unit
    assert rest == 0
    return fired


@pytest.fixture
def model(las_model: Callable[[str], LasModel]) -> LasModel:
    return las_model("gpt2")


@pytest.fixture
def trace(tmp_path: Path, model: LasModel) -> TraceFolder:
    with trace_folder(tmp_path / "trace", "counts", model, "dense") as sink:
        las_forward(model, np.array(TOKENS), LasCache(model.config), LAS_DENSE, sink)
        sink.finish(TOKENS)
    return read_trace(tmp_path / "trace")


def with_records(
    folder: Path, model: LasModel, records: list[Record], tokens: list[int]
) -> TraceFolder:
    with trace_folder(folder, "counts", model, "dense") as sink:
        for record in records:
            sink(record)
        sink.finish(tokens)
    return read_trace(folder)


def spikes(model: LasModel, counts: list[int], outliers: list[int]) -> LasSpikesRecord:
    return LasSpikesRecord(
        op="las_o_input",
        layer=0,
        first_token=0,
        counts=np.array([counts], dtype=np.int32),
        outliers=np.array([outliers], dtype=np.bool_),
        saturations=np.zeros(1, dtype=np.int64),
        potential=np.zeros((1, len(counts)), dtype=np.int64),
        fraction_bits=16,
    )


def leveled(model: LasModel, levels: int) -> LasModel:
    """The model with trains of so many levels, for traces that are made by hand."""
    form = TrainForm(steps=10, levels=levels, rule=Rule.BELOW, gate=Rule.BELOW)
    profile = replace(model.config.profile, form=form)
    return replace(model, config=replace(model.config, profile=profile))


def test_populations_are_the_spiking_records(trace: TraceFolder) -> None:
    assert spiking_ops(trace) == (
        "las_qkv_input", "las_query_spikes", "las_key_spikes", "las_value_spikes", "las_o_input",
        "las_mlp_input", "las_down_input", "las_head_input",
    )  # fmt: skip
    inside = (len(spiking_ops(trace)) - 1) * trace.manifest.layers
    assert sum(1 for _ in populations(trace)) == len(TOKENS) * (inside + 1)


def test_firing_counts_each_spike_once(trace: TraceFolder, model: LasModel) -> None:
    form = model.config.profile.form
    expected: dict[str, list[int]] = {}
    for population in populations(trace):
        sums = expected.setdefault(population.op, [0, 0, 0])
        for count in population.counts.tolist():
            fired = sum(size > 0 for size in levels_of(count, form.steps, form.levels))
            sums[count < 0] += fired
            sums[2] += form.steps
    found = {one.op: [one.positive, one.negative, one.slots] for one in firing(trace)}
    assert found == expected
    assert any("las_qkv_input" in line for line in summary_lines(trace, firing(trace)))


def test_a_raster_shows_the_bits_of_counts(tmp_path: Path, model: LasModel) -> None:
    one = leveled(model, 1)
    trace = with_records(tmp_path / "t", one, [spikes(one, [5, -513, 0], [0, 1, 0])], [5])
    population = find_population(trace, 0, 0, "las_o_input")
    assert raster_lines(population, 0, 3)[1:] == [
        "0 ·······+·+    5",
        "1 -········- -513",
        "2 ··········    0",
    ]
    assert "time steps 1 to 10" in raster_lines(population, 0, 3)[0]


@pytest.mark.parametrize("levels", [1, 3, 15])
def test_events_give_the_values_back(tmp_path: Path, model: LasModel, levels: int) -> None:
    """Each line of the export weighs what NEUR-5 says; together they are the counts."""
    one = leveled(model, levels)
    largest = (2 * levels - 1) * 1023
    counts = [0, levels, -levels, largest, -largest, levels << 3]
    record = spikes(one, counts, [0, 0, 1, 1, 0, 0])
    trace = with_records(tmp_path / "t", one, [record], [5])
    export_events(trace, tmp_path / "events.jsonl", "jsonl")
    sums = [0] * len(counts)
    for line in (tmp_path / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        assert list(event) == [
            "token", "layer", "op", "step", "source", "polarity", "level", "outlier",
        ]  # fmt: skip
        assert event["outlier"] == int(record.outliers[0, event["source"]])
        weight = (levels + event["level"]) << (10 - event["step"])
        sums[event["source"]] += event["polarity"] * weight
    assert sums == counts


def test_packets_are_those_of_neur_9(tmp_path: Path, model: LasModel) -> None:
    one = leveled(model, 3)
    counts = [3 << 9, 0, -(5 << 2)]
    trace = with_records(tmp_path / "t", one, [spikes(one, counts, [0, 0, 1])], [5])
    done = export_events(trace, tmp_path / "events.bin", "packed")
    words = np.fromfile(tmp_path / "events.bin", dtype="<u8").tolist()
    assert words == [
        0 | 0 << 28 | 0 << 32,
        2 | 1 << 27 | 7 << 28 | 2 << 32 | 1 << 36,
        2 | 1 << 37,
    ]
    assert (done.populations, done.events) == (1, 2)
    assert SOURCE_BITS == 27


@pytest.mark.parametrize(("a", "b", "step"), [(5, 4, 10), (512, 0, 1), (-5, 5, 8), (1, 512, 1)])
def test_the_first_time_step_that_differs(a: int, b: int, step: int) -> None:
    form = TrainForm(steps=10)
    assert first_different_time_step(a, b, form) == step
    fired = [[np.sign(count) * size for size in levels_of(count, 10, 1)] for count in (a, b)]
    assert next(t for t in range(10) if fired[0][t] != fired[1][t]) + 1 == step


def test_a_divergence_names_the_time_step(tmp_path: Path, model: LasModel) -> None:
    one = leveled(model, 1)
    pair = [
        with_records(tmp_path / name, one, [spikes(one, counts, [0, 0])], [5])
        for name, counts in (("a", [7, 6]), ("b", [7, 4]))
    ]
    found = first_divergence(*pair)
    assert found is not None
    assert (found.op, found.field, found.index) == ("las_o_input", "counts", 1)
    assert (found.step, found.expected, found.got) == (9, 6, 4)
    assert "from time step 9" in divergence_lines(found)[-1]


def test_steps_of_a_population_sum_to_its_counts(trace: TraceFolder, model: LasModel) -> None:
    form = model.config.profile.form
    population = find_population(trace, 1, 0, "las_value_spikes")
    total = sum(
        spikes << (form.steps - step)
        for step, spikes in enumerate(signed_steps(population), start=1)
    )
    assert np.array_equal(total, population.counts)
    assert isinstance(model.head_code, OatCode)
