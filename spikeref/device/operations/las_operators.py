"""Operations of chapter 20, attention aside."""

from collections.abc import Mapping

from .. import las_norm as norms
from .. import las_operators as rule
from ..las_neurons import train_of
from ..las_parameters import (
    channels_of,
    code_of,
    form_of,
    function_of,
    function_steps,
    pieces_of,
    scale_of,
    spikes_of,
)
from ..parameters import Parameters
from ..tensor import Refusal, Tensor, matrix, vector

Tensors = Mapping[str, Tensor]
LARGEST_BOUND = 1 << 62


def las_combine(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-1."""
    first = zip(inputs["mantissa_1"].flat, inputs["exponent_1"].flat, strict=True)
    second = zip(inputs["mantissa_2"].flat, inputs["exponent_2"].flat, strict=True)
    found = [rule.combine(a, b, parameters.ties) for a, b in zip(first, second, strict=True)]
    return {
        "mantissa": vector("i32", [mantissa for mantissa, _ in found]),
        "exponent": vector("i32", [exponent for _, exponent in found]),
    }


def las_rescale(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-2."""
    bound, bits, ties = (
        parameters.integer("bound"),
        parameters.width("output_bits", 2, 40),
        parameters.ties,
    )
    if not 1 <= bound < LARGEST_BOUND:
        raise Refusal("parameter", f"bound {bound} outside 1 … 2^62−1")
    if any(abs(y) > bound for y in inputs["accumulator"].flat):
        raise Refusal("range", "an accumulator beyond its bound")
    scales, bias = channels_of(inputs), inputs["bias"].flat
    rows = inputs["accumulator"].rows()
    return _output([rule.rescale(row, bound, scales, bias, bits, ties) for row in rows])


def _output(done: list[rule.Output], name: str = "output") -> dict[str, Tensor]:
    return {
        name: matrix("i64", [row.output for row in done]),
        "saturations": vector("i64", [row.saturations for row in done]),
    }


def _linear_output(done: list[rule.Output], name: str = "output") -> dict[str, Tensor]:
    accumulator = matrix("i64", [row.accumulator for row in done])
    return {"accumulator": accumulator, **_output(done, name)}


def las_embedding(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-3."""
    tokens, first = inputs["tokens"].flat, parameters.integer("position_offset")
    table = _table(inputs, "")
    if not tokens:
        raise Refusal("token", "no token")
    rows = []
    for i, token in enumerate(tokens):
        places = [(table, token)]
        if "position_mantissas" in inputs:
            places.append((_table(inputs, "position_"), i + first))
        if "type_mantissas" in inputs:
            places.append((_table(inputs, "type_"), inputs["types"].flat[i]))
        if any(not 0 <= row < len(given.exponents) for given, row in places):
            raise Refusal("token", "a token id, position or type that has no row")
        rows.append(rule.embed(places, parameters.ties))
    return {
        "residual": matrix("i64", [row for row, _ in rows]),
        "saturations": vector("i64", [saturations for _, saturations in rows]),
    }


def _table(inputs: Tensors, name: str) -> rule.Table:
    return rule.Table(inputs[f"{name}mantissas"].rows(), inputs[f"{name}exponents"].flat)


def _norm(parameters: Parameters, inputs: Tensors) -> norms.Norm:
    gamma = inputs["gamma"].flat
    match parameters.text("kind"):
        case "layer":
            kind: norms.Kind = "layer"
        case "rms":
            kind = "rms"
        case other:
            raise Refusal("parameter", f"unknown norm {other!r}")
    return norms.Norm(
        kind=kind,
        root=scale_of(parameters, "root"),
        epsilon=scale_of(parameters, "epsilon"),
        gamma=gamma,
        gamma_exponent=parameters.integer("gamma_exponent"),
        beta=inputs["beta"].flat if "beta" in inputs else [0] * len(gamma),
        ties=parameters.ties,
    )


def _normed(done: list[norms.Normed]) -> dict[str, Tensor]:
    return {
        "deviation": matrix("i32", [row.deviation for row in done]),
        "energy": vector("i64", [row.energy for row in done]),
        "inverse": vector("i32", [row.inverse for row in done]),
        "inverse_exponent": vector("i32", [row.inverse_exponent for row in done]),
        "output": matrix("i64", [row.output for row in done]),
        "saturations": vector("i64", [row.saturations for row in done]),
    }


def las_norm(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-4."""
    norm, (steps, _) = _norm(parameters, inputs), function_steps(parameters)
    functions = norms.Functions(
        square=function_of(parameters, inputs["square"], falling=False),
        inverse_root=function_of(parameters, inputs["rsqrt"], falling=True),
    )
    rows = inputs["x"].rows()
    return _normed([norms.normalised(row, norm, functions, steps) for row in rows])


def las_saw(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-6."""
    form = form_of(parameters)
    code, bits, ties = (
        code_of(parameters, form),
        parameters.width("output_bits", 2, 40),
        parameters.ties,
    )
    weights, channels, bias = inputs["weights"].rows(), channels_of(inputs), inputs["bias"].flat
    return _linear_output(
        [
            rule.linear(spikes, weights, channels, bias, code, bits, ties)
            for spikes in spikes_of(inputs, form)
        ]
    )


def las_logits(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-15."""
    form, ties = form_of(parameters), parameters.ties
    code, head = code_of(parameters, form), _table(inputs, "")
    columns = list(zip(*head.mantissas, strict=True))
    channels, silent = rule.head_channels(head.exponents, ties), [0] * len(head.exponents)
    done = [
        rule.linear(spikes, columns, channels, silent, code, 32, ties)
        for spikes in spikes_of(inputs, form)
    ]
    return _linear_output(done, "logits")


def las_hadamard(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-9."""
    form = form_of(parameters)
    trains = []
    for a, b in zip(inputs["a"].flat, inputs["b"].flat, strict=True):
        weighed = [_weighed(count, form.steps, train_of(count, form)) for count in (a, b)]
        trains.append(rule.product_increments(*weighed))
    return {
        "increments": matrix("i64", list(zip(*trains, strict=True))),
        "product": vector("i64", [sum(train) for train in trains]),
    }


def _weighed(count: int, steps: int, train: list[int]) -> list[int]:
    return [s << (steps - step) for step, s in enumerate(train, start=1)]


def las_gated(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-13."""
    form, pieces = form_of(parameters), pieces_of(parameters, inputs)
    code, gates = code_of(parameters, form), inputs["gate"].rows()
    done = [
        rule.gated(gate, spikes, pieces, form.steps, code, parameters.ties)
        for gate, spikes in zip(gates, spikes_of(inputs, form), strict=True)
    ]
    return {
        "output": matrix("i64", [row for row, _ in done]),
        "saturations": vector("i64", [saturations for _, saturations in done]),
    }
