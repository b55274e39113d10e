"""Operators of LAS as operations: scales, norm, products, feed-forward (chapter 20)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.dot import absolute_column_sums, absolute_row_sums
from spikeref.arith.rounding import Scale
from spikeref.arith.wide_rescale import combine, wide_rescale
from spikeref.arith.widths import magnitude
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.errors import RefusedError
from spikeref.model.las_layers import NormParameters, WideSynapses
from spikeref.model.layers import DyadicRows, Gamma
from spikeref.operations.las_forms import (
    channels_of,
    code_of,
    form_of,
    hg_neuron_of,
    scale_of,
    spikes_of,
    steps_of,
    tables_of,
    train_of,
    weighed_steps,
)
from spikeref.operations.operation import Inputs, Outputs, Parameters, Run
from spikeref.operations.parameters import OUTPUT_WIDTHS, integer, text, ties_of, width_of
from spikeref.ops.las_feed_forward import activation_code, gated_product
from spikeref.ops.las_linear import spiking_logits, wide_linear
from spikeref.ops.las_norm import NormOutput, NormRules, spiking_norm

LARGEST_BOUND = 1 << 62


def las_combine(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `las_combine` (LAS-1)."""
    first, second = (
        Scale(
            mantissa=inputs[f"mantissa_{i}"].astype(np.int64),
            exponent=inputs[f"exponent_{i}"].astype(np.int64),
        )
        for i in (1, 2)
    )
    done = combine(first, second, ties_of(parameters))
    return {"mantissa": done.mantissa, "exponent": done.exponent}


def las_rescale(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `las_rescale` (LAS-2)."""
    bound, accumulator = integer(parameters, "bound"), inputs["accumulator"]
    if not 1 <= bound < LARGEST_BOUND:
        raise RefusedError("parameter", f"bound {bound} (LAS-2)")
    if magnitude(accumulator) > bound:
        raise RefusedError("range", f"las_rescale: an accumulator is beyond {bound}")
    done = wide_rescale(
        accumulator,
        bound,
        channels_of(inputs),
        bits=width_of(parameters, "output_bits", OUTPUT_WIDTHS),
        ties=ties_of(parameters),
        bias=inputs["bias"],
    )
    return {"output": done.values, "saturations": done.count}


def _parameters_of_norm(parameters: Parameters, inputs: Inputs) -> NormParameters:
    gamma = Gamma(mantissas=inputs["gamma"], exponent=integer(parameters, "gamma_exponent"))
    return NormParameters(gamma=gamma, beta=inputs.get("beta"))


def centred(parameters: Parameters) -> bool:
    """Return whether a norm takes the mean off; an unknown kind is refused."""
    kind = text(parameters, "kind")
    if kind not in ("layer", "rms"):
        raise RefusedError("parameter", f"norm {kind!r} is unknown")
    return kind == "layer"


def las_norm(engine: LasEngine) -> Run:
    """Return `las_norm` run with an engine (LAS-4)."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        rules = NormRules(
            centred=centred(parameters),
            root=scale_of(parameters, "root"),
            epsilon=scale_of(parameters, "epsilon"),
            steps=steps_of(parameters),
            tables=tables_of(parameters, inputs, ("square", "rsqrt")),
            ties=ties_of(parameters),
        )
        return norm_outputs(
            spiking_norm(inputs["x"], _parameters_of_norm(parameters, inputs), rules, engine)
        )

    return run


def norm_outputs(done: NormOutput) -> Outputs:
    """Return what a norm gives, under the names of CONF-9."""
    return {
        "deviation": done.deviation,
        "energy": done.inverse.energy,
        "inverse": done.inverse.code,
        "inverse_exponent": done.inverse.exponent,
        "output": done.output.values,
        "saturations": done.output.count,
    }


def las_saw(engine: LasEngine) -> Run:
    """Return `las_saw` run with an engine (LAS-6)."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        weights = inputs["weights"]
        synapses = WideSynapses(
            weights=weights,
            channel_mantissas=inputs["channel_mantissa"],
            channel_exponents=inputs["channel_exponent"],
            bias=inputs["bias"],
            zero_weights=np.count_nonzero(weights == 0, axis=1).astype(np.int32),
            weight_bound=int(absolute_column_sums(weights).max()),
        )
        done = wide_linear(
            spikes_of(inputs, code_of(parameters)),
            synapses,
            engine,
            magnitude(weights),
            width_of(parameters, "output_bits", OUTPUT_WIDTHS),
            ties_of(parameters),
        )
        return {
            "accumulator": done.accumulator,
            "output": done.output.values,
            "saturations": done.output.count,
        }

    return run


def las_logits(engine: LasEngine) -> Run:
    """Return `las_logits` run with an engine (LAS-15)."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        head = DyadicRows(mantissas=inputs["mantissas"], exponents=inputs["exponents"])
        done = spiking_logits(
            spikes_of(inputs, code_of(parameters)),
            head,
            int(absolute_row_sums(head.mantissas).max()),
            engine,
            ties_of(parameters),
        )
        return {
            "accumulator": done.accumulator,
            "logits": done.output.values,
            "saturations": done.output.count,
        }

    return run


def las_hadamard(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `las_hadamard` (LAS-9): the increments of every step, and the engine's product."""
    form = form_of(parameters)
    a, b = (train_of(inputs[name], form) for name in ("a", "b"))
    return {
        "increments": product_increments(weighed_steps(a), weighed_steps(b)),
        "product": LAS_DENSE.hadamard(a, b),
    }


def product_increments(a: list[NDArray[np.int64]], b: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return a(t)·Bs(t) + As(t−1)·b(t) of every step t, int64 [T, …] (equation 12)."""
    arrived_a, arrived_b = np.zeros_like(a[0]), np.zeros_like(b[0])
    increments = []
    for now_a, now_b in zip(a, b, strict=True):
        arrived_b = arrived_b + now_b
        increments.append(now_a * arrived_b + arrived_a * now_b)
        arrived_a = arrived_a + now_a
    return np.stack(increments)


def las_gated(engine: LasEngine) -> Run:
    """Return `las_gated` run with an engine (LAS-13)."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        neuron, steps = hg_neuron_of(parameters, inputs), steps_of(parameters)
        gate = activation_code(inputs["gate"].astype(np.int64), neuron, steps)
        up = spikes_of(inputs, code_of(parameters))
        done = gated_product(gate, up, steps, engine, ties_of(parameters))
        return {"output": done.values, "saturations": done.count}

    return run
