"""The FS neuron fires strictly above its thresholds (NEUR-1)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.errors import UsageError
from spikeref.neurons.few_spikes import FewSpikes, few_spikes

NUMBERS = st.integers(-(1 << 20), 1 << 20)


def by_steps(x: int, neuron: FewSpikes) -> int:
    """Equations 1 and 2 with Python integers."""
    v, y = x, 0
    for t in range(len(neuron.weights)):
        z = int(v > neuron.thresholds[t])
        y += neuron.weights[t] * z
        v -= neuron.resets[t] * z
    return y


@given(
    parameters=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=16),
    membranes=st.lists(NUMBERS, min_size=1, max_size=20),
)
def test_arrays_do_what_the_equations_say(
    parameters: list[tuple[int, int, int]], membranes: list[int]
) -> None:
    neuron = FewSpikes(
        resets=tuple(p[0] for p in parameters),
        thresholds=tuple(p[1] for p in parameters),
        weights=tuple(p[2] for p in parameters),
    )
    # Membranes at a threshold are where a spike must not come yet.
    grid = [*membranes, *(p[1] + d for p in parameters for d in (0, 1))]
    found = few_spikes(np.array(grid, dtype=np.int64), neuron)
    assert found.tolist() == [by_steps(x, neuron) for x in grid]


def test_a_membrane_at_the_threshold_is_silent() -> None:
    neuron = FewSpikes(resets=(8,), thresholds=(8,), weights=(3,))
    assert few_spikes(np.array([7, 8, 9]), neuron).tolist() == [0, 0, 3]


def test_powers_of_two_expand_what_lies_below() -> None:
    """h = T = d = 2^(K−t): the output is x − 1 cut to 0 … 2^K − 1, as the rule `below` counts."""
    powers = tuple(1 << (9 - t) for t in range(10))
    neuron = FewSpikes(resets=powers, thresholds=powers, weights=powers)
    grid = np.arange(-5, 1100)
    expected = np.clip(grid - 1, 0, 1023)
    assert few_spikes(grid, neuron).tolist() == expected.tolist()


def test_membranes_are_left_as_they_are() -> None:
    x = np.array([[5, 9]], dtype=np.int64)
    neuron = FewSpikes(resets=(4,), thresholds=(1,), weights=(1,))
    assert few_spikes(x, neuron).shape == (1, 2)
    assert x.tolist() == [[5, 9]]


def test_lists_of_unequal_length() -> None:
    with pytest.raises(UsageError, match="equal length") as refused:
        FewSpikes(resets=(1, 2), thresholds=(1,), weights=(1,))
    assert "\n" not in str(refused.value)
