"""Address events as operations: packets, their arrival, their integration (chapter 11)."""

import numpy as np

from spikeref.engine.asynchronous import integrate_rows
from spikeref.engine.events import (
    EPOCH_OFFSET,
    Arrival,
    EventQueue,
    Reversed,
    Shuffled,
    Sorted,
    events_of,
    unpack_events,
)
from spikeref.engine.events import pack_events as packets_of
from spikeref.errors import RefusedError, UsageError
from spikeref.operations.accumulator import synaptic_of
from spikeref.operations.counts import spike_counts
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters
from spikeref.operations.parameters import encoder_of, integer, text


def _pack_events(parameters: Parameters, inputs: Inputs) -> Outputs:
    encoder = encoder_of(parameters)
    events = events_of(spike_counts(inputs["counts"], encoder), encoder)
    return {"packets": packets_of(events, integer(parameters, "epoch"))}


def _arrival(parameters: Parameters, inputs: Inputs) -> Outputs:
    packets = inputs["packets"]
    if not packets.size:
        raise UsageError("arrival: packets without an end marker (CONF-10)")
    epoch = int(packets[-1] >> np.uint64(EPOCH_OFFSET))
    pushed = unpack_events(packets[:-1])
    queue = EventQueue(epoch, _order_of(parameters), max(1, len(packets)))
    queue.push(packets)
    arrived = list(queue.batches(int(pushed.source.max(initial=0)) + 1, 256))
    words = [packets_of(events, epoch)[:-1] for events in arrived]
    return {"arrived": np.concatenate([*words, packets[-1:]])}


def _order_of(parameters: Parameters) -> Arrival:
    order, seed = text(parameters, "order"), integer(parameters, "seed")
    match order:
        case "sorted":
            return Sorted()
        case "reversed":
            return Reversed()
        case "shuffled":
            return Shuffled(seed)
        case _:
            raise RefusedError("parameter", f"order {order!r} is unknown")


def _integrate(parameters: Parameters, inputs: Inputs) -> Outputs:
    encoder, packets = encoder_of(parameters), inputs["packets"]
    synaptic = synaptic_of(inputs["weights"], encoder)
    queue = EventQueue(integer(parameters, "epoch"), Sorted(), max(1, len(packets)))
    queue.push(packets)
    accumulator = np.zeros(synaptic.weights.shape[1], dtype=np.int64)
    integrate_rows(queue, synaptic, encoder, accumulator)
    return {"y": accumulator}


EVENTS = (
    Operation(
        name="pack_events",
        case_class="accumulator",
        clauses=("EVENT-1", "EVENT-2"),
        parameters=("bits", "encoding", "epoch"),
        inputs={"counts": "i16 N"},
        outputs={"packets": "u64 K+1"},
        run=_pack_events,
    ),
    Operation(
        name="arrival",
        case_class="accumulator",
        clauses=("EVENT-4",),
        parameters=("order", "seed"),
        inputs={"packets": "u64 K+1"},
        outputs={"arrived": "u64 K+1"},
        run=_arrival,
    ),
    Operation(
        name="integrate",
        case_class="accumulator",
        clauses=("EVENT-5", "EVENT-6"),
        parameters=("bits", "encoding", "epoch"),
        inputs={"packets": "u64 K", "weights": "i8 N M"},
        outputs={"y": "i32 M"},
        run=_integrate,
    ),
)
