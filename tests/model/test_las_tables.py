"""What a decoder's gate may reach (LAS-17), and what a piece's codes are at most (NEUR-8)."""

import numpy as np
import pytest

from spikeref.compiler.function_tables import fitted_neuron, standard_neuron
from spikeref.errors import ModelError
from spikeref.functions.tables import ACTIVATION_NAMES, FUNCTION_NAMES, FunctionName
from spikeref.model.las_tables import (
    neuron_tensors,
    read_neuron,
    read_tables,
    require_gate,
)
from spikeref.model.tensors import DECODER_FUNCTIONS
from spikeref.neurons.code_runs import code_range
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.few_spikes import FewSpikes
from spikeref.neurons.hierarchical import HgNeuron, Identity, Piece, SubNeuron, sub_neuron_codes

CODES = (1 << 16) - 1
TOP = FewSpikes(resets=(0,) * 16, thresholds=(-1, *[1 << 30] * 15), weights=(1 << 15,) * 16)


def reaching(code: int) -> Expansion:
    """An expansion neuron that fires from 7 on, and then this code."""
    values = np.where(np.arange(CODES) < code, 7, 1 << 30)
    return Expansion(thresholds=values.astype(np.int32), falling=False)


@pytest.mark.parametrize(
    ("neuron", "exponent"),
    [
        (reaching(CODES), 0),
        (reaching(1 << 15), 0),
        (Identity(14), 0),
        (TOP, 0),
    ],
)
def test_a_gate_of_32_bits_is_refused(neuron: SubNeuron, exponent: int) -> None:
    """k·a would reach 2^62, or 2^63 with both at their largest (OP-9)."""
    piece = Piece(low=0, high=(1 << 30) - 1, sign=-1, exponent=exponent, neuron=neuron)
    with pytest.raises(ModelError, match=r"tables\.silu\.0: .*LAS-17") as refused:
        require_gate("silu", HgNeuron(pieces=(piece,)))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("neuron", "exponent"), [(reaching(CODES), -1), (reaching((1 << 15) - 1), 0), (TOP, -1)]
)
def test_a_gate_of_31_bits_is_admitted(neuron: SubNeuron, exponent: int) -> None:
    piece = Piece(low=0, high=(1 << 30) - 1, sign=-1, exponent=exponent, neuron=neuron)
    require_gate("silu", HgNeuron(pieces=(piece,)))


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_the_standard_and_the_fitted_functions_are_read(name: FunctionName) -> None:
    for neuron in (standard_neuron(name), fitted_neuron(name)):
        tensors = neuron_tensors(name, neuron)
        again = read_neuron(name, tensors.__getitem__)
        if name in ACTIVATION_NAMES:
            require_gate(name, again)
        assert len(again.pieces) == len(neuron.pieces)


@pytest.mark.parametrize("steps", [10, 16])
@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_the_range_of_codes_is_that_of_every_membrane(name: FunctionName, steps: int) -> None:
    for neuron in (standard_neuron(name), fitted_neuron(name)):
        for piece in neuron.pieces:
            end = min(piece.high, piece.low + (1 << 17))
            part = Piece(low=piece.low, high=end, sign=piece.sign, exponent=0, neuron=piece.neuron)
            codes = sub_neuron_codes(np.arange(piece.low, end + 1, dtype=np.int64), part, steps)
            assert code_range(part, steps) == (int(codes.min()), int(codes.max()))


def test_the_activation_is_found_by_name() -> None:
    tensors = {
        name: array
        for function in DECODER_FUNCTIONS
        for name, array in neuron_tensors(function, standard_neuron(function)).items()
    }
    found = read_tables(DECODER_FUNCTIONS[::-1], tensors.__getitem__)
    assert len(found.activation.pieces) == len(standard_neuron("silu").pieces)
    assert found.tanh is None
