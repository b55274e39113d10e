"""Activations, and the gated feed-forward's spike Hadamard product (LAS-13)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import map_row_blocks
from spikeref.arith.rounding import Saturated, shift_saturate
from spikeref.arith.ties import Ties
from spikeref.engine.las_products import LasEngine
from spikeref.functions.activation import activate, with_fraction_bits
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.hierarchical import Coded, HgNeuron
from spikeref.neurons.outlier_aware import OatSpikes

ACTIVATION_FRACTION_BITS = 20
GATED_BITS = 40
FRACTION_BITS = 16
CODE_BITS = 16


def activation_code(x: NDArray[np.int64], neuron: HgNeuron, steps: int) -> Coded:
    """Return the codes of an activation of x, int64 [T, M] with 16 fraction bits (HG-1)."""
    tokens, width = x.shape
    parts = map_row_blocks(tokens, width, lambda rows: activate(x[rows], neuron, steps))
    return Coded(
        code=np.concatenate([part.code for part in parts]),
        exponent=np.concatenate([part.exponent for part in parts]),
    )


def activation_values(coded: Coded) -> NDArray[np.int64]:
    """Return what the codes stand for, int64 [T, M] with 20 fraction bits, exactly (HG-1)."""
    return with_fraction_bits(coded, ACTIVATION_FRACTION_BITS)


def gated_product(
    gate: Coded, up: OatSpikes, steps: int, engine: LasEngine, ties: Ties
) -> Saturated:
    """Return m, int64 [T, M] of 40 bits with 16 fraction bits (equation 21, LAS-13).

    gate: codes of the activation, [T, M]; up: spikes of the up projection, [T, M].
    """
    unused = CODE_BITS - steps
    # The codes of a neuron of fewer steps end in as many zeros (HG-9): its train has T steps.
    train = BinaryTrain(counts=gate.code >> unused, steps=steps, levels=1)
    product = engine.hadamard(train, up.train) << unused
    normal, outlier = up.code.ratios
    product = np.where(up.outliers, product * np.int64(outlier), product * np.int64(normal))
    unit = up.code.unit
    places = -(gate.exponent + np.int64(int(unit.exponent) + FRACTION_BITS))
    return shift_saturate(product * unit.mantissa, places, GATED_BITS, ties)
