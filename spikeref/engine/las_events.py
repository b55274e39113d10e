"""Address events of weighted spikes: packets that carry sub-neuron and level (NEUR-9)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.events import Events, PacketForm
from spikeref.engine.weighted_spikes import times_int
from spikeref.errors import DeliveryError
from spikeref.neurons.binary_train import BinaryTrain, time_steps

SOURCE_BITS = 27
OUTLIER_OFFSET = SOURCE_BITS
STEP_BITS = 4
SOURCES = (1 << SOURCE_BITS) - 1
STEPS = (1 << STEP_BITS) - 1


def _slots(events: Events) -> Events:
    """Return the neuron and time step that an event takes up, whatever fires there."""
    return Events(
        source=events.source & np.int64(SOURCES),
        step=((events.step - 1) & np.int64(STEPS)) + 1,
        negative=events.negative,
    )


WEIGHTED_PACKETS = PacketForm(slots=_slots, count_bits=SOURCE_BITS)
"""In EVENT-1's fields: bit 27 of the source is the sub-neuron, the step's upper half the level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedEvents:
    """Events that weigh the same, arrived together."""

    weight: int
    rising: NDArray[np.int64]
    """Sources of positive spikes."""
    falling: NDArray[np.int64]
    """Sources of negative ones."""


def weighted_events_of(train: BinaryTrain, outliers: NDArray[np.bool_]) -> Events:
    """Return every spike of flat trains [N] in order of time step, then source."""
    parts = [
        weighted_step(fired, step, train.levels, outliers)
        for step, fired in enumerate(time_steps(train), start=1)
    ]
    return Events(
        source=np.concatenate([part.source for part in parts]),
        step=np.concatenate([part.step for part in parts]),
        negative=np.concatenate([part.negative for part in parts]),
    )


def weighted_step(
    fired: NDArray[np.int64], step: int, levels: int, outliers: NDArray[np.bool_]
) -> Events:
    """Return the spikes of one time step of flat trains, fired int64 [N] as `time_steps` has it."""
    source = np.flatnonzero(fired)
    level = np.abs(fired[source]) - np.int64(levels)
    return Events(
        source=source | outliers[source].astype(np.int64) << OUTLIER_OFFSET,
        step=(level << STEP_BITS) + np.int64(step),
        negative=fired[source] < 0,
    )


def by_weight(
    events: Events, steps: int, levels: int, ratios: tuple[int, int]
) -> Iterator[WeightedEvents]:
    """Yield the events of a batch by what they weigh: level, time step and sub-neuron (NEUR-5).

    DeliveryError: an event of a level that n = levels levels do not have (NEUR-9).
    """
    if int(((events.step - 1) >> STEP_BITS).max(initial=0)) >= levels:
        raise DeliveryError("an event of no level arrived")
    slots = _slots(events)
    outlier = events.source >> OUTLIER_OFFSET
    kind = (events.step - 1) << 1 | outlier
    for chosen in np.unique(kind).tolist():
        level, step = chosen >> (STEP_BITS + 1), (chosen >> 1 & STEPS) + 1
        together = kind == chosen
        yield WeightedEvents(
            weight=times_int(levels + level, ratios[chosen & 1]) << (steps - step),
            rising=slots.source[together & ~events.negative],
            falling=slots.source[together & events.negative],
        )
