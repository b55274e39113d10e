"""Chapter 11: address events, their arrival and their delivery."""

from collections.abc import Sequence
from operator import add, sub

from .generator import MASK, random_words
from .tensor import Refusal
from .trains import firing

STEP, POLARITY, END, EPOCH = 28, 36, 37, 38
"""Lowest bit of each field; the source starts at bit 0 (EVENT-1)."""
SOURCE_MASK = (1 << STEP) - 1
STEP_MASK = 0xFF
EPOCH_MASK = (1 << 26) - 1


def pack_event(source: int, step: int, polarity: int, epoch: int) -> int:
    """The packet of one spike of ±1 in virtual step 1, 2, … (EVENT-1)."""
    sign = polarity < 0
    return source | (step - 1) << STEP | sign << POLARITY | (epoch & EPOCH_MASK) << EPOCH


def pack_end(events: int, epoch: int) -> int:
    """The end marker of an epoch with so many events (EVENT-1)."""
    return events & SOURCE_MASK | 1 << END | (epoch & EPOCH_MASK) << EPOCH


def pack_epoch(counts: Sequence[int], steps: int, epoch: int) -> list[int]:
    """The packets of a population in order of pushing: step, source; then the end (EVENT-2)."""
    packets = []
    for step, (positive, negative) in enumerate(firing(counts, steps), start=1):
        spikes = [(source, 1) for source in positive] + [(source, -1) for source in negative]
        packets += [pack_event(source, step, sign, epoch) for source, sign in sorted(spikes)]
    return [*packets, pack_end(len(packets), epoch)]


def arrival(packets: Sequence[int], order: str, seed: int) -> list[int]:
    """The events in order of arrival, then the end marker (EVENT-4)."""
    *events, end = packets
    if order == "reversed":
        events.reverse()
    if order == "shuffled":
        epoch = end >> EPOCH
        words = random_words(seed + (epoch << 32) & MASK, len(events))
        places = sorted(range(len(events)), key=words.__getitem__)
        events = [events[place] for place in places]
    return [*events, end]


def check_place(packet: int, epoch: int, neurons: int, steps: int) -> None:
    """Refuse a packet of another epoch and an event out of range (EVENT-6)."""
    if packet >> EPOCH != epoch & EPOCH_MASK:
        raise Refusal("delivery", "a packet of another epoch")
    if packet >> END & 1:
        return
    if packet & SOURCE_MASK >= neurons:
        raise Refusal("delivery", "a source out of range")
    if packet >> STEP & STEP_MASK >= steps:
        raise Refusal("delivery", "a virtual step out of range")


def check_delivery(packets: Sequence[int]) -> None:
    """Refuse an epoch that lost or doubled packets (EVENT-6)."""
    ends = [packet for packet in packets if packet >> END & 1]
    places = [packet & (1 << POLARITY) - 1 for packet in packets if not packet >> END & 1]
    if len(ends) != 1:
        raise Refusal("delivery", f"{len(ends)} end markers")
    if len(set(places)) != len(places):
        raise Refusal("delivery", "an event delivered twice")
    if ends[0] & SOURCE_MASK != len(places) & SOURCE_MASK:
        raise Refusal("delivery", "events other in number than the end marker states")


def integrate(
    packets: Sequence[int], rows: Sequence[Sequence[int]], targets: int, steps: int, epoch: int
) -> list[int]:
    """Each event adds or subtracts the row of its source (EVENT-5, EVENT-6)."""
    accumulator = [0] * targets
    for packet in packets:
        check_place(packet, epoch, len(rows), steps)
        if packet >> END & 1:
            continue
        row = rows[packet & SOURCE_MASK]
        step = sub if packet >> POLARITY & 1 else add
        accumulator = list(map(step, accumulator, row))
    check_delivery(packets)
    return accumulator
