"""The spiked key/value cache: counts and scales, nothing else (ATT-12)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.forward.growing_rows import GrowingRows
from spikeref.model.config import ModelShape
from spikeref.ops.attention import CachedSpikes
from spikeref.ops.heads import HeadSpikes


class SpikeCache:
    """Keys or values of one layer, S positions so far; grows as positions are added."""

    def __init__(self, groups: int, width: int) -> None:
        """Start empty, for G = groups heads of d = width values."""
        self._counts = GrowingRows((groups, width), np.int8)
        self._mantissa = GrowingRows((groups,), np.int64)
        self._exponent = GrowingRows((groups,), np.int64)
        self._spikes = GrowingRows((groups,), np.int64)

    def write(self, heads: HeadSpikes, first: int) -> None:
        """Hold the T positions of `heads` from position `first` on, and none after them.

        What a pass that broke off left beyond `first` is overwritten (ENG-8).
        """
        self._counts.write(heads.counts, first)
        self._mantissa.write(heads.mantissa, first)
        self._exponent.write(heads.exponent, first)
        # Read without a sign, the magnitude of −128 is itself.
        spikes = np.abs(heads.counts).view(np.uint8).sum(axis=-1, dtype=np.int64)
        self._spikes.write(spikes, first)

    def view(self) -> CachedSpikes:
        """Return what is cached, [S, G, …]."""
        return CachedSpikes(
            counts=self._counts.view(),
            mantissa=self._mantissa.view(),
            exponent=self._exponent.view(),
        )

    @property
    def spikes(self) -> NDArray[np.int64]:
        """How many spikes each position has in each group, int64 [S, G]."""
        return self._spikes.view()


class Cache:
    """Keys and values of every layer."""

    def __init__(self, shape: ModelShape) -> None:
        """Start empty, for a model of that shape."""
        self.keys = [SpikeCache(shape.kv_heads, shape.head_dim) for _ in range(shape.layers)]
        self.values = [SpikeCache(shape.kv_heads, shape.head_dim) for _ in range(shape.layers)]
        self.length = 0
        """Positions cached in every layer."""
