"""Address events: their 64-bit packets, the trains they come from, and the queue (chapter 11)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.generator import random_order
from spikeref.errors import DeliveryError, UsageError
from spikeref.neurons.counts import Encoder
from spikeref.neurons.trains import virtual_steps

SOURCE_BITS = 28
STEP_BITS = 8
EPOCH_BITS = 26
STEP_OFFSET = SOURCE_BITS
POLARITY_OFFSET = STEP_OFFSET + STEP_BITS
END_OFFSET = POLARITY_OFFSET + 1
EPOCH_OFFSET = END_OFFSET + 1


@dataclass(frozen=True, slots=True)
class Sorted:
    """Events arrive in order of virtual step, then source neuron."""


@dataclass(frozen=True, slots=True)
class Reversed:
    """Events arrive last first."""


@dataclass(frozen=True, slots=True)
class Shuffled:
    """Events arrive in the order of random words seeded by `seed` and the epoch (EVENT-4)."""

    seed: int


Arrival: TypeAlias = Sorted | Reversed | Shuffled


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Unpacked address events of one epoch, each array [K]."""

    source: NDArray[np.int64]
    """Source neuron, from 0."""
    step: NDArray[np.int64]
    """Virtual step, from 1."""
    negative: NDArray[np.bool_]
    """Polarity: True for −1."""


def events_of(counts: NDArray[Any], encoder: Encoder) -> Events:
    """Return every spike of the trains of counts [N], ordered by step, then source (EVENT-2)."""
    fired = [np.flatnonzero(spikes) for spikes in virtual_steps(counts, encoder.train_length)]
    source = np.concatenate(fired)
    sizes = np.array([f.size for f in fired], dtype=np.int64)
    step = np.repeat(np.arange(1, len(fired) + 1, dtype=np.int64), sizes)
    return Events(source=source, step=step, negative=counts[source] < 0)


def pack_events(events: Events, epoch: int, count_bits: int = SOURCE_BITS) -> NDArray[np.uint64]:
    """Return packets, uint64 [K + 1]: the events of `epoch`, then its end marker (EVENT-1).

    count_bits: of the end marker's count; 27 where packets are those of NEUR-9.
    """
    tag = (epoch % (1 << EPOCH_BITS)) << EPOCH_OFFSET
    words = np.empty(events.source.size + 1, dtype=np.uint64)
    words[:-1] = events.source.astype(np.uint64)
    words[:-1] |= (events.step - 1).astype(np.uint64) << np.uint64(STEP_OFFSET)
    words[:-1] |= events.negative.astype(np.uint64) << np.uint64(POLARITY_OFFSET)
    words[-1] = np.uint64((events.source.size % (1 << count_bits)) | 1 << END_OFFSET)
    words |= np.uint64(tag)
    return words


def unpack_events(words: NDArray[np.uint64]) -> Events:
    """Return the fields of event packets, uint64 [K], none of them an end marker."""
    return Events(
        source=(words & np.uint64((1 << SOURCE_BITS) - 1)).astype(np.int64),
        step=(words >> np.uint64(STEP_OFFSET) & np.uint64((1 << STEP_BITS) - 1)).astype(np.int64)
        + 1,
        negative=(words >> np.uint64(POLARITY_OFFSET) & np.uint64(1)) == np.uint64(1),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketForm:
    """How packets name what fired: which neuron and step an event takes up, once (EVENT-6)."""

    slots: Callable[[Events], Events]
    count_bits: int
    """Of the end marker's count."""


COUNT_PACKETS = PacketForm(slots=lambda events: events, count_bits=SOURCE_BITS)
"""Packets of EVENT-1: source and step as they are."""


class EventQueue:
    """Carries the packets of one epoch from a population to its targets, in any order.

    `push` takes packets in any number of calls; `batches` pops them in the arrival order and
    proves at the end that each event came once (EVENT-6).
    """

    def __init__(
        self, epoch: int, arrival: Arrival, batch: int, form: "PacketForm | None" = None
    ) -> None:
        """Accept events of `epoch` only; pop `batch` of them at a time.

        form: how packets name what fired, where it is not EVENT-1's.
        """
        if batch < 1:
            raise UsageError(f"event queue: batches of {batch}; give at least 1")
        self._epoch = epoch % (1 << EPOCH_BITS)
        self._arrival = arrival
        self._batch = batch
        self._form = COUNT_PACKETS if form is None else form
        self._pushed: list[NDArray[np.uint64]] = []

    def push(self, words: NDArray[np.uint64]) -> None:
        """Put packets, uint64 [K], into the queue."""
        self._pushed.append(words)

    def batches(self, neurons: int, steps: int) -> Iterator[Events]:
        """Pop every event once, in batches, from `neurons` sources over `steps` virtual steps.

        DeliveryError, before the batch is given out: an event of another epoch, out of range,
        or delivered twice; at the end: an end marker that is missing, doubled, or counts otherwise.
        """
        words = np.concatenate(self._pushed) if self._pushed else np.empty(0, dtype=np.uint64)
        self._pushed.clear()
        is_end = words >> np.uint64(END_OFFSET) & np.uint64(1) == np.uint64(1)
        if np.any(words >> np.uint64(EPOCH_OFFSET) != np.uint64(self._epoch)):
            raise DeliveryError(f"epoch {self._epoch}: an event of another epoch arrived")
        expected = self._expected(words[is_end])
        arrived = words[~is_end][self._order(int(np.count_nonzero(~is_end)))]
        received = np.zeros((steps, neurons), dtype=np.bool_)
        for start in range(0, arrived.size, self._batch):
            events = unpack_events(arrived[start : start + self._batch])
            self._receive(self._form.slots(events), received)
            yield events
        if arrived.size % (1 << self._form.count_bits) != expected:
            raise DeliveryError(
                f"epoch {self._epoch}: {arrived.size} events arrived, the end marker counts"
                f" {expected}; events were lost or added"
            )

    def _expected(self, ends: NDArray[np.uint64]) -> int:
        if ends.size != 1:
            raise DeliveryError(f"epoch {self._epoch}: {ends.size} end markers arrived, not one")
        return int(ends[0] & np.uint64((1 << SOURCE_BITS) - 1))

    def _order(self, count: int) -> NDArray[np.int64]:
        match self._arrival:
            case Sorted():
                return np.arange(count, dtype=np.int64)
            case Reversed():
                return np.arange(count - 1, -1, -1, dtype=np.int64)
            case Shuffled(seed):
                # Distinct epochs of one run get distinct orders.
                return random_order(seed + (self._epoch << 32), count)
            case _:
                assert_never(self._arrival)

    def _receive(self, events: Events, received: NDArray[np.bool_]) -> None:
        """Note the events as received; refuse one that cannot be or has been already."""
        steps, neurons = received.shape
        if np.any(events.source >= neurons) or np.any(events.step > steps):
            raise DeliveryError(f"epoch {self._epoch}: an event of no neuron or step arrived")
        place = (events.step - 1, events.source)
        doubled = bool(received[place].any())
        received[place] = True
        if doubled or _has_repeats(events):
            raise DeliveryError(f"epoch {self._epoch}: an event arrived twice")


def _has_repeats(events: Events) -> bool:
    order = np.sort(events.step << np.int64(SOURCE_BITS) | events.source)
    return bool(np.any(order[1:] == order[:-1]))
