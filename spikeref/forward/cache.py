"""The spiked key/value cache: counts and scales, nothing else (ATT-12)."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spikeref.model.config import ModelShape
from spikeref.ops.attention import CachedSpikes, visible_range
from spikeref.ops.heads import HeadSpikes

Scalar = TypeVar("Scalar", bound=np.signedinteger)


class SpikeCache:
    """Keys or values of one layer, S positions so far; grows as positions are added."""

    def __init__(self, groups: int, width: int) -> None:
        """Start empty, for G = groups heads of d = width values."""
        self._counts: NDArray[np.int8] = np.zeros((0, groups, width), dtype=np.int8)
        self._mantissa: NDArray[np.int64] = np.zeros((0, groups), dtype=np.int64)
        self._exponent: NDArray[np.int64] = np.zeros((0, groups), dtype=np.int64)
        self._spikes: NDArray[np.int64] = np.zeros((0, groups), dtype=np.int64)
        self._length = 0

    def write(self, heads: HeadSpikes, first: int) -> None:
        """Hold the T positions of `heads` from position `first` on, and none after them.

        What a pass that broke off left beyond `first` is overwritten (ENG-8).
        """
        end = first + len(heads.counts)
        if end > len(self._counts):
            capacity = max(end, 2 * len(self._counts))
            self._counts = _grown(self._counts, capacity)
            self._mantissa = _grown(self._mantissa, capacity)
            self._exponent = _grown(self._exponent, capacity)
            self._spikes = _grown(self._spikes, capacity)
        added = slice(first, end)
        self._counts[added] = heads.counts
        self._mantissa[added] = heads.mantissa
        self._exponent[added] = heads.exponent
        self._spikes[added] = np.abs(heads.counts.astype(np.int16)).sum(axis=-1, dtype=np.int64)
        self._length = end

    def view(self) -> CachedSpikes:
        """Return what is cached, [S, G, …]."""
        held = slice(0, self._length)
        return CachedSpikes(
            counts=self._counts[held], mantissa=self._mantissa[held], exponent=self._exponent[held]
        )

    def visible_spikes(self, count: int, window: int | None, heads: int) -> NDArray[np.int64]:
        """Return how many spikes each of the last `count` tokens integrates in each of H heads.

        int64 [count, H]: those of the positions visible from it, in its head's group (ATT-5).
        """
        spikes = self._spikes[: self._length]
        before = np.zeros((self._length + 1, spikes.shape[1]), dtype=np.int64)
        np.cumsum(spikes, axis=0, dtype=np.int64, out=before[1:])
        positions = range(self._length - count, self._length)
        ranges = np.array([visible_range(i, window) for i in positions], dtype=np.int64)
        return np.repeat(before[ranges[:, 1]] - before[ranges[:, 0]], heads // spikes.shape[1], 1)


def _grown(array: NDArray[Scalar], capacity: int) -> NDArray[Scalar]:
    grown: NDArray[Scalar] = np.zeros((capacity, *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown


class Cache:
    """Keys and values of every layer."""

    def __init__(self, shape: ModelShape) -> None:
        """Start empty, for a model of that shape."""
        self.keys = [SpikeCache(shape.kv_heads, shape.head_dim) for _ in range(shape.layers)]
        self.values = [SpikeCache(shape.kv_heads, shape.head_dim) for _ in range(shape.layers)]
        self.length = 0
        """Positions cached in every layer."""
