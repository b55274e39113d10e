"""2^−t by octaves: the gate is the whole part, the membrane the fraction (HG-2)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.neurons.hierarchical import HgNeuron, fire

FRACTION_BITS = 16
LAST_OCTAVE = 23
"""An octave beyond it is silent."""


def exp_weights(t: NDArray[np.int64], neuron: HgNeuron, steps: int) -> NDArray[np.int64]:
    """Return E(t), int64 [...] with 39 fraction bits, for t >= −2^16 with 16 fraction bits (HG-2).

    E < 2^39 for t >= 0; below it, in octave −1 of the published softmax, E < 2^40 (LAS-16).
    """
    octave = t >> FRACTION_BITS
    coded = fire(t & np.int64((1 << FRACTION_BITS) - 1), neuron, steps)
    weight = coded.code << np.maximum(np.int64(LAST_OCTAVE) - octave, np.int64(0))
    return np.where(octave <= LAST_OCTAVE, weight, np.int64(0))
