"""Packets and their order (EVENT-1 to EVENT-4), worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.engine.events import (
    EventQueue,
    Events,
    Reversed,
    Shuffled,
    Sorted,
    events_of,
    pack_events,
    unpack_events,
)
from spikeref.neurons.counts import Encoder, Encoding
from tests.arith.test_generator import split_mix

ENCODER = Encoder(bits=4, encoding=Encoding.TERNARY)
EPOCHS = 1 << 26


def one_event(source: int, step: int, negative: bool) -> Events:
    return Events(
        source=np.array([source], dtype=np.int64),
        step=np.array([step], dtype=np.int64),
        negative=np.array([negative]),
    )


@pytest.mark.parametrize(
    ("source", "step", "negative", "epoch", "word"),
    [
        (0, 1, False, 0, 0x0000_0000_0000_0000),
        (5, 1, False, 0, 0x0000_0000_0000_0005),
        (0, 2, False, 0, 0x0000_0000_1000_0000),
        (0, 1, True, 0, 0x0000_0010_0000_0000),
        (0, 1, False, 1, 0x0000_0040_0000_0000),
        (0x0ABC_DEF1, 8, True, 3, 0x0000_00D0_7ABC_DEF1),
        ((1 << 28) - 1, 256, True, EPOCHS - 1, 0xFFFF_FFDF_FFFF_FFFF),
    ],
)
def test_words(source: int, step: int, negative: bool, epoch: int, word: int) -> None:
    words = pack_events(one_event(source, step, negative), epoch)
    end = (epoch << 38) | (1 << 37) | 1
    assert [hex(w) for w in words.tolist()] == [hex(word), hex(end)]
    back = unpack_events(words[:1])
    assert (back.source.tolist(), back.step.tolist(), back.negative.tolist()) == (
        [source], [step], [negative],
    )  # fmt: skip


def test_the_packets_of_a_population() -> None:
    """Counts 2, 0, −1 in epoch 1: step 1 fires 0 and 2, step 2 fires 0, then 3 events end."""
    events = events_of(np.array([2, 0, -1], dtype=np.int8), ENCODER)
    words = pack_events(events, 1)
    assert words.dtype == np.uint64
    assert words.tolist() == [
        0x40_0000_0000, 0x50_0000_0002, 0x40_1000_0000, 0x60_0000_0003,
    ]  # fmt: skip


def test_the_epoch_is_kept_modulo_its_width() -> None:
    events = one_event(3, 1, False)
    np.testing.assert_array_equal(pack_events(events, EPOCHS + 7), pack_events(events, 7))
    queue = EventQueue(EPOCHS + 7, Sorted(), 10)
    queue.push(pack_events(events, 7))
    assert [e.source.tolist() for e in queue.batches(4, 8)] == [[3]]


@given(
    events=st.lists(
        st.tuples(st.integers(0, (1 << 28) - 1), st.integers(1, 256), st.booleans()), max_size=30
    ),
    epoch=st.integers(0, EPOCHS - 1),
)
def test_packing_is_undone_by_unpacking(events: list[tuple[int, int, bool]], epoch: int) -> None:
    columns = list(zip(*events, strict=True)) or [(), (), ()]
    given_events = Events(
        source=np.array(columns[0], dtype=np.int64),
        step=np.array(columns[1], dtype=np.int64),
        negative=np.array(columns[2], dtype=np.bool_),
    )
    words = pack_events(given_events, epoch)
    back = unpack_events(words[:-1])
    found = zip(back.source.tolist(), back.step.tolist(), back.negative.tolist(), strict=True)
    assert list(found) == events
    assert int(words[-1]) == (epoch << 38) | (1 << 37) | len(events)


@pytest.mark.parametrize("encoding", list(Encoding))
def test_events_are_the_spikes_in_order_of_step_then_source(encoding: Encoding) -> None:
    encoder = Encoder(bits=4, encoding=encoding)
    low = 0 if encoding is Encoding.BINARY else -8
    counts = np.random.default_rng(0).integers(low, 8, size=50)
    counts = counts.astype(np.uint8 if encoding is Encoding.BINARY else np.int8)
    events = events_of(counts, encoder)
    expected = [
        (step, j, c < 0)
        for step in range(1, encoder.train_length + 1)
        for j, c in enumerate(counts.tolist())
        if abs(c) >= step
    ]
    found = zip(events.step.tolist(), events.source.tolist(), events.negative.tolist(), strict=True)
    assert list(found) == expected


def arrival_of(queue: EventQueue, counts: np.ndarray, epoch: int) -> list[tuple[int, int]]:
    queue.push(pack_events(events_of(counts, ENCODER), epoch))
    return [
        pair
        for events in queue.batches(counts.size, ENCODER.train_length)
        for pair in zip(events.step.tolist(), events.source.tolist(), strict=True)
    ]


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_arrival_orders(batch: int) -> None:
    counts = np.array([3, -2, 0, 7, 1], dtype=np.int8)
    pushed = arrival_of(EventQueue(2, Sorted(), batch), counts, 2)
    assert pushed == sorted(pushed)
    assert len(pushed) == 13
    assert arrival_of(EventQueue(2, Reversed(), batch), counts, 2) == pushed[::-1]
    words = split_mix(9 + (2 << 32), 13)
    order = sorted(range(13), key=lambda k: words[k])
    shuffled = arrival_of(EventQueue(2, Shuffled(9), batch), counts, 2)
    assert shuffled == [pushed[k] for k in order]


def test_batches_have_the_size_asked_for() -> None:
    queue = EventQueue(0, Sorted(), 4)
    queue.push(pack_events(events_of(np.array([7, 3], dtype=np.int8), ENCODER), 0))
    assert [e.source.size for e in queue.batches(2, 8)] == [4, 4, 2]


def test_pushing_in_pieces_is_pushing_at_once() -> None:
    counts = np.array([3, -2, 0, 7, 1], dtype=np.int8)
    words = pack_events(events_of(counts, ENCODER), 0)
    whole, pieces = EventQueue(0, Shuffled(1), 3), EventQueue(0, Shuffled(1), 3)
    whole.push(words)
    for start in range(0, words.size, 2):
        pieces.push(words[start : start + 2])
    for a, b in zip(whole.batches(5, 8), pieces.batches(5, 8), strict=True):
        np.testing.assert_array_equal(a.source, b.source)
        np.testing.assert_array_equal(a.step, b.step)
