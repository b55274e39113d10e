"""A real event queue: address events in any arrival order, integrated into counters (ENG-4)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.events import Arrival, EventQueue, Sorted, events_of, pack_events
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.products import Engine, Synaptic, counts_of_heads
from spikeref.engine.sparse_addition import add_rows, subtract_rows
from spikeref.neurons.counts import Encoder

BATCH = 4096
"""Events popped at a time unless a caller says otherwise."""


def asynchronous(arrival: Arrival = Sorted(), batch: int = BATCH) -> Engine:  # noqa: B008
    """Return an engine whose products travel as address events, arriving in the given order.

    One epoch carries one population: a token's input, or one head's visible keys or values. Epochs
    are numbered in the order of the products.
    """
    epochs = _Epochs(arrival, batch)
    return Engine(
        name="async",
        project=epochs.project,
        score=epochs.score,
        mix=epochs.mix,
        hadamard=las_asynchronous(arrival, batch).hadamard,
        query_block=1,
        heads_in_order=True,
    )


class _Epochs:
    """Numbers the epochs of one engine and integrates their events."""

    def __init__(self, arrival: Arrival, batch: int) -> None:
        self._arrival = arrival
        self._batch = batch
        self._next_epoch = 0

    def _queue(self, counts: NDArray[Any], encoder: Encoder) -> EventQueue:
        """Return a queue into which the spikes of counts [N] and their end marker were pushed."""
        queue = EventQueue(self._next_epoch, self._arrival, self._batch)
        queue.push(pack_events(events_of(counts, encoder), self._next_epoch))
        self._next_epoch += 1
        return queue

    def project(
        self, counts: NDArray[Any], synaptic: Synaptic, encoder: Encoder
    ) -> NDArray[np.int64]:
        """Return Σ over events of ±W[source], int64 [T, M], of counts [T, N]."""
        targets = synaptic.weights.shape[1]
        accumulators = np.zeros((counts.shape[0], targets), dtype=np.int64)
        for row, accumulator in zip(counts, accumulators, strict=True):
            queue = self._queue(row, encoder)
            integrate_rows(queue, synaptic, encoder, accumulator)
        return accumulators

    def score(
        self, queries: NDArray[Any], counts: NDArray[Any], encoder: Encoder
    ) -> NDArray[np.int64]:
        """Return scores [T, C, S]; the source number of a key spike is j·d + dim (EVENT-3)."""
        width = counts.shape[2]
        accumulators = np.zeros((*queries.shape[:2], len(counts)), dtype=np.int64)
        of_heads = counts_of_heads(counts, queries.shape[1])
        for token, head in np.ndindex(*queries.shape[:2]):
            population = of_heads[:, head].reshape(-1)
            queue = self._queue(population, encoder)
            for events in queue.batches(population.size, encoder.train_length):
                position, dimension = np.divmod(events.source, np.int64(width))
                value = queries[token, head][dimension]
                _integrate(accumulators[token, head], position, value, events.negative)
        return accumulators

    def mix(
        self, addends: NDArray[Any], counts: NDArray[Any], encoder: Encoder
    ) -> NDArray[np.int64]:
        """Return sums [T, C, d]; the source number of a value spike is j·d + dim (EVENT-3)."""
        width = counts.shape[2]
        accumulators = np.zeros((*addends.shape[:2], width), dtype=np.int64)
        of_heads = counts_of_heads(counts, addends.shape[1])
        for token, head in np.ndindex(*addends.shape[:2]):
            population = of_heads[:, head].reshape(-1)
            queue = self._queue(population, encoder)
            for events in queue.batches(population.size, encoder.train_length):
                position, dimension = np.divmod(events.source, np.int64(width))
                value = addends[token, head][position]
                _integrate(accumulators[token, head], dimension, value, events.negative)
        return accumulators


def integrate_rows(
    queue: EventQueue, synaptic: Synaptic, encoder: Encoder, accumulator: NDArray[np.int64]
) -> None:
    """Add ±W[source] to the accumulator, int64 [M], for every event of the queue (EVENT-5).

    DeliveryError where EVENT-6 asks for it; the accumulator is then void.
    """
    for events in queue.batches(len(synaptic.weights), encoder.train_length):
        rising = events.source[~events.negative]
        falling = events.source[events.negative]
        add_rows(accumulator, synaptic.weights, synaptic.largest, rising)
        subtract_rows(accumulator, synaptic.weights, synaptic.largest, falling)


def _integrate(
    accumulator: NDArray[np.int64],
    target: NDArray[np.int64],
    value: NDArray[Any],
    negative: NDArray[np.bool_],
) -> None:
    """Add value[k] to accumulator[target[k]], or subtract it where negative[k]."""
    np.add.at(accumulator, target[~negative], value[~negative])
    np.subtract.at(accumulator, target[negative], value[negative])
