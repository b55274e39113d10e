"""√s and 1/√s of mantissas with even exponents (HG-5, HG-6)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.functions.mantissas import reduced
from spikeref.neurons.hierarchical import HgNeuron, fire_piece_by_piece


def rsqrt(
    s: NDArray[np.int64], neuron: HgNeuron, steps: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return C and e/2 with 1/√s ≈ C·2^−(27 + e/2), int64 [...], for 0 < s < 2^62 (HG-5)."""
    return _of_even_mantissa(s, neuron, steps)


def sqrt_code(
    s: NDArray[np.int64], neuron: HgNeuron, steps: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return C and e/2 with √s ≈ C·2^(e/2 − 4), int64 [...], for 0 < s < 2^62 (HG-6)."""
    return _of_even_mantissa(s, neuron, steps)


def _of_even_mantissa(
    s: NDArray[np.int64], neuron: HgNeuron, steps: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    given = reduced(s, even=True)
    return fire_piece_by_piece(given.mantissa, neuron, steps).code, given.exponent >> 1
