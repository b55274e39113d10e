"""How many spikes the trains of weighted spikes have (LAS-19)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.neurons.binary_train import BinaryTrain, time_steps
from spikeref.neurons.outlier_aware import OatSpikes


def spike_numbers(train: BinaryTrain) -> NDArray[np.int64]:
    """Return the number of spikes of each neuron, int64 [...]: one of any weight counts once."""
    if train.levels == 1:
        # With one level the spikes are the bits of the count (NEUR-5).
        return np.asarray(np.bitwise_count(np.abs(train.counts)), dtype=np.int64)
    fired = np.zeros(train.counts.shape, dtype=np.int64)
    for spikes in time_steps(train):
        fired += spikes != 0
    return fired


def spikes_of_rows(spikes: OatSpikes) -> NDArray[np.int64]:
    """Return the number of spikes of each row of neurons [..., d], int64 [...]."""
    return np.asarray(spike_numbers(spikes.train).sum(axis=-1, dtype=np.int64))
