from dataclasses import replace
from pathlib import Path

import pytest
from hand_made_trace import given_input, small_records, write

from spikeref.errors import UsageError
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import PROFILES
from spikeref.trace.populations import find_population
from spikeref.trace.reader import TraceFolder, read_trace
from spikeref.trace.show import OpFiring, firing, percent, raster_lines, summary_lines


@pytest.fixture
def trace(tmp_path: Path, tiny_model: IntegerModel) -> TraceFolder:
    return read_trace(write(tmp_path / "trace", tiny_model, small_records()))


def test_firing_counts_spikes_and_slots(trace: TraceFolder) -> None:
    """Inputs (3, −2, 0) and (0, 7, −8), keys (1, 0, −3, 2) and silence; eight steps a neuron."""
    assert firing(trace) == [
        OpFiring(op="qkv_input", positive=10, negative=10, slots=6 * 8),
        OpFiring(op="key_spikes", positive=3, negative=3, slots=8 * 8),
    ]


def test_slots_follow_the_train_length_of_the_profile(
    tmp_path: Path, tiny_model: IntegerModel
) -> None:
    profile = PROFILES["sdllm-binary-w4a4kv4"]
    binary = replace(tiny_model, config=replace(tiny_model.config, profile=profile))
    folder = write(tmp_path / "trace", binary, [given_input(0, 0, [[15, 0]])], [5])
    (one,) = firing(read_trace(folder))
    assert one == OpFiring(op="qkv_input", positive=15, negative=0, slots=30)


def test_summary_names_what_the_trace_is_of(trace: TraceFolder, tiny_model: IntegerModel) -> None:
    lines = summary_lines(trace, firing(trace))
    text = "\n".join(lines)
    assert trace.manifest.trace_digest in text
    assert tiny_model.digest in text
    assert "sdllm-w4a4kv4, 2 layers" in text
    assert "2: 5, 6" in text
    assert lines[-2].split() == ["qkv_input", "10", "10", "41.66", "%"]


def test_summary_without_counts_says_so(tmp_path: Path, tiny_model: IntegerModel) -> None:
    folder = write(tmp_path / "trace", tiny_model, small_records(), level="digest")
    trace = read_trace(folder)
    assert firing(trace) == []
    assert summary_lines(trace, [])[-1] == "no spike counts are stored at this level"


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(0, 7, "0.00 %"), (1, 3, "33.33 %"), (7, 7, "100.00 %")]
)
def test_percent(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text


def test_raster(trace: TraceFolder) -> None:
    population = find_population(trace, 1, 0, "qkv_input")
    assert raster_lines(population, 0, 64) == [
        "token 1, layer 0, qkv_input: neurons 0 to 2 of 3, virtual steps 1 to 8",
        "0 ········    0",
        "1 +++++++·    7",
        "2 --------   -8",
    ]
    assert raster_lines(population, 1, 2)[1:] == ["1 +++++++·    7"]


def test_raster_of_keys_numbers_neurons_by_head_and_dimension(trace: TraceFolder) -> None:
    lines = raster_lines(find_population(trace, 0, 0, "key_spikes"), 2, 4)
    assert lines[1:] == ["2 ---·····   -3", "3 ++······    2"]


@pytest.mark.parametrize(("first", "end"), [(3, 4), (-1, 2), (1, 1), (2, 1)])
def test_neurons_that_are_not_there_are_refused(trace: TraceFolder, first: int, end: int) -> None:
    population = find_population(trace, 1, 0, "qkv_input")
    with pytest.raises(UsageError, match="has neurons 0 to 2"):
        raster_lines(population, first, end)


@pytest.mark.parametrize(
    ("token", "layer", "op"), [(2, 0, "qkv_input"), (0, 1, "qkv_input"), (0, 0, "q")]
)
def test_populations_that_are_not_there_are_refused(
    trace: TraceFolder, token: int, layer: int, op: str
) -> None:
    with pytest.raises(UsageError, match=f"no spikes of token {token}, layer {layer}, {op};"):
        find_population(trace, token, layer, op)
