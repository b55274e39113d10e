"""A count unfolds into the spikes that made it, and its trains are counted (NEUR-5, LAS-19)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.neurons.binary_train import BinaryTrain, time_steps
from spikeref.neurons.multi_threshold import Rule, mt_levels_by_steps
from spikeref.neurons.spike_numbers import spike_numbers
from tests.neurons.oat_codes import RULES


def unfolded(counts: list[int], steps: int, levels: int) -> list[list[int]]:
    """Signed s_1 … s_T of each count."""
    train = BinaryTrain(counts=np.array(counts, dtype=np.int32), steps=steps, levels=levels)
    found = list(time_steps(train))
    assert len(found) == steps
    assert all(spikes.shape == train.counts.shape for spikes in found)
    return [list(spikes) for spikes in np.array(found).T.tolist()]


@given(
    magnitude=st.integers(0, 1 << 20),
    threshold=st.integers(1, 1 << 20),
    steps=st.integers(10, 16),
    levels=st.integers(1, 15),
    rule=RULES,
    sign=st.sampled_from([-1, 1]),
)
def test_the_count_gives_the_spikes_back(
    magnitude: int, threshold: int, steps: int, levels: int, rule: Rule, sign: int
) -> None:
    fired = mt_levels_by_steps(magnitude, threshold, steps, levels, rule)
    count = sum(s << (steps - t) for t, s in enumerate(fired, start=1))
    (found,) = unfolded([sign * count], steps, levels)
    assert found == [sign * s for s in fired]


@pytest.mark.parametrize("steps", [10, 11, 13, 16])
def test_with_one_level_every_count_is_its_bits(steps: int) -> None:
    counts = range(1 - (1 << steps), 1 << steps, 1 if steps < 12 else 37)
    for count, spikes in zip(counts, unfolded(list(counts), steps, 1), strict=True):
        bits = [abs(count) >> (steps - t) & 1 for t in range(1, steps + 1)]
        assert spikes == [-b if count < 0 else b for b in bits]


@given(
    levels=st.integers(1, 15),
    steps=st.integers(10, 16),
    data=st.data(),
)
def test_weights_sum_back_and_spikes_are_numbered(levels: int, steps: int, data: st.DataObject) -> (
    None
):  # fmt: skip
    """Counts that an MT neuron gives: fired sizes n … 2n − 1 that make the count again."""
    threshold = 1 << 20
    given_counts = []
    for x in data.draw(st.lists(st.integers(0, threshold), min_size=1, max_size=6)):
        fired = mt_levels_by_steps(x, threshold, steps, levels, Rule.BELOW)
        given_counts.append(sum(s << (steps - t) for t, s in enumerate(fired, start=1)))
    found = unfolded(given_counts, steps, levels)
    for count, spikes in zip(given_counts, found, strict=True):
        assert sum(s << (steps - t) for t, s in enumerate(spikes, start=1)) == count
        assert all(s == 0 or levels <= abs(s) < 2 * levels for s in spikes)
    train = BinaryTrain(
        counts=np.array([given_counts, [-c for c in given_counts]]), steps=steps, levels=levels
    )
    numbers = [sum(s != 0 for s in spikes) for spikes in found]
    assert spike_numbers(train).tolist() == [numbers, numbers]


def test_the_largest_counts_have_a_spike_each_step() -> None:
    for levels in range(1, 16):
        largest = (2 * levels - 1) * ((1 << 16) - 1)
        (spikes,) = unfolded([-largest], 16, levels)
        assert spikes == [-(2 * levels - 1)] * 16
        train = BinaryTrain(counts=np.array([largest, 0]), steps=16, levels=levels)
        assert spike_numbers(train).tolist() == [16, 0]


def test_more_levels_never_fire_more_spikes_in_the_mean() -> None:
    """What levels are for: the number of spikes falls as they rise (table 5 of LAS)."""
    grid = np.arange(1, 1 << 16, 7)
    means = []
    for levels in (1, 3, 7, 15):
        total = 0
        for x in grid[::97].tolist():
            fired = mt_levels_by_steps(x, 1 << 16, 16, levels, Rule.BELOW)
            total += sum(s != 0 for s in fired)
        means.append(total)
    assert means == sorted(means, reverse=True)
    assert means[0] > 1.5 * means[-1]
