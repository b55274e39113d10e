"""Spike-driven sums and their width as operations (chapters 5 and 13)."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.account.counters import BLOCKS, count_additions, count_spikes
from spikeref.arith.dot import absolute_column_sums
from spikeref.arith.widths import magnitude, minimum_bits
from spikeref.compiler.headroom import prove_headroom
from spikeref.engine.dense import DENSE
from spikeref.engine.products import Engine, Synaptic
from spikeref.errors import UsageError
from spikeref.neurons.counts import Encoder
from spikeref.operations.counts import spike_counts
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters, Run
from spikeref.operations.parameters import encoder_of, integer
from spikeref.ops.linear import correct_zero_point


def accumulator_bound(weights: NDArray[np.int8], encoder: Encoder) -> int:
    """Return max_m B[m] of weights [N, M] (ADD-3)."""
    return int(absolute_column_sums(weights).max()) * encoder.largest_count


def synaptic_of(weights: NDArray[np.int8], encoder: Encoder) -> Synaptic:
    """Return weights with the bounds that an engine asks for."""
    return Synaptic(
        weights=weights,
        largest=magnitude(weights),
        accumulator_bound=accumulator_bound(weights, encoder),
    )


def _headroom(parameters: Parameters, inputs: Inputs) -> Outputs:
    bound = accumulator_bound(inputs["weights"], encoder_of(parameters))
    prove_headroom("weights", bound, integer(parameters, "acc_bits"))
    return {"bound": np.array(bound), "width": np.array(minimum_bits(-bound, bound))}


def sparse_add(engine: Engine) -> Run:
    """Return `sparse_add` run with an engine."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        return {"y": _sums(engine, parameters, inputs["counts"], inputs["weights"])}

    return run


def _sums(
    engine: Engine, parameters: Parameters, counts: NDArray[Any], weights: NDArray[np.int8]
) -> NDArray[Any]:
    """Return Σ_j c_j·W[j], integers [T, M], of counts [T, N]."""
    encoder = encoder_of(parameters)
    return engine.project(spike_counts(counts, encoder), synaptic_of(weights, encoder), encoder)


def _tiled_add(parameters: Parameters, inputs: Inputs) -> Outputs:
    counts, weights = inputs["counts"][None, :], inputs["weights"]
    edges = inputs["edges"].astype(np.int64)
    rising = len(edges) > 1 and not np.any(np.diff(edges) < 0)
    if not rising or (int(edges[0]), int(edges[-1])) != (0, len(weights)):
        raise UsageError("tiled_add: edges must rise from 0 to N (CONF-10)")
    tiles = [
        _sums(DENSE, parameters, counts[:, low:high], weights[low:high])[0]
        for low, high in pairwise(edges.tolist())
    ]
    return {"partial": np.stack(tiles), "y": _sums(DENSE, parameters, counts, weights)[0]}


def _zero_point(parameters: Parameters, inputs: Inputs) -> Outputs:
    zero_point = inputs["zero_point"].astype(np.int64)
    return {"corrected": correct_zero_point(inputs["y"], zero_point, inputs["weight_sums"])}


def _counters(parameters: Parameters, inputs: Inputs) -> Outputs:
    encoder, weights = encoder_of(parameters), inputs["weights"]
    counts = spike_counts(inputs["counts"], encoder)
    spikes = count_spikes(counts, encoder.train_length)
    by_neuron = np.abs(counts.astype(np.int16)).sum(axis=0, dtype=np.int64)
    zeros = np.count_nonzero(weights == 0, axis=1).astype(np.int32)
    added = count_additions(by_neuron, zeros, weights.shape[1])
    return {
        "positive": np.array(spikes.positive_spikes),
        "negative": np.array(spikes.negative_spikes),
        "slots": np.array(spikes.slots),
        "silent": np.array(spikes.silent_neurons),
        "zero_blocks": np.array([spikes.zero_blocks[size] for size in BLOCKS]),
        "additions": np.array(added.synaptic_additions),
        "zero_weights_skipped": np.array(added.zero_weights_skipped),
    }


HEADROOM = Operation(
    name="headroom",
    case_class="accumulator",
    clauses=("ADD-3", "COMP-12"),
    parameters=("bits", "encoding", "ratio_n", "ratio_d", "acc_bits"),
    inputs={"weights": "i8 N M"},
    outputs={"bound": "i64", "width": "i32"},
    run=_headroom,
)

SUMS = (
    Operation(
        name="sparse_add",
        case_class="accumulator",
        clauses=("ADD-1",),
        parameters=("bits", "encoding"),
        inputs={"counts": "i16 T N", "weights": "i8 N M"},
        outputs={"y": "i32 T M"},
        run=sparse_add(DENSE),
    ),
    Operation(
        name="tiled_add",
        case_class="accumulator",
        clauses=("ADD-2",),
        parameters=("bits", "encoding"),
        inputs={"counts": "i16 N", "weights": "i8 N M", "edges": "i32 P+1"},
        outputs={"partial": "i32 P M", "y": "i32 M"},
        run=_tiled_add,
    ),
    Operation(
        name="zero_point",
        case_class="accumulator",
        clauses=("ADD-4",),
        parameters=(),
        inputs={"y": "i32 T M", "zero_point": "i16 T", "weight_sums": "i32 M"},
        outputs={"corrected": "i32 T M"},
        run=_zero_point,
    ),
)

COUNTERS = Operation(
    name="counters",
    case_class="accumulator",
    clauses=("COUNT-1", "COUNT-2", "COUNT-3", "COUNT-4", "COUNT-5"),
    parameters=("bits", "encoding"),
    inputs={"counts": "i16 T N", "weights": "i8 N M"},
    outputs={
        "positive": "i64",
        "negative": "i64",
        "slots": "i64",
        "silent": "i64",
        "zero_blocks": "i64 3",
        "additions": "i64",
        "zero_weights_skipped": "i64",
    },
    run=_counters,
)
