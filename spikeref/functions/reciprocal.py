"""1/s of mantissas (HG-4)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.functions.mantissas import reduced
from spikeref.neurons.hierarchical import HgNeuron, fire_piece_by_piece


def reciprocal(
    s: NDArray[np.int64], neuron: HgNeuron, steps: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return C and e with 1/s ≈ C·2^−(39 + e), int64 [...], for 0 < s < 2^62 (HG-4)."""
    given = reduced(s, even=False)
    return fire_piece_by_piece(given.mantissa, neuron, steps).code, given.exponent
