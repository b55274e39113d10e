"""Operations of chapters 5, 11 and 13, and the weights of chapter 16."""

from collections.abc import Mapping

from .. import counters as cost
from .. import events, packing, trains
from ..encoding import Neuron
from ..parameters import Parameters
from ..tensor import Refusal, Tensor, matrix, scalar, vector


def pack_weights(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """PACK-3."""
    bits = parameters.count_bits()
    rows = [packing.pack_weights(row, bits) for row in inputs["weights"].rows()]
    return {"packed": matrix("u8", rows)}


def headroom(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ADD-3, COMP-12."""
    neuron = Neuron(
        bits=parameters.count_bits(),
        symmetric=parameters.symmetric,
        ratio=parameters.ratio,
        ties="half-even",
    )
    bound = trains.load_bound(inputs["weights"].rows(), neuron.largest_count)
    trains.check_headroom(bound, parameters.integer("acc_bits"))
    width = trains.accumulator_width(bound)
    return {"bound": scalar("i64", bound), "width": scalar("i32", width)}


def checked_steps(parameters: Parameters, counts: Tensor) -> int:
    """D of the case's trains; refuses counts that its encoder does not give."""
    bits, symmetric = parameters.count_bits(), parameters.symmetric
    trains.check_counts(counts.flat, bits, symmetric=symmetric)
    return trains.train_length(bits, symmetric=symmetric)


def sparse_add(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ADD-1."""
    counts, weights = inputs["counts"], inputs["weights"]
    steps = checked_steps(parameters, counts)
    rows, targets = weights.rows(), weights.shape[1]
    y = [trains.sparse_add(row, rows, targets, steps) for row in counts.rows()]
    return {"y": matrix("i32", y)}


def tiled_add(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ADD-2."""
    counts, weights = inputs["counts"], inputs["weights"]
    steps = checked_steps(parameters, counts)
    rows, targets = weights.rows(), weights.shape[1]
    partial, y = trains.tiled_add(counts.flat, rows, targets, steps, inputs["edges"].flat)
    return {"partial": matrix("i32", partial), "y": vector("i32", y)}


def zero_point(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ADD-4."""
    points, sums = inputs["zero_point"].flat, inputs["weight_sums"].flat
    corrected = [
        trains.correct_zero_point(row, point, sums)
        for row, point in zip(inputs["y"].rows(), points, strict=True)
    ]
    return {"corrected": matrix("i32", corrected)}


def pack_events(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """EVENT-1, EVENT-2."""
    counts = inputs["counts"]
    steps = checked_steps(parameters, counts)
    packets = events.pack_epoch(counts.flat, steps, parameters.integer("epoch"))
    return {"packets": vector("u64", packets)}


def arrival(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """EVENT-4."""
    order = parameters.text("order")
    if order not in ("sorted", "reversed", "shuffled"):
        raise Refusal("parameter", f"unknown order {order!r}")
    arrived = events.arrival(inputs["packets"].flat, order, parameters.integer("seed"))
    return {"arrived": vector("u64", arrived)}


def integrate(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """EVENT-5, EVENT-6."""
    weights = inputs["weights"]
    steps = trains.train_length(parameters.count_bits(), symmetric=parameters.symmetric)
    y = events.integrate(
        inputs["packets"].flat,
        weights.rows(),
        weights.shape[1],
        steps,
        parameters.integer("epoch"),
    )
    return {"y": vector("i32", y)}


def counters(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """COUNT-1 to COUNT-5."""
    counts, weights = inputs["counts"], inputs["weights"]
    steps = checked_steps(parameters, counts)
    found = cost.count(counts.rows(), weights.rows(), weights.shape[1], steps)
    return {
        "positive": scalar("i64", found.positive),
        "negative": scalar("i64", found.negative),
        "slots": scalar("i64", found.slots),
        "silent": scalar("i64", found.silent),
        "zero_blocks": vector("i64", found.zero_blocks),
        "additions": scalar("i64", found.additions),
        "zero_weights_skipped": scalar("i64", found.zero_weights_skipped),
    }
