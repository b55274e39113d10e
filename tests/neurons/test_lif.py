"""The leaky integrate-and-fire neuron (ENC-9, equations 2 to 4)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.arith import scalar
from spikeref.arith.ties import Ties
from spikeref.errors import UsageError
from spikeref.neurons.lif import LifNeuron, run_lif
from tests.arith.integers import sized

LARGEST = (1 << 31) - 1


def currents(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)[:, None]


def test_a_leaky_neuron_worked_by_hand() -> None:
    """θ = 10, V_r = 0, β = 1/2; the residues 3.5 and 2.5 go to even."""
    neuron = LifNeuron(threshold=10, reset=0, decay_mantissa=1, decay_shift=1)
    run = run_lif(currents(7, 1, 8, 5, 10), neuron)
    # U: 7, 4+1, 2+8 fires, 0+5, 2+10 fires.
    assert run.potential[:, 0].tolist() == [7, 5, 10, 5, 12]
    assert run.spikes[:, 0].tolist() == [0, 0, 1, 0, 1]
    assert run.residue.tolist() == [0]


def test_the_same_with_halves_going_up() -> None:
    neuron = LifNeuron(threshold=10, reset=0, decay_mantissa=1, decay_shift=1, ties=Ties.HALF_UP)
    run = run_lif(currents(7, 1, 8, -5, 0), neuron)
    # U: 7, 4+1, 3+8 fires, 0−5, round_up(−2.5) = −2.
    assert run.potential[:, 0].tolist() == [7, 5, 11, -5, -2]
    assert run.spikes[:, 0].tolist() == [0, 0, 1, 0, 0]
    assert run.residue.tolist() == [-1]


def test_reset_below_zero_and_no_leak() -> None:
    """β = 1 integrates perfectly; after a spike the neuron starts at −4."""
    neuron = LifNeuron(threshold=6, reset=-4, decay_mantissa=8, decay_shift=3)
    run = run_lif(currents(3, 3, 9, 1, 0), neuron)
    assert run.potential[:, 0].tolist() == [3, 6, 5, 6, -4]
    assert run.spikes[:, 0].tolist() == [0, 1, 0, 1, 0]
    assert run.residue.tolist() == [-4]


def test_no_memory_at_decay_zero() -> None:
    neuron = LifNeuron(threshold=5, reset=0, decay_mantissa=0, decay_shift=0)
    run = run_lif(currents(4, 4, 5), neuron)
    assert run.potential[:, 0].tolist() == [4, 4, 5]
    assert run.spikes[:, 0].tolist() == [0, 0, 1]


def test_one_step_is_the_input_current() -> None:
    """T = 1 as in the model: U_1 = I_1 (the note of ENC-9)."""
    neuron = LifNeuron(threshold=1, reset=0, decay_mantissa=1, decay_shift=4)
    current = np.array([[5, -5, LARGEST, -LARGEST - 1]], dtype=np.int64)
    np.testing.assert_array_equal(run_lif(current, neuron).potential, current)


@given(
    current=st.lists(st.lists(sized(LARGEST), min_size=3, max_size=3), min_size=1, max_size=8),
    threshold=sized(LARGEST),
    reset=sized(LARGEST),
    shift=st.integers(0, 15),
    mantissa=st.integers(0, 1 << 15),
    ties=st.sampled_from(Ties),
)
def test_any_run_is_the_clause(
    current: list[list[int]], threshold: int, reset: int, shift: int, mantissa: int, ties: Ties
) -> None:
    """Saturation at 32 bits included."""
    mantissa = min(mantissa, 1 << shift)
    neuron = LifNeuron(
        threshold=threshold, reset=reset, decay_mantissa=mantissa, decay_shift=shift, ties=ties
    )
    run = run_lif(np.array(current, dtype=np.int64), neuron)
    for n in range(3):
        residue = 0
        for t, line in enumerate(current):
            potential = scalar.saturate(residue + line[n], 32)
            spike = int(potential >= threshold)
            residue = reset if spike else scalar.round_shift(mantissa * potential, shift, ties)
            assert (int(run.potential[t, n]), int(run.spikes[t, n])) == (potential, spike)
        assert int(run.residue[n]) == residue


def test_a_single_neuron_without_a_population_axis() -> None:
    neuron = LifNeuron(threshold=3, reset=0, decay_mantissa=1, decay_shift=0)
    run = run_lif(np.array([2, 2], dtype=np.int64), neuron)
    assert run.spikes.tolist() == [0, 1]
    assert run.residue.shape == ()


@pytest.mark.parametrize(("mantissa", "shift"), [(3, 1), (-1, 4), (1, 16), (1, -1), (1 << 16, 15)])
def test_decay_out_of_range(mantissa: int, shift: int) -> None:
    with pytest.raises(UsageError, match="decay"):
        LifNeuron(threshold=1, reset=0, decay_mantissa=mantissa, decay_shift=shift)
