"""Rescale and the whole spiking linear layer as operations (chapter 8)."""

import numpy as np

from spikeref.arith.rescale import rescale
from spikeref.arith.rounding import Scale
from spikeref.engine.dense import DENSE
from spikeref.engine.products import Engine
from spikeref.model.layers import Synapses
from spikeref.model.profile import Profile
from spikeref.operations.accumulator import accumulator_bound
from spikeref.operations.operation import (
    ENCODER_PARAMETERS,
    Inputs,
    Operation,
    Outputs,
    Parameters,
    Run,
)
from spikeref.operations.parameters import (
    OUTPUT_WIDTHS,
    encoder_of,
    rotation_of,
    ties_of,
    width_of,
)
from spikeref.ops.linear import FRACTION_BITS
from spikeref.ops.linear import linear as linear_operator
from spikeref.ops.norm import Scaled
from spikeref.ops.spiking_input import spiking_input

WEIGHT_BITS = 8
"""Weights of fewer bits are weights of 8 bits too."""


def _rescale(parameters: Parameters, inputs: Inputs) -> Outputs:
    token = Scale(
        mantissa=inputs["token_mantissa"].astype(np.int64)[:, None],
        exponent=inputs["token_exponent"].astype(np.int64)[:, None],
    )
    channel = Scale(
        mantissa=inputs["channel_mantissa"].astype(np.int64),
        exponent=inputs["channel_exponent"].astype(np.int64),
    )
    done = rescale(
        inputs["accumulator"],
        (token, channel),
        fraction_bits=FRACTION_BITS,
        bits=width_of(parameters, "bits", OUTPUT_WIDTHS),
        ties=ties_of(parameters),
        bias=inputs["bias"],
    )
    return {"output": done.values, "saturations": done.count}


def linear(engine: Engine) -> Run:
    """Return `linear` run with an engine."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        encoder, u, weights = encoder_of(parameters), inputs["u"], inputs["weights"]
        given = spiking_input(
            Scaled(values=u, exponent=inputs["exponent"].astype(np.int64)),
            rotation_of(parameters, u.shape[-1]),
            None,
            encoder,
        )
        synapses = Synapses(
            weights=weights,
            channel_mantissas=inputs["channel_mantissa"],
            channel_exponents=inputs["channel_exponent"],
            bias=inputs["bias"],
            weight_sums=inputs.get("weight_sums"),
            zero_weights=np.count_nonzero(weights == 0, axis=1).astype(np.int32),
            accumulator_bound=accumulator_bound(weights, encoder),
        )
        profile = Profile(
            name="linear",
            weight_bits=WEIGHT_BITS,
            act_bits=encoder.bits,
            kv_bits=encoder.bits,
            encoding=encoder.encoding,
            clip_ratio=encoder.clip_ratio,
            ties=encoder.ties,
        )
        bits = width_of(parameters, "output_bits", OUTPUT_WIDTHS)
        done = linear_operator(given, synapses, engine, profile, bits)
        return {
            "counts": given.spikes.counts,
            "accumulator": done.accumulator,
            "output": done.output.values,
            "saturations": done.output.count,
        }

    return run


CHANNELS = {"channel_mantissa": "u16 M", "channel_exponent": "i16 M", "bias": "i64 M"}

LINEAR = (
    Operation(
        name="rescale",
        case_class="linear",
        clauses=("OP-8",),
        parameters=("bits", "ties"),
        inputs={
            "accumulator": "i32 T M",
            "token_mantissa": "i32 T",
            "token_exponent": "i32 T",
            **CHANNELS,
        },
        outputs={"output": "i64 T M", "saturations": "i64 T"},
        run=_rescale,
    ),
    Operation(
        name="linear",
        case_class="linear",
        clauses=("OP-4", "OP-5", "OP-6", "OP-7", "OP-8"),
        parameters=(*ENCODER_PARAMETERS, "rotate", "output_bits"),
        optional=("weight_sums",),
        inputs={
            "u": "i64 T N",
            "exponent": "i32 T",
            "weights": "i8 N M",
            **CHANNELS,
            "weight_sums": "i32 M",
        },
        outputs={
            "counts": "i16 T N",
            "accumulator": "i32 T M",
            "output": "i64 T M",
            "saturations": "i64 T",
        },
        run=linear(DENSE),
    ),
)
