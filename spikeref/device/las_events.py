"""Address events of OAT trains (NEUR-9)."""

from collections.abc import Sequence

from .events import END, EPOCH, EPOCH_MASK, POLARITY
from .las_neurons import Code, Form, train_of
from .tensor import Refusal

OUTLIER, STEP, LEVEL = 27, 28, 32
"""Lowest bits of the fields that differ from EVENT-1; the source starts at bit 0."""
SOURCE_MASK = (1 << OUTLIER) - 1
NIBBLE = 15


def pack_epoch(counts: Sequence[int], outliers: Sequence[int], form: Form, epoch: int) -> list[int]:
    """The packets of a population in order of step and source, then the end marker (NEUR-9)."""
    trains = [train_of(count, form) for count in counts]
    stamp = (epoch & EPOCH_MASK) << EPOCH
    packets = []
    for step in range(form.steps):
        for source, train in enumerate(trains):
            if train[step]:
                level = abs(train[step]) - form.levels
                flags = outliers[source] << OUTLIER | (train[step] < 0) << POLARITY
                packets.append(source | flags | step << STEP | level << LEVEL | stamp)
    return [*packets, len(packets) & SOURCE_MASK | 1 << END | stamp]


def check_place(packet: int, epoch: int, neurons: int, code: Code) -> None:
    """Refuse a packet of another epoch and an event out of range (EVENT-6)."""
    if packet >> EPOCH != epoch & EPOCH_MASK:
        raise Refusal("delivery", "a packet of another epoch")
    if packet >> END & 1:
        return
    if packet & SOURCE_MASK >= neurons:
        raise Refusal("delivery", "a source out of range")
    if packet >> STEP & NIBBLE >= code.form.steps:
        raise Refusal("delivery", "a time step out of range")
    if packet >> LEVEL & NIBBLE >= code.form.levels:
        raise Refusal("delivery", "a level out of range")


def check_delivery(packets: Sequence[int]) -> None:
    """Refuse an epoch that lost or doubled packets (EVENT-6)."""
    ends = [packet for packet in packets if packet >> END & 1]
    events = [packet for packet in packets if not packet >> END & 1]
    places = {(packet & SOURCE_MASK, packet >> STEP & NIBBLE) for packet in events}
    if len(ends) != 1:
        raise Refusal("delivery", f"{len(ends)} end markers")
    if len(places) != len(events):
        raise Refusal("delivery", "an event delivered twice")
    if ends[0] & SOURCE_MASK != len(events) & SOURCE_MASK:
        raise Refusal("delivery", "events other in number than the end marker states")


def weight_of(packet: int, code: Code) -> int:
    """What the spike of an event weighs, with its polarity (NEUR-5)."""
    spiked = (packet >> LEVEL & NIBBLE) + code.form.levels
    later = code.form.steps - 1 - (packet >> STEP & NIBBLE)
    weight = (spiked << later) * code.ratio(packet >> OUTLIER & 1)
    return -weight if packet >> POLARITY & 1 else weight


def integrate(
    packets: Sequence[int], rows: Sequence[Sequence[int]], targets: int, code: Code, epoch: int
) -> list[int]:
    """Each event adds what it weighs of the row of its source (EVENT-5, EVENT-6)."""
    accumulator = [0] * targets
    for packet in packets:
        check_place(packet, epoch, len(rows), code)
        if packet >> END & 1:
            continue
        weight = weight_of(packet, code)
        row = rows[packet & SOURCE_MASK]
        accumulator = [y + weight * w for y, w in zip(accumulator, row, strict=True)]
    check_delivery(packets)
    return accumulator
