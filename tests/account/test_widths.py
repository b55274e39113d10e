"""Proven widths hold for whatever a run shows, and are their bounds (COUNT-7, ADD-3)."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from spikeref.account.ranges import TALLIES, RangeSink, SignalWidth
from spikeref.account.widths import proven_bits
from spikeref.api import run
from spikeref.model.groups import GROUPS, OPERATORS
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import Profile, Rotation, find_profile
from spikeref.neurons.clipping import ClipMode, MembraneClip
from spikeref.trace.records import Record
from spikeref.trace.sinks import collect, tee
from tests.account.models import TOKENS, clipped, compiled

HALF = Profile(
    name="half",
    weight_bits=3,
    act_bits=4,
    kv_bits=3,
    rotation=Rotation.QUAROT,
    clip_ratio=Fraction(1, 2),
)
PLAIN: dict[str, tuple[str, Profile]] = {
    "binary": ("tiny-llama", find_profile("sdllm-binary-w4a4kv4")),
    "binary clip 1/2": (
        "tiny-llama",
        replace(find_profile("sdllm-binary-w4a4kv4"), clip_ratio=Fraction(1, 2)),
    ),
    "quarot": ("tiny-llama3", find_profile("quarot-w4a4kv4")),
    "rtn": ("tiny-qwen2", find_profile("rtn-w4a4kv4")),
    "8 bits": ("tiny-llama", find_profile("sdllm-w8a8kv8")),
    "clip 1/2": ("tiny-qwen2", HALF),
    "windowed": ("tiny-mistral", find_profile("sdllm-w4a4kv4")),
    "factor 12": ("tiny-gqa-12", find_profile("sdllm-w6a6kv6")),
    "neurons of LAS": ("tiny-llama", find_profile("sdllm-hg-w4a4kv4")),
    "neurons of LAS, 10 steps": ("tiny-llama", find_profile("sdllm-w4a4kv4-hw")),
}
CLIPPED = {
    "shift, high": (Fraction(9, 10), ClipMode.SHIFT),
    "shift, negative threshold": (Fraction(1, 100), ClipMode.SHIFT),
    "gate": (Fraction(1, 2), ClipMode.GATE),
}


def with_threshold(model: IntegerModel, threshold: int, mode: ClipMode) -> IntegerModel:
    """The model with one threshold for every group, which no calibration would give."""
    clip = MembraneClip(threshold=threshold, mode=mode)
    layers = [replace(layer, clips=dict.fromkeys(GROUPS, clip)) for layer in model.layers]
    return replace(model, layers=tuple(layers))


def observe(model: IntegerModel) -> tuple[dict[tuple[int, str, str], SignalWidth], list[Record]]:
    sink, records = RangeSink(), list[Record]()
    run(model, TOKENS, max_new_tokens=2, trace=tee(sink, collect(records)))
    signals = sink.signals(model)
    found: dict[tuple[int, str, str], SignalWidth] = {(s.layer, s.op, s.signal): s for s in signals}
    assert len(found) == len(signals)
    return found, records


@pytest.mark.parametrize("name", ["default", *PLAIN, *CLIPPED])
def test_what_is_observed_fits_what_is_proven(
    tmp_path: Path, tiny_model: IntegerModel, name: str
) -> None:
    if name in PLAIN:
        model = compiled(tmp_path, *PLAIN[name])
    elif name in CLIPPED:
        model = clipped(tiny_model, tmp_path / "clipped", *CLIPPED[name])
    else:
        model = tiny_model
    found, records = observe(model)
    expected: dict[tuple[int, str, str], list[int]] = {}
    for record in records:
        for field in set(record.fields) - {"saturations", "key_spikes", "value_spikes"}:
            values = getattr(record, field).reshape(-1).tolist()
            expected.setdefault((record.layer, record.op, field), []).extend(values)
    assert set(found) == set(expected)
    for key, values in expected.items():
        signal = found[key]
        assert (signal.observed_min, signal.observed_max) == (min(values), max(values)), key
        assert signal.observed_bits <= signal.proven_bits, key
        half = 1 << (signal.proven_bits - 1)
        assert -half <= min(values), key
        assert max(values) < half, key


@pytest.mark.parametrize("mode", list(ClipMode))
@pytest.mark.parametrize("threshold", [-(1 << 47), -(1 << 40), -1, 0, 1 << 40])
def test_any_threshold_keeps_to_the_proven_widths(
    tiny_model: IntegerModel, mode: ClipMode, threshold: int
) -> None:
    """A shift by a threshold of 31 bits needs 32; a gate, or a threshold from 0 on, no more."""
    model = with_threshold(tiny_model, threshold, mode)
    for signal in observe(model)[0].values():
        assert signal.observed_bits <= signal.proven_bits, signal
    wide = threshold < 0 and mode is ClipMode.SHIFT
    unclipped = proven_bits(tiny_model, 0, "qkv_input", "potential")
    assert unclipped < 32
    assert proven_bits(model, 0, "qkv_input", "potential") == (32 if wide else unclipped)


def test_tallies_are_no_signals(tiny_model: IntegerModel) -> None:
    found, records = observe(tiny_model)
    tallies = {"saturations", "key_spikes", "value_spikes"}
    assert tallies | {"probability_spikes"} == TALLIES
    assert any(TALLIES & set(record.fields) for record in records)
    assert not TALLIES & {signal for _, _, signal in found}
    assert (0, "key_spikes", "counts") in found


def test_accumulators_have_the_width_of_their_bound(tiny_model: IntegerModel) -> None:
    """The bound itself is recomputed: the largest spike count, times a column's sum of |W|."""
    for index, layer in enumerate(tiny_model.layers):
        for operator in OPERATORS:
            synapses = layer.synapses(operator)
            columns = zip(*synapses.weights.tolist(), strict=True)
            bound = synapses.accumulator_bound
            assert bound >= 7 * max(sum(map(abs, column)) for column in columns)
            bits = proven_bits(tiny_model, index, operator, "accumulator")
            assert bits == 1 + bound.bit_length()


