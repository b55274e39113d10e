"""HG neurons and the functions that they make as operations (chapters 18 and 19)."""

import numpy as np

from spikeref.arith.widths import magnitude
from spikeref.errors import RefusedError
from spikeref.functions.activation import activate, with_fraction_bits
from spikeref.functions.exponential import exp_weights
from spikeref.functions.mantissas import reduced
from spikeref.functions.reciprocal import reciprocal
from spikeref.functions.roots import rsqrt, sqrt_code
from spikeref.functions.square import square
from spikeref.neurons.hierarchical import fire
from spikeref.operations.arithmetic import refuse_below, refuse_wide
from spikeref.operations.las_forms import FUNCTION, function_of, hg_neuron_of, steps_of
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters
from spikeref.operations.parameters import flag
from spikeref.ops.las_feed_forward import ACTIVATION_FRACTION_BITS

LARGEST_SQUARED = 1 << 30


def _hg_neuron(parameters: Parameters, inputs: Inputs) -> Outputs:
    done = fire(inputs["x"], hg_neuron_of(parameters, inputs), steps_of(parameters))
    return {"code": done.code, "exponent": done.exponent}


def _activation(parameters: Parameters, inputs: Inputs) -> Outputs:
    neuron, steps = hg_neuron_of(parameters, inputs), steps_of(parameters)
    done = activate(inputs["x"].astype(np.int64), neuron, steps)
    return {"y": with_fraction_bits(done, ACTIVATION_FRACTION_BITS)}


def _exp(parameters: Parameters, inputs: Inputs) -> Outputs:
    neuron = function_of(parameters, inputs, "exp")
    refuse_below("hg_exp: t", inputs["t"], 0)
    return {"power": exp_weights(inputs["t"], neuron, steps_of(parameters))}


def _refuse_foreign(name: str, inputs: Inputs) -> None:
    refuse_below(f"{name}: s", inputs["s"], 1)
    refuse_wide(f"{name}: s", inputs["s"])


def _mantissa(parameters: Parameters, inputs: Inputs) -> Outputs:
    _refuse_foreign("hg_mantissa", inputs)
    done = reduced(inputs["s"], even=flag(parameters, "even"))
    return {"mantissa": done.mantissa, "exponent": done.exponent}


def _reciprocal(parameters: Parameters, inputs: Inputs) -> Outputs:
    _refuse_foreign("hg_reciprocal", inputs)
    neuron = function_of(parameters, inputs, "reciprocal")
    code, exponent = reciprocal(inputs["s"], neuron, steps_of(parameters))
    return {"code": code, "exponent": exponent}


def _rsqrt(parameters: Parameters, inputs: Inputs) -> Outputs:
    _refuse_foreign("hg_rsqrt", inputs)
    neuron = function_of(parameters, inputs, "rsqrt")
    code, exponent = rsqrt(inputs["s"], neuron, steps_of(parameters))
    return {"code": code, "exponent": exponent}


def _sqrt(parameters: Parameters, inputs: Inputs) -> Outputs:
    _refuse_foreign("hg_sqrt", inputs)
    neuron = function_of(parameters, inputs, "sqrt")
    code, exponent = sqrt_code(inputs["s"], neuron, steps_of(parameters))
    return {"code": code, "exponent": exponent}


def _square(parameters: Parameters, inputs: Inputs) -> Outputs:
    if magnitude(inputs["x"]) >= LARGEST_SQUARED:
        raise RefusedError("range", "hg_square: |x| reaches 2^30 (HG-7)")
    neuron = function_of(parameters, inputs, "square")
    return {"y": square(inputs["x"], neuron, steps_of(parameters))}


PIECES = {"pieces": "i64 P 6", "thresholds": "i32 E 2^S-1", "constants": "i64 F 3 K"}

HG_NEURON = Operation(
    name="hg_neuron",
    case_class="las",
    clauses=("NEUR-6", "NEUR-7", "NEUR-8", "HG-9"),
    parameters=FUNCTION,
    optional=("thresholds", "constants"),
    inputs={"x": "i64 N", **PIECES},
    outputs={"code": "i32 N", "exponent": "i32 N"},
    run=_hg_neuron,
)

ACTIVATION = Operation(
    name="las_activation",
    case_class="las",
    clauses=("HG-1", "LAS-13"),
    parameters=FUNCTION,
    optional=("thresholds", "constants"),
    inputs={"x": "i32 N", **PIECES},
    outputs={"y": "i64 N"},
    run=_activation,
)

MANTISSA = Operation(
    name="hg_mantissa",
    case_class="las",
    clauses=("HG-3",),
    parameters=("even",),
    inputs={"s": "i64 N"},
    outputs={"mantissa": "i32 N", "exponent": "i32 N"},
    run=_mantissa,
)

FUNCTIONS = (
    Operation(
        name="hg_exp",
        case_class="las",
        clauses=("HG-2", "HG-9"),
        parameters=FUNCTION,
        inputs={"t": "i64 N", "exp": "i32 2^S-1"},
        outputs={"power": "i64 N"},
        run=_exp,
    ),
    Operation(
        name="hg_reciprocal",
        case_class="las",
        clauses=("HG-3", "HG-4", "HG-9"),
        parameters=FUNCTION,
        inputs={"s": "i64 N", "reciprocal": "i32 2^S-1"},
        outputs={"code": "i32 N", "exponent": "i32 N"},
        run=_reciprocal,
    ),
    Operation(
        name="hg_rsqrt",
        case_class="las",
        clauses=("HG-3", "HG-5", "HG-9"),
        parameters=FUNCTION,
        inputs={"s": "i64 N", "rsqrt": "i32 2^S-1"},
        outputs={"code": "i32 N", "exponent": "i32 N"},
        run=_rsqrt,
    ),
    Operation(
        name="hg_sqrt",
        case_class="las",
        clauses=("HG-3", "HG-6", "HG-9"),
        parameters=FUNCTION,
        inputs={"s": "i64 N", "sqrt": "i32 2^S-1"},
        outputs={"code": "i32 N", "exponent": "i32 N"},
        run=_sqrt,
    ),
    Operation(
        name="hg_square",
        case_class="las",
        clauses=("HG-3", "HG-7", "HG-9"),
        parameters=FUNCTION,
        inputs={"x": "i64 N", "square": "i32 2^S-1"},
        outputs={"y": "i64 N"},
        run=_square,
    ),
)

LAS_FUNCTIONS = (HG_NEURON, MANTISSA, *FUNCTIONS)
