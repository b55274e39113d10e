"""Activations (HG-1)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.neurons.hierarchical import Coded, HgNeuron, fire


def activate(x: NDArray[np.int64], neuron: HgNeuron, steps: int) -> Coded:
    """Return the codes of x, int64 [...] of 32 bits with 16 fraction bits (HG-1)."""
    return fire(x, neuron, steps)


def with_fraction_bits(coded: Coded, fraction_bits: int) -> NDArray[np.int64]:
    """Return code·2^exponent as integers with so many fraction bits; exponents reach down to it."""
    return np.asarray(coded.code << (coded.exponent + np.int64(fraction_bits)))
