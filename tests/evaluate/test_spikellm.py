"""SpikeLLM: GIF neurons by hand, saliency against plain products, the split."""

from pathlib import Path

import numpy as np
import pytest

from spikeref.checkpoint.reader import Checkpoint
from spikeref.evaluate.baseline import baseline_nll_many
from spikeref.evaluate.baseline_operators import Array, everything, visible
from spikeref.evaluate.baseline_products import ExactProducts
from spikeref.evaluate.baseline_weights import linear
from spikeref.evaluate.spikellm import STEPS, _Saliency, calibrated, gif, salient_channels, split
from spikeref.evaluate.stretches import FittedWindow, Stretch
from spikeref.model.groups import OPERATORS
from tests.evaluate.sources import checkpoint_of

TOKENS = [(37 * i * i + 11 * i) % 288 for i in range(24)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint_of(tmp_path_factory, "llama")


def test_gif_by_hand() -> None:
    """s = (11 − 1)/(2^2 − 1); zero is outside the range, so counts start above it."""
    x = np.array([[1.0, 2.0, 6.0, 11.0]])
    s = 10 / 3
    # z = round(−0.3) = 0; x/s = 0.3, 0.6, 1.8, 3.3.
    assert np.allclose(gif(x, 2), [[0, s, 2 * s, 3 * s]])
    # z = round(0.3) = 0 mirrored: everything is below and clips to 0.
    assert np.allclose(gif(-x, 2), [[s * (0 + 3 - 3), s * (2 - 3), s * (1 - 3), s * (0 - 3)]])


def test_gif_of_a_constant_has_the_smallest_scale() -> None:
    assert np.allclose(gif(np.full((1, 4), 0.05), 4), 0.05, atol=1e-5)


def test_salient_channels_have_another_bit_over_the_whole_range() -> None:
    x = np.random.default_rng(0).normal(size=(7, 20))
    salient = np.arange(20) % 10 == 3
    found = split(x, salient)
    assert np.array_equal(found[:, ~salient], gif(x, 4)[:, ~salient])
    assert np.array_equal(found[:, salient], gif(x, 5)[:, salient])
    assert float(STEPS) == 1.1


def test_a_tenth_of_the_channels_is_salient() -> None:
    cost = np.random.default_rng(0).permutation(40).astype(np.float64) - 20
    salient = salient_channels(cost)
    assert salient.sum() == 4
    assert set(cost[salient]) == {16, 17, 18, 19}
    assert salient_channels(cost.reshape(2, 20)).shape == (2, 20)


def test_saliency_of_inputs(source: Path) -> None:
    """(X Wᵀ W) ∘ X summed over tokens, with whole matrices; what passes on is exact."""
    with Checkpoint.open(source) as checkpoint:
        probe = _Saliency(ExactProducts(checkpoint))
        for operator in OPERATORS:
            parts = checkpoint.layout.layer(1).operators[operator]
            x = np.random.default_rng(1).normal(size=(5, parts.weight.inputs))
            w = checkpoint.outputs(parts.weight, 0, parts.weight.outputs).astype(np.float64)
            y = probe.linear(1, operator, parts, x)
            assert np.array_equal(y, linear(checkpoint, parts, x))
            probe.linear(1, operator, parts, 2 * x)
            expected = 5 * ((x @ w.T @ w) * x).sum(axis=0)
            assert np.allclose(probe.costs[1, operator], expected)


@pytest.mark.parametrize("seen", [everything(6), visible(6, None), visible(6, 2)])
def test_saliency_of_keys_and_values(source: Path, seen: np.ndarray) -> None:  # type: ignore[type-arg]
    """Two query heads share each of two key-value heads; by loops over tokens."""
    generator = np.random.default_rng(2)
    q, k, v = (generator.normal(size=(6, heads, 4)) for heads in (4, 2, 2))
    with Checkpoint.open(source) as checkpoint:
        probe = _Saliency(ExactProducts(checkpoint))
        passed = probe.heads(0, q, k, v, seen)
    assert all(np.array_equal(a, b) for a, b in zip(passed, (q, k, v), strict=True))
    keys, values = np.zeros((2, 4)), np.zeros((2, 4))
    for head in range(4):
        p = weights_of(q[:, head], k[:, head // 2], seen)
        for a in range(6):
            for b in range(6):
                keys[head // 2] += (q[b, head] @ k[a, head // 2]) * q[b, head] * k[a, head // 2]
                values[head // 2] += (p[:, a] @ p[:, b]) * v[b, head // 2] * v[a, head // 2]
    assert np.allclose(probe.costs[0, "keys"], keys)
    assert np.allclose(probe.costs[0, "values"], values)


def weights_of(q: Array, k: Array, seen: np.ndarray) -> Array:  # type: ignore[type-arg]
    powers: Array = np.where(seen, np.exp(q @ k.T / 2), 0.0)
    return powers / powers.sum(axis=1, keepdims=True)


def test_every_place_has_salient_channels(source: Path) -> None:
    with Checkpoint.open(source) as checkpoint:
        products = calibrated(checkpoint, [Stretch(tokens=tuple(TOKENS), first=1)])
        assert len(products.salient) == 2 * (len(OPERATORS) + 2)
        for salient in products.salient.values():
            assert salient.sum() == salient.size - salient.size * 9 // 10
        found = baseline_nll_many(checkpoint, [TOKENS], products)[0]
        exact = baseline_nll_many(checkpoint, [TOKENS])[0]
    assert 0 < np.abs(found - exact).max() < 5


def test_batches_of_calibration_add_up(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stretches = list(FittedWindow(size=5, stride=4).stretches(TOKENS))
    with Checkpoint.open(source) as checkpoint:
        whole = calibrated(checkpoint, stretches)
        monkeypatch.setattr("spikeref.evaluate.scoring.BATCH_TOKENS", 7)
        apart = calibrated(checkpoint, stretches)
    for place, salient in whole.salient.items():
        assert np.array_equal(salient, apart.salient[place])
