"""The spiked keys and values of a LAS model: counts and outlier flags, nothing else (LAS-7)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.forward.growing_rows import GrowingRows
from spikeref.model.las_config import LasConfig
from spikeref.neurons.outlier_aware import OatCode, OatSpikes
from spikeref.neurons.spike_numbers import spikes_of_rows


class OatCache:
    """Keys or values of one layer, S positions so far; grows as positions are added."""

    def __init__(self, groups: int, width: int) -> None:
        """Start empty, for G = groups heads of d = width values."""
        self._counts = GrowingRows((groups, width), np.int32)
        self._outliers = GrowingRows((groups, width), np.bool_)
        self._spikes = GrowingRows((groups,), np.int64)
        self._code: OatCode | None = None

    def write(self, spikes: OatSpikes, first: int) -> None:
        """Hold the T positions of `spikes` [T, G, d] from `first` on, and none after them."""
        self._counts.write(spikes.counts, first)
        self._outliers.write(spikes.outliers, first)
        self._spikes.write(spikes_of_rows(spikes), first)
        self._code = spikes.code

    def view(self) -> OatSpikes:
        """Return what is cached, [S, G, d]; something must have been written."""
        assert self._code is not None
        return OatSpikes(
            counts=self._counts.view(), outliers=self._outliers.view(), code=self._code
        )

    @property
    def spikes(self) -> NDArray[np.int64]:
        """How many spikes each position has in each group, int64 [S, G] (LAS-19)."""
        return self._spikes.view()


class LasCache:
    """Keys and values of every layer."""

    def __init__(self, config: LasConfig) -> None:
        """Start empty, for a model of that configuration."""
        shape = config.shape
        self.keys = [OatCache(shape.kv_heads, shape.head_dim) for _ in range(shape.layers)]
        self.values = [OatCache(shape.kv_heads, shape.head_dim) for _ in range(shape.layers)]
        self.length = 0
        """Positions cached in every layer."""
        self.next_position = 0
        """The position number of the token that follows; `length` unless numbers were given."""
