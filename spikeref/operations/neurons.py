"""Encoders and trains as operations (chapters 3 and 4)."""

import numpy as np

from spikeref.arith.hadamard import hadamard, hadamard_transpose
from spikeref.arith.widths import magnitude
from spikeref.errors import RefusedError, UsageError
from spikeref.neurons import trains
from spikeref.neurons.clipping import clip_potentials
from spikeref.neurons.counts import Encoding, encode
from spikeref.neurons.lif import LifNeuron, run_lif
from spikeref.operations.counts import spike_counts
from spikeref.operations.operation import (
    ENCODER_PARAMETERS,
    Inputs,
    Operation,
    Outputs,
    Parameters,
)
from spikeref.operations.parameters import (
    clip_of,
    encoder_of,
    flag,
    integer,
    rotation_of,
    ties_of,
)
from spikeref.ops.norm import Scaled
from spikeref.ops.spiking_input import spiking_input

LARGEST_POTENTIAL = 1 << 30


def _hadamard(parameters: Parameters, inputs: Inputs) -> Outputs:
    transform = hadamard_transpose if flag(parameters, "transpose") else hadamard
    return {"v": transform(inputs["u"])}


def _clip(parameters: Parameters, inputs: Inputs) -> Outputs:
    clip = clip_of(parameters)
    if clip is None:
        raise UsageError("clip: mode and threshold are missing")
    exponent = inputs["exponent"].astype(np.int64)
    return {"clipped": clip_potentials(inputs["v"], exponent, clip, ties_of(parameters))}


def _encode(parameters: Parameters, inputs: Inputs) -> Outputs:
    encoder, v = encoder_of(parameters), inputs["v"]
    beyond = magnitude(v) > LARGEST_POTENTIAL
    if encoder.encoding is Encoding.TERNARY:
        # Clipped potentials reach 2^31 − 1 (ENC-8).
        beyond = int(v.min()) < -LARGEST_POTENTIAL
    if beyond:
        raise RefusedError("range", "encode: a potential is beyond 2^30 (OP-6)")
    done = encode(v, encoder)
    return {
        "range": done.amax,
        "zero_point": done.zero_point,
        "counts": done.counts,
        "mantissa": done.scale.mantissa,
        "exponent": done.scale.exponent,
    }


def _unfold(parameters: Parameters, inputs: Inputs) -> Outputs:
    encoder = encoder_of(parameters)
    counts = spike_counts(inputs["counts"], encoder)
    return {"train": trains.unfold(counts, encoder.train_length)}


def _lif(parameters: Parameters, inputs: Inputs) -> Outputs:
    try:
        neuron = LifNeuron(
            threshold=integer(parameters, "threshold"),
            reset=integer(parameters, "reset"),
            decay_mantissa=integer(parameters, "decay_mantissa"),
            decay_shift=integer(parameters, "decay_shift"),
            ties=ties_of(parameters),
        )
    except UsageError as fault:
        raise RefusedError("parameter", str(fault)) from fault
    done = run_lif(inputs["current"].astype(np.int64), neuron)
    return {"spikes": done.spikes, "potential": done.potential, "residue": done.residue}


def _spiking_input(parameters: Parameters, inputs: Inputs) -> Outputs:
    u = inputs["u"]
    done = spiking_input(
        Scaled(values=u, exponent=inputs["exponent"].astype(np.int64)),
        rotation_of(parameters, u.shape[-1]),
        clip_of(parameters),
        encoder_of(parameters),
    )
    return {
        "potential": done.potential,
        "exponent": done.exponent,
        "range": done.spikes.amax,
        "zero_point": done.spikes.zero_point,
        "counts": done.spikes.counts,
    }


ROTATION = Operation(
    name="hadamard",
    case_class="encoder",
    clauses=("HAD-4", "HAD-7"),
    parameters=("transpose",),
    inputs={"u": "i32 T N"},
    outputs={"v": "i64 T N"},
    run=_hadamard,
)

NEURONS = (
    Operation(
        name="clip",
        case_class="encoder",
        clauses=("ENC-8",),
        parameters=("mode", "threshold", "ties"),
        inputs={"v": "i32 T N", "exponent": "i32 T"},
        outputs={"clipped": "i32 T N"},
        run=_clip,
    ),
    Operation(
        name="encode",
        case_class="encoder",
        clauses=("ENC-2", "ENC-3", "ENC-7"),
        parameters=ENCODER_PARAMETERS,
        inputs={"v": "i32 T N"},
        outputs={
            "range": "i64 T",
            "zero_point": "i16 T",
            "counts": "i16 T N",
            "mantissa": "i32 T",
            "exponent": "i32 T",
        },
        run=_encode,
    ),
    Operation(
        name="unfold",
        case_class="encoder",
        clauses=("ENC-5",),
        parameters=("bits", "encoding"),
        inputs={"counts": "i16 N"},
        outputs={"train": "i8 D N"},
        run=_unfold,
    ),
    Operation(
        name="lif",
        case_class="encoder",
        clauses=("ENC-9",),
        parameters=("threshold", "reset", "decay_mantissa", "decay_shift", "ties"),
        inputs={"current": "i32 T N"},
        outputs={"spikes": "i8 T N", "potential": "i32 T N", "residue": "i32 N"},
        run=_lif,
    ),
)

SPIKING_INPUT = Operation(
    name="spiking_input",
    case_class="encoder",
    clauses=("OP-4", "OP-5", "OP-6", "OP-7"),
    parameters=(*ENCODER_PARAMETERS, "rotate"),
    optional=("mode", "threshold"),
    together=(("mode", "threshold"),),
    inputs={"u": "i64 T N", "exponent": "i32 T"},
    outputs={
        "potential": "i32 T N",
        "exponent": "i32 T",
        "range": "i64 T",
        "zero_point": "i16 T",
        "counts": "i16 T N",
    },
    run=_spiking_input,
)