def test_widths_by_hand(tmp_path: Path) -> None:
    """Window 8 and 4-bit counts: 8·2^30 needs 35 bits, and so does 8·2^28·7."""
    model = compiled(tmp_path, "tiny-mistral")
    assert proven_bits(model, 0, "attention", "weight_sum") == 35
    assert proven_bits(model, 0, "attention", "accumulator") == 35
    assert proven_bits(model, 0, "attention", "top_score") == 40
    assert proven_bits(model, 0, "key_spikes", "counts") == 4
    assert proven_bits(model, 0, "key_spikes", "mantissa") == 17
    assert proven_bits(model, 0, "qkv_input", "counts") == 4
    assert proven_bits(model, 0, "qkv_input", "zero_point") == 1
    assert proven_bits(model, 0, "query", "mantissa") == 24
    assert proven_bits(model, 0, "down", "output") == 40
    assert proven_bits(model, 0, "up", "output") == 32
    assert proven_bits(model, -1, "embedding", "residual") == 40
    assert proven_bits(model, 2, "head", "mantissa") == 16
    assert proven_bits(model, 2, "head", "logits") == 32


def test_all_positions_are_visible_without_a_window(tiny_model: IntegerModel) -> None:
    """256 positions: 2^8·2^30 needs 40 bits, and 2^8·2^28·7 needs 40."""
    assert proven_bits(tiny_model, 1, "attention", "weight_sum") == 40
    assert proven_bits(tiny_model, 1, "attention", "accumulator") == 40


def test_binary_counts_are_unsigned(tmp_path: Path) -> None:
    """0 … 15 needs 5 bits in two's complement; the cache stays ternary."""
    model = compiled(tmp_path, "tiny-llama", find_profile("sdllm-binary-w4a4kv4"))
    assert proven_bits(model, 0, "qkv_input", "counts") == 5
    assert proven_bits(model, 0, "qkv_input", "zero_point") == 5
    assert proven_bits(model, 0, "value_spikes", "counts") == 4


def test_a_clip_ratio_reaches_the_last_virtual_step(tmp_path: Path) -> None:
    found, _ = observe(compiled(tmp_path, "tiny-qwen2", HALF))
    assert found[0, "qkv_input", "counts"].observed_min == -8
    assert found[0, "key_spikes", "counts"].observed_min == -4
