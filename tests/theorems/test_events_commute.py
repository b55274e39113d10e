"""THM-6: events of one epoch commute and tile (ADD-2, EVENT-5)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.engine.events import EventQueue, Sorted, events_of, pack_events
from spikeref.engine.sparse_addition import add_rows, subtract_rows
from spikeref.errors import DeliveryError
from spikeref.neurons.counts import Encoder, Encoding
from tests.engine.populations import product_by_python
from tests.theorems.populations import weights_and

ENCODER = Encoder(bits=4, encoding=Encoding.TERNARY)
CASES = weights_and(st.integers(-8, 7))


def integrate(
    accumulator: NDArray[np.int64], weights: NDArray[Any], words: NDArray[np.uint64], batch: int
) -> None:
    """Let one epoch of packets arrive in the order given, into the accumulator."""
    queue = EventQueue(0, Sorted(), batch)
    queue.push(words)
    for events in queue.batches(len(weights), ENCODER.train_length):
        add_rows(accumulator, weights, 127, events.source[~events.negative])
        subtract_rows(accumulator, weights, 127, events.source[events.negative])


def expected_sums(weights: NDArray[Any], counts: NDArray[Any]) -> list[int]:
    return product_by_python(counts[None], weights)[0]


@given(case=CASES, seed=st.integers(0, 1 << 20), batch=st.integers(1, 9))
def test_any_permutation_of_the_events_gives_the_same_sums(
    case: tuple[list[list[int]], list[int]], seed: int, batch: int
) -> None:
    """The end marker may arrive anywhere too."""
    weights, counts = np.array(case[0], dtype=np.int64), np.array(case[1], dtype=np.int8)
    words = pack_events(events_of(counts, ENCODER), 0)
    accumulator = np.zeros(weights.shape[1], dtype=np.int64)
    integrate(accumulator, weights, np.random.default_rng(seed).permutation(words), batch)
    assert accumulator.tolist() == expected_sums(weights, counts)


@given(case=CASES, data=st.data())
def test_any_split_of_the_sources_tiles(
    case: tuple[list[list[int]], list[int]], data: st.DataObject
) -> None:
    """Sources dealt to any number of devices: the sum of their accumulators is the product."""
    weights, counts = np.array(case[0], dtype=np.int64), np.array(case[1], dtype=np.int8)
    devices = st.lists(st.integers(0, 3), min_size=counts.size, max_size=counts.size)
    home = np.array(data.draw(devices), dtype=np.int64)
    partial = np.zeros((4, weights.shape[1]), dtype=np.int64)
    for device in range(4):
        mine = home == device
        words = pack_events(events_of(counts[mine], ENCODER), 0)
        integrate(partial[device], weights[mine], words, 4)
    assert partial.sum(axis=0).tolist() == expected_sums(weights, counts)


@given(case=CASES, data=st.data())
def test_any_split_of_the_events_tiles(
    case: tuple[list[list[int]], list[int]], data: st.DataObject
) -> None:
    """Events dealt to partial accumulators one by one, across sources and virtual steps."""
    weights, counts = np.array(case[0], dtype=np.int64), np.array(case[1], dtype=np.int8)
    events = events_of(counts, ENCODER)
    size = events.source.size
    home = np.array(
        data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)), dtype=np.int64
    )
    partial = np.zeros((3, weights.shape[1]), dtype=np.int64)
    for device, accumulator in enumerate(partial):
        mine = home == device
        add_rows(accumulator, weights, 127, events.source[mine & ~events.negative])
        subtract_rows(accumulator, weights, 127, events.source[mine & events.negative])
    assert partial.sum(axis=0).tolist() == expected_sums(weights, counts)


@given(case=CASES, cut=st.integers(0, 8))
def test_any_split_of_the_virtual_steps_tiles(
    case: tuple[list[list[int]], list[int]], cut: int
) -> None:
    """The first steps' sums plus the last steps' sums."""
    weights, counts = np.array(case[0], dtype=np.int64), np.array(case[1], dtype=np.int8)
    early = np.clip(counts, -cut, cut)
    late = counts - early
    halves = [expected_sums(weights, early), expected_sums(weights, late)]
    events = events_of(counts, ENCODER)
    for half, chosen in zip(halves, (events.step <= cut, events.step > cut), strict=True):
        accumulator = np.zeros(weights.shape[1], dtype=np.int64)
        add_rows(accumulator, weights, 127, events.source[chosen & ~events.negative])
        subtract_rows(accumulator, weights, 127, events.source[chosen & events.negative])
        assert accumulator.tolist() == half
    assert [a + b for a, b in zip(*halves, strict=True)] == expected_sums(weights, counts)


@given(case=CASES, batch=st.integers(1, 9))
def test_events_of_different_epochs_do_not_commute(
    case: tuple[list[list[int]], list[int]], batch: int
) -> None:
    """The other half of EVENT-5: an event that arrives in the next epoch reaches no accumulator."""
    weights, counts = np.array(case[0], dtype=np.int64), np.array(case[1], dtype=np.int8)
    early = pack_events(events_of(counts, ENCODER), 0)
    late = pack_events(events_of(counts, ENCODER), 1)
    accumulator = np.zeros(weights.shape[1], dtype=np.int64)
    with pytest.raises(DeliveryError, match="another epoch"):
        integrate(accumulator, weights, np.concatenate([late[:1], early]), batch)
    assert not accumulator.any()
