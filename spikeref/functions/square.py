"""x² of mantissas (HG-7)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.functions.mantissas import reduced
from spikeref.neurons.hierarchical import HgNeuron, sub_neuron_codes

VALUE_SHIFT = 32


def square(x: NDArray[np.int64], neuron: HgNeuron, steps: int) -> NDArray[np.int64]:
    """Return ⌊C·2^(32 + 2e)⌋ ≈ x², int64 [...], 0 for 0, for |x| < 2^30 (HG-7)."""
    size = np.abs(x)
    given = reduced(np.maximum(size, np.int64(1)), even=False)
    # Every mantissa is in the one piece's range.
    code = sub_neuron_codes(given.mantissa, neuron.pieces[0], steps)
    places = np.int64(VALUE_SHIFT) + given.exponent + given.exponent
    value = (code << np.maximum(places, np.int64(0))) >> np.maximum(-places, np.int64(0))
    return np.where(size == 0, np.int64(0), value)
