"""The fit: it fires as NEUR-1 has it, never gets worse, and gives the same twice."""

from dataclasses import replace

import numpy as np
import pytest

from spikeref.compiler.function_tables import standard_neuron
from spikeref.functions.tables import FUNCTION_NAMES
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.few_spikes import FewSpikes, few_spikes
from tools.fit_few_spikes import fit
from tools.fit_few_spikes.search import (
    Shape,
    best_weights,
    descend,
    geometric,
    judge,
    spikes,
)
from tools.fit_few_spikes.targets import Target, targets

TARGETS = {(t.name, t.number): t for t in targets()}
EXP = TARGETS["exp", 0]


def test_every_expansion_is_a_target() -> None:
    expected = [
        (name, number)
        for name in FUNCTION_NAMES
        for number, piece in enumerate(standard_neuron(name).pieces)
        if isinstance(piece.neuron, Expansion)
    ]
    assert list(TARGETS) == expected


@pytest.mark.parametrize("target", TARGETS.values(), ids=[f"{n}-{i}" for n, i in TARGETS])
def test_samples_are_what_the_standard_codes_round_down(target: Target) -> None:
    samples = target.samples(64)
    assert len(samples.inputs) == 64
    membranes = samples.inputs.astype(np.int64) + target.low
    assert target.piece.low <= int(membranes.min()) <= int(membranes.max()) <= target.piece.high
    expansion = target.piece.neuron
    assert isinstance(expansion, Expansion)
    thresholds = expansion.thresholds.astype(np.int64)
    for x, wanted in zip(membranes.tolist(), samples.wanted.tolist(), strict=True):
        reached = x <= thresholds if expansion.falling else x >= thresholds
        code = int(reached.sum())
        assert code <= wanted <= code + 1


def test_samples_fire_as_the_neuron_does() -> None:
    shape = geometric(1000.0, 0.7, offset=True)
    grid = np.arange(1000, dtype=np.float64)
    fired = spikes(grid, shape.resets[None], shape.thresholds[None])
    neuron = FewSpikes(
        resets=tuple(shape.resets.astype(int).tolist()),
        thresholds=tuple(shape.thresholds.astype(int).tolist()),
        weights=tuple(1 << t for t in range(16)),
    )
    weighed = sum(fired[0, t].astype(np.int64) << t for t in range(16))
    assert np.array_equal(weighed, few_spikes(grid.astype(np.int64), neuron))
    assert fired[0, 0].all()


def test_weights_of_a_line_reproduce_it() -> None:
    """Spikes of binary weight expand x, and least squares find the line's slope."""
    shape = geometric(65536.0, 0.5, offset=False)
    grid = np.arange(0, 65536, 7, dtype=np.float64)
    fired = spikes(grid, shape.resets[None], shape.thresholds[None])
    d = best_weights(fired, 0.25 * grid, np.ones(len(grid)))
    np.testing.assert_allclose(d[0, :8] / shape.resets[:8], 0.25, rtol=1e-2)


def score_of(target: Target, shape: Shape, count: int) -> float:
    samples = target.samples(count)
    found = judge(samples, shape.resets[None], shape.thresholds[None], 2, np.ones(count))
    return float(found.scores[0])


def test_a_descent_descends_and_repeats() -> None:
    start = geometric(EXP.samples(128).span, 0.7, offset=True)
    first, score = descend(EXP.samples(128), start, 2, 2)
    again, same = descend(EXP.samples(128), start, 2, 2)
    assert score == same
    assert np.array_equal(first.resets, again.resets)
    assert np.array_equal(first.thresholds, again.thresholds)
    assert score_of(EXP, first, 128) < 0.7 * score_of(EXP, start, 128)


def test_a_fit_is_whole_and_keeps_the_least_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "RATIOS", (0.8,))
    monkeypatch.setattr(fit, "COARSE", 128)
    monkeypatch.setattr(fit, "FINE", 256)
    monkeypatch.setattr(fit, "ROUNDS", 3)
    neuron, error = fit.fitted(EXP)
    assert len(neuron.resets) == 16
    outputs = few_spikes(np.arange(1 << 16, dtype=np.int64), neuron)
    assert int(outputs.min()) >= EXP.least
    exact = 65536.0 * np.exp2(-np.arange(1 << 16) / 65536.0)
    found = np.abs(np.clip(outputs, 0, 65535) - exact).max()
    assert abs(float(found) - error) < 1e-6
    assert error < 2000


def test_a_piece_without_end_begins_far_below() -> None:
    """Only the first step, which always fires, takes the way to where tanh changes off."""
    target = replace(TARGETS["tanh", 0])
    assert target.low - target.piece.low > 1 << 30
    assert target.samples(64).first_step_stays
    assert not TARGETS["tanh", 1].samples(64).first_step_stays
