"""Runs of equal code cover a piece and are what its sub-neuron fires (NEUR-6 to NEUR-8)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.neurons.code_runs import code_runs, few_spikes_starts
from spikeref.neurons.expansion import UNREACHED, Expansion
from spikeref.neurons.few_spikes import FewSpikes, few_spikes
from spikeref.neurons.hierarchical import Identity, Piece, SubNeuron, sub_neuron_codes

CODES = (1 << 16) - 1
RAMP = np.minimum(np.arange(1, CODES + 1, dtype=np.int64) * 3 - 900, UNREACHED)
CLIFF = np.where(np.arange(CODES) < 700, 40, UNREACHED)
NUMBERS = st.integers(-300, 300)
LARGEST = 400


def spread(piece: Piece, steps: int) -> np.ndarray:
    """Return the code of every membrane from the runs."""
    runs = code_runs(piece, steps)
    assert runs.first[0] == piece.low
    assert runs.last[-1] == piece.high
    assert np.array_equal(runs.first[1:], runs.last[:-1] + 1)
    return np.repeat(runs.code, runs.last - runs.first + 1)


@pytest.mark.parametrize("steps", [10, 13, 16])
@pytest.mark.parametrize(
    "neuron",
    [
        Expansion(thresholds=RAMP.astype(np.int32), falling=False),
        Expansion(thresholds=(-RAMP).astype(np.int32), falling=True),
        Expansion(thresholds=CLIFF.astype(np.int32), falling=False),
        Identity(0),
        Identity(3),
    ],
    ids=["rising", "falling", "cliff", "identity", "shifted"],
)
@pytest.mark.parametrize(("low", "high"), [(0, 60000), (5, 5), (1001, 2000)])
def test_runs_spread_out_are_the_codes(neuron: SubNeuron, low: int, high: int, steps: int) -> None:
    piece = Piece(low=low, high=high, sign=1, exponent=0, neuron=neuron)
    grid = np.arange(low, high + 1, dtype=np.int64)
    np.testing.assert_array_equal(spread(piece, steps), sub_neuron_codes(grid, piece, steps))


@pytest.mark.parametrize("near", [5, CODES])
def test_runs_reach_to_the_ends_of_32_bits(near: int) -> None:
    """Thresholds at the last membrane fire there, and start a run of their own (NEUR-6)."""
    values = np.where(np.arange(CODES) < near, UNREACHED - 40, UNREACHED)
    rising = Expansion(thresholds=values.astype(np.int32), falling=False)
    falling = Expansion(thresholds=(-values - 1).astype(np.int32), falling=True)
    for neuron, low in ((rising, UNREACHED - 50), (falling, -UNREACHED - 1)):
        piece = Piece(low=low, high=low + 50, sign=1, exponent=0, neuron=neuron)
        grid = np.arange(low, low + 51, dtype=np.int64)
        reached = values[:, None] <= (-grid - 1 if neuron.falling else grid)
        np.testing.assert_array_equal(spread(piece, 16), reached.sum(axis=0, dtype=np.int64))


@given(
    parameters=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=16),
    low=st.integers(-500, 500),
)
def test_fs_neurons_have_runs_too(parameters: list[tuple[int, int, int]], low: int) -> None:
    neuron = FewSpikes(
        resets=tuple(p[0] for p in parameters),
        thresholds=tuple(p[1] for p in parameters),
        weights=tuple(p[2] for p in parameters),
    )
    piece = Piece(low=low, high=low + LARGEST, sign=1, exponent=0, neuron=neuron)
    grid = np.arange(LARGEST + 1, dtype=np.int64)
    expected = np.clip(few_spikes(grid, neuron), 0, CODES)
    np.testing.assert_array_equal(spread(piece, 16), expected)


def test_runs_do_not_grow_with_the_range() -> None:
    """At most 2^K of them, over 2^32 membranes."""
    neuron = FewSpikes(resets=(4, 2, 1), thresholds=(3, 1, 0), weights=(4, 2, 1))
    assert sorted(few_spikes_starts(neuron, (1 << 32) - 1).tolist()) == list(range(8))
