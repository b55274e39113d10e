"""Engines under test, and the spike-driven products as plain Python sums."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.dense import DENSE
from spikeref.engine.events import Reversed, Shuffled, Sorted
from spikeref.engine.products import Engine, Synaptic
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.neurons.counts import Encoder, Encoding

ARRIVALS = (Sorted(), Reversed(), Shuffled(12345))
BATCHES = (1, 7, 4096)


def every_engine() -> list[tuple[str, Engine]]:
    """Name and engine: dense, sync, and async in every arrival order and batch size."""
    engines = [("dense", DENSE), ("sync", SYNCHRONOUS)]
    for arrival in ARRIVALS:
        engines += [(f"async-{arrival}-{b}", asynchronous(arrival, b)) for b in BATCHES]
    return engines


def random_counts(encoder: Encoder, shape: tuple[int, ...], seed: int) -> NDArray[Any]:
    """Counts over the encoder's whole range, the extremes among them; int8 or uint8."""
    rng = np.random.default_rng(seed)
    if encoder.encoding is Encoding.BINARY:
        low, high = 0, encoder.levels
    else:
        low, high = -encoder.largest_count, encoder.levels
    counts = rng.integers(low, high, size=shape, endpoint=True)
    if counts.size:
        counts.flat[0], counts.flat[-1] = low, high
    return counts.astype(np.uint8 if encoder.encoding is Encoding.BINARY else np.int8)


def synaptic_of(weights: NDArray[Any], encoder: Encoder) -> Synaptic:
    """The weights with their proven bound (ADD-3)."""
    absolute = np.abs(weights.astype(np.int64))
    bound = encoder.largest_count * int(absolute.sum(axis=0).max(initial=0))
    return Synaptic(weights=weights, largest=int(absolute.max(initial=0)), accumulator_bound=bound)


def product_by_python(a: NDArray[Any], b: NDArray[Any]) -> list[list[int]]:
    """Σ_k a[t, k]·b[k, m] on unbounded integers."""
    return [
        [sum(int(x) * int(y) for x, y in zip(row, column, strict=True)) for column in b.T]
        for row in a
    ]
