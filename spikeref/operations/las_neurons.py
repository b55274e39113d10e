"""Neurons of LAS, their trains and events as operations (chapter 18)."""

import numpy as np

from spikeref.errors import RefusedError
from spikeref.model.las_profile import LARGEST_PROBABILITY_THRESHOLD
from spikeref.neurons.binary_train import BinaryTrain, time_steps
from spikeref.neurons.few_spikes import FewSpikes, few_spikes
from spikeref.neurons.multi_threshold import mt_counts
from spikeref.neurons.outlier_aware import LARGEST_THRESHOLD, encode_oat, saturated
from spikeref.operations.arithmetic import refuse_below, refuse_wide
from spikeref.operations.las_events import LAS_EVENTS
from spikeref.operations.las_forms import (
    CODE,
    FORM,
    RULES,
    code_of,
    form_of,
    spikes_of,
    weighed_steps,
)
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters
from spikeref.operations.parameters import integer
from spikeref.ops.las_attention import PROBABILITY_BITS


def _fs_neuron(parameters: Parameters, inputs: Inputs) -> Outputs:
    resets, thresholds, weights = (
        tuple(inputs[name].tolist()) for name in ("resets", "thresholds", "weights")
    )
    neuron = FewSpikes(resets=resets, thresholds=thresholds, weights=weights)
    return {"y": few_spikes(inputs["x"], neuron)}


def _mt_neuron(parameters: Parameters, inputs: Inputs) -> Outputs:
    form, threshold = form_of(parameters), integer(parameters, "threshold")
    if not 1 <= threshold <= LARGEST_THRESHOLD:
        raise RefusedError("parameter", f"threshold {threshold} (NEUR-3)")
    magnitude = inputs["magnitude"]
    refuse_below("mt_neuron: magnitude", magnitude, 0)
    count = mt_counts(magnitude, threshold, form.steps, form.levels, form.rule)
    train = BinaryTrain(counts=count, steps=form.steps, levels=form.levels)
    return {"fired": np.stack(list(time_steps(train))), "count": count}


def _oat_encode(parameters: Parameters, inputs: Inputs) -> Outputs:
    code, x, fraction_bits = code_of(parameters), inputs["x"], integer(parameters, "fraction_bits")
    if fraction_bits not in (16, 20, PROBABILITY_BITS):
        raise RefusedError("parameter", f"{fraction_bits} fraction bits (NEUR-3)")
    if fraction_bits == PROBABILITY_BITS and code.outlier > LARGEST_PROBABILITY_THRESHOLD:
        raise RefusedError("parameter", f"threshold {code.outlier} with 30 fraction bits (NEUR-3)")
    refuse_wide("oat_encode: x", x)
    spikes = encode_oat(x, fraction_bits, code)
    return {
        "counts": spikes.counts,
        "outliers": spikes.outliers.astype(np.int8),
        "values": spikes.values,
        "saturations": saturated(x, fraction_bits, code).sum(axis=1, dtype=np.int64),
        "unit_mantissa": np.asarray(code.unit.mantissa),
        "unit_exponent": np.asarray(code.unit.exponent),
    }


def _oat_train(parameters: Parameters, inputs: Inputs) -> Outputs:
    code = code_of(parameters)
    spikes = spikes_of(inputs, code)
    normal, outlier = code.ratios
    ratio = np.where(spikes.outliers, np.int64(outlier), np.int64(normal))
    return {
        "train": np.stack(list(time_steps(spikes.train))),
        "weights": np.stack([fired * ratio for fired in weighed_steps(spikes.train)]),
    }


FEW_SPIKES = Operation(
    name="fs_neuron",
    case_class="las",
    clauses=("NEUR-1",),
    parameters=(),
    inputs={"x": "i64 N", "resets": "i64 K", "thresholds": "i64 K", "weights": "i64 K"},
    outputs={"y": "i64 N"},
    run=_fs_neuron,
)

OUTLIER_AWARE = (
    Operation(
        name="mt_neuron",
        case_class="las",
        clauses=("NEUR-2",),
        parameters=(*FORM, "rule", "threshold"),
        inputs={"magnitude": "i64 N"},
        outputs={"fired": "i8 T N", "count": "i32 N"},
        run=_mt_neuron,
    ),
    Operation(
        name="oat_encode",
        case_class="las",
        clauses=("NEUR-2", "NEUR-3", "NEUR-4", "LAS-5"),
        parameters=(*FORM, *RULES, *CODE, "fraction_bits"),
        inputs={"x": "i64 R N"},
        outputs={
            "counts": "i32 R N",
            "outliers": "i8 R N",
            "values": "i32 R N",
            "saturations": "i64 R",
            "unit_mantissa": "i32",
            "unit_exponent": "i32",
        },
        run=_oat_encode,
    ),
    Operation(
        name="oat_train",
        case_class="las",
        clauses=("NEUR-5",),
        parameters=(*FORM, *CODE),
        inputs={"counts": "i32 N", "outliers": "i8 N"},
        outputs={"train": "i8 T N", "weights": "i32 T N"},
        run=_oat_train,
    ),
)

LAS_NEURONS = (FEW_SPIKES, *OUTLIER_AWARE, *LAS_EVENTS)
