"""Weighted spikes as address events, integrated in any arrival order (LAS-6, LAS-8, LAS-9)."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.events import Arrival, EventQueue, Sorted, pack_events
from spikeref.engine.las_events import (
    SOURCE_BITS,
    WEIGHTED_PACKETS,
    WeightedEvents,
    by_weight,
    weighted_events_of,
)
from spikeref.engine.las_products import LasEngine
from spikeref.engine.products import Synaptic
from spikeref.engine.sparse_addition import add_rows, subtract_rows
from spikeref.engine.weighted_spikes import times
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.outlier_aware import OatSpikes

BATCH = 4096
"""Events popped at a time unless a caller says otherwise."""

Batches = Iterator[list[WeightedEvents]]

NOTHING: list[WeightedEvents] = []
"""What a population that is through gives while the other still fires."""


def las_asynchronous(arrival: Arrival = Sorted(), batch: int = BATCH) -> LasEngine:  # noqa: B008
    """Return an engine whose products travel as address events, arriving in the given order.

    One epoch carries one population: a token's input, or one operand of a spike product.
    """
    epochs = _Epochs(arrival, batch)
    return LasEngine(
        name="async",
        saw=epochs.saw,
        saa=epochs.saa,
        hadamard=epochs.hadamard,
        query_block=1,
        heads_in_order=True,
    )


class _Epochs:
    """Numbers the epochs of one engine and integrates their events."""

    def __init__(self, arrival: Arrival, batch: int) -> None:
        self._arrival = arrival
        self._batch = batch
        self._next_epoch = 0

    def _batches(
        self, train: BinaryTrain, outliers: NDArray[np.bool_], ratios: tuple[int, int]
    ) -> Batches:
        """Yield the events of flat trains [N] as they arrive, each batch by weight."""
        queue = EventQueue(self._next_epoch, self._arrival, self._batch, WEIGHTED_PACKETS)
        events = weighted_events_of(train, outliers)
        queue.push(pack_events(events, self._next_epoch, SOURCE_BITS))
        self._next_epoch += 1
        for arrived in queue.batches(train.counts.size, train.steps):
            yield list(by_weight(arrived, train.steps, train.levels, ratios))

    def _population(self, spikes: OatSpikes) -> Batches:
        flat = spikes.train.counts.reshape(-1)
        train = BinaryTrain(
            counts=flat, steps=spikes.code.form.steps, levels=spikes.code.form.levels
        )
        return self._batches(train, spikes.outliers.reshape(-1), spikes.code.ratios)

    def saw(self, spikes: OatSpikes, synaptic: Synaptic) -> NDArray[np.int64]:
        """Return Σ over events of ±weight·W[source], int64 [T, M], of spikes [T, N]."""
        accumulators = np.zeros((len(spikes.counts), synaptic.weights.shape[1]), dtype=np.int64)
        for token, accumulator in enumerate(accumulators):
            for batch in self._population(spikes[token]):
                for events in batch:
                    integrate(accumulator, events, synaptic.weights, synaptic.largest)
        return accumulators

    def saa(self, a: OatSpikes, b: OatSpikes, bound: int) -> Iterator[NDArray[np.int64]]:
        """Yield what each batch of events adds, int64 [T, M]: of a and b in turn (LAS-8)."""
        targets = b.counts.shape[1]
        for token in range(len(a.counts)):
            held = np.zeros(a.counts.shape[1], dtype=np.int64)
            arrived = np.zeros(b.counts.shape, dtype=np.int64)
            for of_a, of_b in zip_longest(
                self._population(a[token]), self._population(b), fillvalue=NOTHING
            ):
                increment = np.zeros((len(a.counts), targets), dtype=np.int64)
                for events in of_a:
                    moved = _rows(arrived, events)
                    increment[token] += times(moved, events.weight)
                    _count(held, events)
                for events in of_b:
                    increment[token] += times(_columns(held, events, targets), events.weight)
                    _count(arrived.reshape(-1), events)
                yield increment

    def hadamard(self, a: BinaryTrain, b: BinaryTrain) -> NDArray[np.int64]:
        """Return a·b, int64, broadcast: each event adds what has arrived of the other operand."""
        left, right = np.broadcast_arrays(a.counts, b.counts)
        total = np.zeros(left.size, dtype=np.int64)
        held, arrived = np.zeros_like(total), np.zeros_like(total)
        batches = self._plain(left, a), self._plain(right, b)
        for of_a, of_b in zip_longest(*batches, fillvalue=NOTHING):
            for events, own, other in (
                *((e, held, arrived) for e in of_a),
                *((e, arrived, held) for e in of_b),
            ):
                total[events.rising] += times(other[events.rising], events.weight)
                total[events.falling] -= times(other[events.falling], events.weight)
                _count(own, events)
        return total.reshape(left.shape)

    def _plain(self, counts: NDArray[Any], form: BinaryTrain) -> Batches:
        """Yield the events of counts without sub-neurons, of the steps and levels of `form`."""
        flat = BinaryTrain(counts=counts.reshape(-1), steps=form.steps, levels=form.levels)
        return self._batches(flat, np.zeros(flat.counts.shape, dtype=np.bool_), (1, 1))


def integrate(
    accumulator: NDArray[np.int64], events: WeightedEvents, weights: NDArray[Any], largest: int
) -> None:
    """Add ±weight·W[source] of every event to int64 [M], for weights [N, M] up to `largest`."""
    fired = np.zeros_like(accumulator)
    add_rows(fired, weights, largest, events.rising)
    subtract_rows(fired, weights, largest, events.falling)
    accumulator += times(fired, events.weight)


def _rows(arrived: NDArray[np.int64], events: WeightedEvents) -> NDArray[np.int64]:
    """Return Σ ±arrived[source], int64 [M]."""
    rising = arrived[events.rising].sum(axis=0, dtype=np.int64)
    return np.asarray(rising - arrived[events.falling].sum(axis=0, dtype=np.int64))


def _columns(held: NDArray[np.int64], events: WeightedEvents, targets: int) -> NDArray[np.int64]:
    """Return what events of [K, M] move: ±held[k] for each target m, int64 [M]."""
    moved = np.zeros(targets, dtype=np.int64)
    for sources, add in ((events.rising, np.add), (events.falling, np.subtract)):
        place, target = np.divmod(sources, np.int64(targets))
        add.at(moved, target, held[place])
    return moved


def _count(sums: NDArray[np.int64], events: WeightedEvents) -> None:
    """Add what the events weigh to the sums of their sources; each source comes once."""
    sums[events.rising] += np.int64(events.weight)
    sums[events.falling] -= np.int64(events.weight)
