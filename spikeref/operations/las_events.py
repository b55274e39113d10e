"""Address events of OAT trains as operations: their packets, their integration (NEUR-9)."""

import numpy as np

from spikeref.engine.events import EventQueue, Sorted, pack_events
from spikeref.engine.las_asynchronous import integrate
from spikeref.engine.las_events import (
    SOURCE_BITS,
    WEIGHTED_PACKETS,
    by_weight,
    weighted_events_of,
)
from spikeref.operations.las_forms import CODE, FORM, code_of, form_of, train_of
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters
from spikeref.operations.parameters import integer

LARGEST_WEIGHT = 1 << 15
"""Of any int16."""


def _events(parameters: Parameters, inputs: Inputs) -> Outputs:
    train = train_of(inputs["counts"], form_of(parameters))
    events = weighted_events_of(train, inputs["outliers"] != 0)
    return {"packets": pack_events(events, integer(parameters, "epoch"), SOURCE_BITS)}


def _integrate(parameters: Parameters, inputs: Inputs) -> Outputs:
    code, packets, weights = code_of(parameters), inputs["packets"], inputs["weights"]
    form = code.form
    queue = EventQueue(
        integer(parameters, "epoch"), Sorted(), max(1, len(packets)), WEIGHTED_PACKETS
    )
    queue.push(packets)
    accumulator = np.zeros(weights.shape[1], dtype=np.int64)
    for batch in queue.batches(len(weights), form.steps):
        for events in by_weight(batch, form.steps, form.levels, code.ratios):
            integrate(accumulator, events, weights, LARGEST_WEIGHT)
    return {"y": accumulator}


LAS_EVENTS = (
    Operation(
        name="las_events",
        case_class="las",
        clauses=("NEUR-9", "NEUR-5"),
        parameters=(*FORM, "epoch"),
        inputs={"counts": "i32 N", "outliers": "i8 N"},
        outputs={"packets": "u64 K+1"},
        run=_events,
    ),
    Operation(
        name="las_integrate",
        case_class="las",
        clauses=("NEUR-9", "NEUR-5", "LAS-6"),
        parameters=(*FORM, *CODE, "epoch"),
        inputs={"packets": "u64 K", "weights": "i16 N M"},
        outputs={"y": "i64 M"},
        run=_integrate,
    ),
)
