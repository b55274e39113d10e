"""THM-3: the firing rate is least where small counts are the frequent ones (theorem 3)."""

from fractions import Fraction
from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikeref.neurons.trains import unfold

FREQUENCIES = st.lists(st.integers(0, 40), min_size=2, max_size=16)


def firing_rate(frequencies: list[int]) -> Fraction:
    """Spikes / (neurons·D) of a population of which frequencies[k] neurons have count k."""
    length = len(frequencies) - 1
    counts = np.repeat(np.arange(len(frequencies), dtype=np.uint8), frequencies)
    spikes = int(unfold(counts, length).sum(dtype=np.int64))
    return Fraction(spikes, max(counts.size, 1) * length)


@given(frequencies=FREQUENCIES)
def test_the_rate_is_the_mean_count_over_the_train_length(frequencies: list[int]) -> None:
    """R = Σ_k (k/D)·p_k (equation 15 with T = 1)."""
    neurons = max(sum(frequencies), 1)
    length = len(frequencies) - 1
    mean = sum(Fraction(k * n, neurons * length) for k, n in enumerate(frequencies))
    assert firing_rate(frequencies) == mean


@given(frequencies=st.lists(st.integers(0, 9), min_size=2, max_size=5))
def test_descending_frequencies_are_least_of_all_pairings(frequencies: list[int]) -> None:
    """Among all assignments of the same frequencies to the counts 0 … D, by exhaustion."""
    rates = {order: firing_rate(list(order)) for order in set(permutations(frequencies))}
    assert min(rates.values()) == firing_rate(sorted(frequencies, reverse=True))
    assert max(rates.values()) == firing_rate(sorted(frequencies))


@given(frequencies=FREQUENCIES, data=st.data())
def test_swapping_an_inversion_never_fires_more(
    frequencies: list[int], data: st.DataObject
) -> None:
    """The rearrangement step: giving the smaller count the larger frequency lowers the rate."""
    i = data.draw(st.integers(0, len(frequencies) - 2))
    j = data.draw(st.integers(i + 1, len(frequencies) - 1))
    swapped = list(frequencies)
    swapped[i], swapped[j] = max(swapped[i], swapped[j]), min(swapped[i], swapped[j])
    before, after = firing_rate(frequencies), firing_rate(swapped)
    assert after <= before
    assert (after < before) == (frequencies[i] < frequencies[j])
