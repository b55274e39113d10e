"""The spiked keys and values of a LAS model: counts and outlier flags, nothing else (LAS-7)."""

import numpy as np

from spikeref.model.las_config import LasConfig
from spikeref.neurons.outlier_aware import OatSpikes


class OatCache:
    """Keys or values of one layer, S positions so far."""

    def __init__(self) -> None:
        """Start empty."""
        self._held: OatSpikes | None = None

    def write(self, spikes: OatSpikes, first: int) -> None:
        """Hold the T positions of `spikes` [T, G, d] from `first` on, and none after them."""
        if self._held is None or first == 0:
            self._held = spikes
            return
        earlier = self._held[slice(0, first)]
        self._held = OatSpikes(
            counts=np.concatenate([earlier.counts, spikes.counts]),
            outliers=np.concatenate([earlier.outliers, spikes.outliers]),
            code=spikes.code,
        )

    def view(self) -> OatSpikes:
        """Return what is cached, [S, G, d]; something must have been written."""
        assert self._held is not None
        return self._held


class LasCache:
    """Keys and values of every layer."""

    def __init__(self, config: LasConfig) -> None:
        """Start empty, for a model of that configuration."""
        self.keys = [OatCache() for _ in range(config.shape.layers)]
        self.values = [OatCache() for _ in range(config.shape.layers)]
        self.length = 0
        """Positions cached in every layer."""
        self.next_position = 0
        """The position number of the token that follows; `length` unless numbers were given."""
