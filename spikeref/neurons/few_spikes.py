"""The FS neuron: few spikes, each with its own weight, threshold and reset (NEUR-1)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class FewSpikes:
    """Parameters h, T, d of K steps, all integers of equal number."""

    resets: tuple[int, ...]
    """h_t: what a spike takes off the membrane potential."""
    thresholds: tuple[int, ...]
    """T_t."""
    weights: tuple[int, ...]
    """d_t: what a spike adds to the output."""

    def __post_init__(self) -> None:
        """Refuse lists of unequal length."""
        if not len(self.resets) == len(self.thresholds) == len(self.weights):
            raise UsageError("FS neuron: h, T and d must be of equal length (NEUR-1)")


def few_spikes(x: NDArray[np.int64], neuron: FewSpikes) -> NDArray[np.int64]:
    """Return y = Σ_t d_t·z_t, int64 [...], of membrane potentials x (equations 1 and 2).

    At each step z_t = [v > T_t], strictly, then v falls by h_t·z_t.
    """
    potential = x.astype(np.int64)
    output = np.zeros(x.shape, dtype=np.int64)
    parameters = zip(neuron.resets, neuron.thresholds, neuron.weights, strict=True)
    for reset, threshold, weight in parameters:
        fires = potential > threshold
        output += np.where(fires, np.int64(weight), np.int64(0))
        potential -= np.where(fires, np.int64(reset), np.int64(0))
    return output
