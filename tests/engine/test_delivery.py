"""A faulty delivery is detected, never integrated in silence (EVENT-5, EVENT-6)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.engine.events import (
    Arrival,
    EventQueue,
    Reversed,
    Shuffled,
    Sorted,
    events_of,
    pack_events,
)
from spikeref.errors import DeliveryError, UsageError
from spikeref.neurons.counts import Encoder, Encoding

ENCODER = Encoder(bits=4, encoding=Encoding.TERNARY)
STEPS = ENCODER.train_length
COUNTS = np.array([3, -2, 0, 7, 1, -7], dtype=np.int8)
NEURONS = COUNTS.size
EPOCH = 5

ORDERS = [Sorted(), Reversed(), Shuffled(4)]
BATCHES = [1, 7, 1000]

Words = NDArray[np.uint64]


def packets(counts: NDArray[np.int8] = COUNTS, epoch: int = EPOCH) -> Words:
    return pack_events(events_of(counts, ENCODER), epoch)


def deliver(words: Words, arrival: Arrival, batch: int) -> int:
    """Pop everything; return the number of events."""
    queue = EventQueue(EPOCH, arrival, batch)
    queue.push(words)
    return sum(events.source.size for events in queue.batches(NEURONS, STEPS))


def recounted(words: Words) -> Words:
    """The same events behind an end marker that counts them, so that only the fault remains."""
    events = words[:-1]
    end = np.uint64((EPOCH << 38) | (1 << 37) | events.size)
    return np.concatenate([events, np.array([end], dtype=np.uint64)])


@pytest.mark.parametrize("arrival", ORDERS)
@pytest.mark.parametrize("batch", BATCHES)
class TestFaults:
    def test_a_faultless_delivery(self, arrival: Arrival, batch: int) -> None:
        assert deliver(packets(), arrival, batch) == 20

    def test_every_lost_event(self, arrival: Arrival, batch: int) -> None:
        words = packets()
        for k in range(words.size - 1):
            with pytest.raises(DeliveryError, match="lost"):
                deliver(np.delete(words, k), arrival, batch)

    def test_every_doubled_event(self, arrival: Arrival, batch: int) -> None:
        """Within a batch or across batches; whether or not the end marker counts it."""
        words = packets()
        for k in range(words.size - 1):
            doubled = np.insert(words, 0, words[k])
            for faulty in (doubled, recounted(doubled)):
                with pytest.raises(DeliveryError, match="twice"):
                    deliver(faulty, arrival, batch)

    def test_an_event_doubled_with_the_other_polarity(self, arrival: Arrival, batch: int) -> None:
        words = packets()
        doubled = recounted(np.insert(words, 0, words[0] ^ np.uint64(1 << 36)))
        with pytest.raises(DeliveryError, match="twice"):
            deliver(doubled, arrival, batch)

    def test_an_event_of_another_epoch(self, arrival: Arrival, batch: int) -> None:
        words = packets()
        for epoch in (0, EPOCH - 1, EPOCH + 1, (1 << 26) - 1):
            stray = packets(epoch=epoch)[:1]
            with pytest.raises(DeliveryError, match="another epoch"):
                deliver(np.concatenate([words[:3], stray, words[3:]]), arrival, batch)
            with pytest.raises(DeliveryError, match="another epoch"):
                deliver(packets(epoch=epoch), arrival, batch)

    def test_a_missing_end_marker(self, arrival: Arrival, batch: int) -> None:
        with pytest.raises(DeliveryError, match="0 end markers"):
            deliver(packets()[:-1], arrival, batch)

    def test_two_end_markers(self, arrival: Arrival, batch: int) -> None:
        words = packets()
        with pytest.raises(DeliveryError, match="2 end markers"):
            deliver(np.append(words, words[-1]), arrival, batch)

    @pytest.mark.parametrize("off", [-1, 1, 1 << 20])
    def test_an_end_marker_that_counts_otherwise(
        self, arrival: Arrival, batch: int, off: int
    ) -> None:
        words = packets()
        words[-1] = np.uint64(int(words[-1]) + off)
        with pytest.raises(DeliveryError, match="end marker counts"):
            deliver(words, arrival, batch)

    def test_a_source_out_of_range(self, arrival: Arrival, batch: int) -> None:
        for source in (NEURONS, (1 << 28) - 1):
            words = packets()
            words[4] = (words[4] >> np.uint64(28) << np.uint64(28)) | np.uint64(source)
            with pytest.raises(DeliveryError, match="no neuron or step"):
                deliver(words, arrival, batch)

    def test_a_step_out_of_range(self, arrival: Arrival, batch: int) -> None:
        for step in (STEPS + 1, 256):
            words = packets()
            fields = int(words[4]) & ~(0xFF << 28)
            words[4] = np.uint64(fields | (step - 1) << 28)
            with pytest.raises(DeliveryError, match="no neuron or step"):
                deliver(words, arrival, batch)


def test_a_faulty_batch_is_not_given_out() -> None:
    """What arrives before the fault is integrated, the faulty batch never."""
    words = packets()
    queue = EventQueue(EPOCH, Sorted(), 4)
    queue.push(recounted(np.insert(words, 10, words[1])))
    batches = queue.batches(NEURONS, STEPS)
    assert [next(batches).source.size for _ in range(2)] == [4, 4]
    with pytest.raises(DeliveryError, match="twice"):
        next(batches)


def test_an_empty_population_still_needs_its_end_marker() -> None:
    silent = packets(np.zeros(NEURONS, dtype=np.int8))
    assert silent.size == 1
    assert deliver(silent, Sorted(), 4) == 0
    with pytest.raises(DeliveryError, match="0 end markers"):
        deliver(silent[:0], Sorted(), 4)
    queue = EventQueue(EPOCH, Sorted(), 4)
    with pytest.raises(DeliveryError, match="0 end markers"):
        list(queue.batches(NEURONS, STEPS))


def test_no_neurons_at_all() -> None:
    nobody = packets(np.zeros(0, dtype=np.int8))
    queue = EventQueue(EPOCH, Sorted(), 4)
    queue.push(nobody)
    assert list(queue.batches(0, STEPS)) == []


@pytest.mark.parametrize("batch", [0, -1])
def test_batches_of_nothing(batch: int) -> None:
    with pytest.raises(UsageError, match="batches of"):
        EventQueue(0, Sorted(), batch)


@given(
    flips=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 63)), min_size=1, max_size=3),
    seed=st.integers(0, 99),
)
def test_what_passes_with_flipped_bits_is_a_delivery_of_distinct_places(
    flips: list[tuple[int, int]], seed: int
) -> None:
    """Corrupted words that pass are events that could be: in range, distinct, of this epoch."""
    words = packets()
    damaged = words.copy()
    for event, bit in flips:
        damaged[event] ^= np.uint64(1 << bit)
    try:
        deliver(damaged, Shuffled(seed), 3)
    except DeliveryError:
        return
    fired = {(w >> 28) & 0xFF for w in damaged.tolist()}
    assert max(fired) < STEPS
    places = {w & ((1 << 36) - 1) for w in damaged[:-1].tolist()}
    assert len(places) == words.size - 1
    assert all((w & ((1 << 28) - 1)) < NEURONS for w in damaged[:-1].tolist())
    assert all(w >> 37 == EPOCH << 1 for w in damaged[:-1].tolist())
