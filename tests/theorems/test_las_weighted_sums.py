"""THM-13: weighted spikes, in any order and split, sum to the product of values (LAS-6, NEUR-5)."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.products import Synaptic
from spikeref.neurons.outlier_aware import OatSpikes
from tests.theorems.weighted_spikes import Matrix, populations, small_codes, spikes_one_by_one


@st.composite
def population(draw: st.DrawFn) -> tuple[OatSpikes, Matrix]:
    sources, targets = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    weight = st.integers(-32767, 32767)
    row = st.lists(weight, min_size=targets, max_size=targets)
    rows = draw(st.lists(row, min_size=sources, max_size=sources))
    return draw(populations(draw(small_codes()), (sources,))), rows


@settings(max_examples=60)
@given(
    given_population=population(), random=st.randoms(use_true_random=False), parts=st.integers(1, 4)
)
def test_any_order_and_split(
    given_population: tuple[OatSpikes, Matrix], random: Random, parts: int
) -> None:
    """Each spike adds ±W[j] times what it weighs to any of several accumulators."""
    spikes, rows = given_population
    arrived = spikes_one_by_one(spikes)
    random.shuffle(arrived)
    accumulators = [[0] * len(rows[0]) for _ in range(parts)]
    for number, spike in enumerate(arrived):
        (j,) = spike.place
        target = accumulators[number % parts]
        for m, w in enumerate(rows[j]):
            target[m] += spike.weight * w
    values = spikes.values.tolist()
    expected = [sum(v * w for v, w in zip(values, c, strict=True)) for c in zip(*rows, strict=True)]
    assert [sum(column) for column in zip(*accumulators, strict=True)] == expected
    weights = np.array(rows, dtype=np.int16)
    bound = int(np.abs(weights.astype(np.int64)).sum(axis=0).max()) * spikes.code.largest_value
    synaptic = Synaptic(weights=weights, largest=32767, accumulator_bound=bound)
    assert LAS_DENSE.saw(spikes[None], synaptic).tolist() == [expected]


@given(given_population=population())
def test_a_neuron_fires_at_most_once_a_step_and_its_spikes_sum_to_its_value(
    given_population: tuple[OatSpikes, Matrix],
) -> None:
    spikes, _ = given_population
    fired = spikes_one_by_one(spikes)
    assert len({(s.place, s.step) for s in fired}) == len(fired)
    for j, value in enumerate(spikes.values.tolist()):
        assert sum(s.weight for s in fired if s.place == (j,)) == value
