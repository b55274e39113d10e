"""Thresholds against sorting exact fractions, and what they do to a model."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.api import compile_model, run
from spikeref.errors import TokenError, UsageError
from spikeref.evaluate.calibrate import ClipPlan, calibrate, quantile_of
from spikeref.model.folder import load_model
from spikeref.model.groups import GROUPS
from spikeref.model.layers import IntegerModel
from spikeref.neurons.clipping import ClipMode, MembraneClip
from spikeref.trace.records import InputRecord, Record
from spikeref.trace.sinks import collect
from tools.synthetic_checkpoint import write_checkpoint

SEQUENCES = [[256, 72, 105, 33, 9], [0, 287, 12], [5, 6, 7, 8, 200, 31, 99]]
PLAN = ClipPlan(
    quantile=Fraction(1, 2), decay=Fraction(9, 10), mode=ClipMode.SHIFT, groups=("qkv",)
)


def quantile_by_sorting(rows: list[list[int]], exponents: list[int], q: Fraction) -> int:
    """The smallest potential that q of them do not exceed, 16 fraction bits, 48 bits."""
    values = sorted(
        Fraction(v) * Fraction(2) ** (exponent + 16)
        for row, exponent in zip(rows, exponents, strict=True)
        for v in row
    )
    found = next(v for n, v in enumerate(values, 1) if Fraction(n, len(values)) >= q)
    return max(-(1 << 47), min((1 << 47) - 1, round(found)))


@given(st.data())
def test_quantiles_are_those_of_sorted_fractions(data: st.DataObject) -> None:
    tokens, neurons = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 7))
    potential = st.integers(-(1 << 30), 1 << 30) | st.integers(-9, 9)
    rows = [
        data.draw(st.lists(potential, min_size=neurons, max_size=neurons)) for _ in range(tokens)
    ]
    exponents = data.draw(st.lists(st.integers(-60, 40), min_size=tokens, max_size=tokens))
    q = Fraction(data.draw(st.integers(1, 99)), 100)
    found = quantile_of(np.array(rows, dtype=np.int32), np.array(exponents, dtype=np.int64), q)
    assert found == quantile_by_sorting(rows, exponents, q)


@pytest.mark.parametrize(
    ("q", "expected"),
    [(Fraction(1, 4), 1), (Fraction(1, 2), 2), (Fraction(51, 100), 3), (Fraction(99, 100), 4)],
)
def test_quantiles_by_hand(q: Fraction, expected: int) -> None:
    """Of 4, 1 and 3, 2, the second row in halves: 6·2^-1 and 4·2^-1."""
    rows = np.array([[4, 1], [6, 4]], dtype=np.int32)
    found = quantile_of(rows, np.array([0, -1], dtype=np.int64), q)
    assert found == expected << 16


Calibrated = tuple[IntegerModel, str, dict[str, int]]


@pytest.fixture
def clip(tmp_path: Path, tiny_model: IntegerModel) -> Callable[..., Calibrated]:
    """The tiny model with thresholds, its digest and the thresholds that were reported."""

    def clipped(**changes: Any) -> Calibrated:
        target = tmp_path / f"clipped-{len(list(tmp_path.iterdir()))}"
        digest, thresholds = calibrate(tiny_model, SEQUENCES, replace(PLAN, **changes), target)
        return load_model(target), digest, thresholds

    return clipped


def inputs(model: IntegerModel, tokens: list[int]) -> dict[tuple[int, str], InputRecord]:
    records: list[Record] = []
    run(model, tokens, trace=collect(records))
    return {(r.layer, r.op): r for r in records if isinstance(r, InputRecord)}


def qkv_rate(model: IntegerModel) -> Fraction:
    return Fraction(*run(model, SEQUENCES[2]).counters.firing_rates()["qkv"])


def test_moving_averages_by_hand(tiny_model: IntegerModel, clip: Callable[..., Calibrated]) -> None:
    """The first quantile, then twice 2/3 of what was and 1/3 of what is found."""
    _, _, found = clip(quantile=Fraction(3, 10), decay=Fraction(2, 3), groups=GROUPS)
    expected = {}
    batches = [inputs(tiny_model, sequence) for sequence in SEQUENCES]
    for layer in range(2):
        for group in GROUPS:
            a, b, c = (
                quantile_by_sorting(
                    record.potential.tolist(), record.exponent.tolist(), Fraction(3, 10)
                )
                for record in (batch[layer, f"{group}_input"] for batch in batches)
            )
            held = round(Fraction(2 * a + b, 3))
            expected[f"layers.{layer}.clip.{group}"] = round(Fraction(2 * held + c, 3))
    assert found == expected
    assert len(set(found.values())) > 4


def test_without_decay_the_last_batch_counts(
    tiny_model: IntegerModel, clip: Callable[..., Calibrated]
) -> None:
    _, _, found = clip(decay=Fraction(0))
    record = inputs(tiny_model, SEQUENCES[2])[0, "qkv_input"]
    last = quantile_by_sorting(record.potential.tolist(), record.exponent.tolist(), Fraction(1, 2))
    assert found["layers.0.clip.qkv"] == last


@pytest.mark.parametrize("mode", ClipMode)
def test_thresholds_are_written_and_loaded(
    tiny_model: IntegerModel, clip: Callable[..., Calibrated], mode: ClipMode
) -> None:
    model, digest, thresholds = clip(mode=mode, groups=("qkv", "down"))
    assert model.config == replace(tiny_model.config, clip_mode=mode)
    assert model.digest == digest != tiny_model.digest
    assert len(thresholds) == 4
    for index, layer in enumerate(model.layers):
        assert layer.clips == {
            group: MembraneClip(threshold=thresholds[f"layers.{index}.clip.{group}"], mode=mode)
            for group in ("qkv", "down")
        }
        assert np.array_equal(layer.q.weights, tiny_model.layers[index].q.weights)
    assert np.array_equal(model.head.mantissas, tiny_model.head.mantissas)


@pytest.mark.parametrize("quantile", [Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)])
def test_shifted_counts_are_never_negative(
    clip: Callable[..., Calibrated], quantile: Fraction
) -> None:
    model, _, _ = clip(quantile=quantile)
    for (_, op), record in inputs(model, SEQUENCES[0]).items():
        if op == "qkv_input":
            assert record.potential.min() >= 0
            assert record.counts.min() >= 0
            assert record.counts.max() > 0
        else:
            assert record.counts.min() < 0
    spikes = run(model, SEQUENCES[0]).counters.spikes()
    assert spikes[0, "qkv_input"].negative_spikes == 0 < spikes[0, "o_input"].negative_spikes


def test_the_firing_rate_falls_with_the_quantile(clip: Callable[..., Calibrated]) -> None:
    quantiles = [Fraction(n, 10) for n in (3, 5, 7, 9)]
    found = [clip(quantile=q) for q in quantiles]
    rates = [qkv_rate(model) for model, _, _ in found]
    assert rates == sorted(set(rates), reverse=True)
    thresholds = [held["layers.0.clip.qkv"] for _, _, held in found]
    assert thresholds == sorted(set(thresholds))


def test_half_a_quantile_spares_spikes(
    tiny_model: IntegerModel, clip: Callable[..., Calibrated]
) -> None:
    assert qkv_rate(clip()[0]) < qkv_rate(tiny_model)


def test_gate_and_shift_differ_by_the_threshold(
    tiny_model: IntegerModel, clip: Callable[..., Calibrated]
) -> None:
    """Above it a gate keeps the potential and a shift the excess; layer 0 sees equal inputs."""
    quantile = Fraction(4, 5)
    plain = inputs(tiny_model, SEQUENCES[0])[0, "qkv_input"]
    (gate, _, held), (shift, _, same) = (clip(mode=m, quantile=quantile) for m in (
        ClipMode.GATE, ClipMode.SHIFT
    ))  # fmt: skip
    assert held == same
    assert gate.digest != shift.digest
    tau = held["layers.0.clip.qkv"]
    gated = inputs(gate, SEQUENCES[0])[0, "qkv_input"].potential.tolist()
    shifted = inputs(shift, SEQUENCES[0])[0, "qkv_input"].potential.tolist()
    kept = 0
    for token, (row, exponent) in enumerate(
        zip(plain.potential.tolist(), plain.exponent.tolist(), strict=True)
    ):
        t = round(Fraction(tau) / Fraction(2) ** (exponent + 16))
        assert gated[token] == [v if v > t else 0 for v in row]
        assert shifted[token] == [v - t if v > t else 0 for v in row]
        kept += sum(v > t for v in row)
    assert t > 0
    assert 0 < kept < plain.potential.size
    assert run(gate, SEQUENCES[0]).trace_digest != run(shift, SEQUENCES[0]).trace_digest


@pytest.mark.parametrize("mode", ClipMode)
def test_engines_agree_on_a_clipped_model(clip: Callable[..., Calibrated], mode: ClipMode) -> None:
    model, _, _ = clip(mode=mode, groups=GROUPS)
    dense, sync, events = (
        run(model, SEQUENCES[0], max_new_tokens=3, engine=engine)
        for engine in ("dense", "sync", "async")
    )
    assert dense.trace_digest == sync.trace_digest == events.trace_digest
    assert dense.logits_digest == sync.logits_digest == events.logits_digest


def test_the_tokenizer_comes_along(
    tiny_model: IntegerModel, clip: Callable[..., Calibrated]
) -> None:
    model, _, _ = clip()
    name = "tokenizer.json"
    assert (model.folder / name).read_bytes() == (tiny_model.folder / name).read_bytes()
    assert model.config.tokenizer_digest == tiny_model.config.tokenizer_digest is not None


def test_the_model_itself_stays_as_it_was(
    tiny_model: IntegerModel, clip: Callable[..., Calibrated]
) -> None:
    before = {p.name: p.read_bytes() for p in tiny_model.folder.iterdir()}
    clip()
    assert {p.name: p.read_bytes() for p in tiny_model.folder.iterdir()} == before


def test_binary_models_are_refused(tmp_path: Path) -> None:
    source = write_checkpoint("tiny-llama", tmp_path / "c")
    model = compile_model(source, tmp_path / "m", "sdllm-binary-w4a4kv4")
    with pytest.raises(UsageError, match="needs ternary counts"):
        calibrate(model, SEQUENCES, PLAN, tmp_path / "clipped")
    assert not (tmp_path / "clipped").exists()


def test_a_second_calibration_is_refused(tmp_path: Path, clip: Callable[..., Calibrated]) -> None:
    model, _, _ = clip()
    with pytest.raises(UsageError, match="has thresholds; start from the one without"):
        calibrate(model, SEQUENCES, PLAN, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_bad_tokens_leave_nothing_behind(tmp_path: Path, tiny_model: IntegerModel) -> None:
    with pytest.raises(TokenError, match="token 288"):
        calibrate(tiny_model, [[1], [288]], PLAN, tmp_path / "clipped")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"quantile": Fraction(0)}, "--quantile: 0 is not between"),
        ({"quantile": Fraction(1)}, "--quantile: 1 is not between"),
        ({"decay": Fraction(1)}, "--decay: 1 is not in"),
        ({"decay": Fraction(-1, 2)}, "--decay: -1/2 is not in"),
        ({"groups": ()}, "--groups: choose from qkv, o, gate_up, down"),
        ({"groups": ("qkv", "kv")}, "--groups: choose from"),
    ],
)
def test_plans_that_make_no_sense_are_refused(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        replace(PLAN, **changes)
