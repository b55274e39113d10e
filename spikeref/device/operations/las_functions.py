"""Operations of chapters 18 and 19: HG neurons and the functions that they make."""

from collections.abc import Mapping

from .. import las_functions as rule
from ..las_parameters import function_of, function_steps, pieces_of
from ..parameters import Parameters
from ..tensor import Refusal, Tensor, vector


def hg_neuron(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """NEUR-6, NEUR-7, NEUR-8, HG-9."""
    pieces, (steps, _) = pieces_of(parameters, inputs), function_steps(parameters)
    fired = [rule.fire(x, pieces, steps) for x in inputs["x"].flat]
    return {
        "code": vector("i32", [code for code, _ in fired]),
        "exponent": vector("i32", [exponent for _, exponent in fired]),
    }


def las_activation(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """HG-1."""
    pieces, (steps, _) = pieces_of(parameters, inputs), function_steps(parameters)
    return {"y": vector("i64", [rule.activate(x, pieces, steps) for x in inputs["x"].flat])}


def hg_exp(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """HG-2."""
    function = function_of(parameters, inputs["exp"], falling=True)
    if min(inputs["t"].flat) < 0:
        raise Refusal("range", "t < 0")
    return {"power": vector("i64", [rule.exponential(t, function) for t in inputs["t"].flat])}


def hg_mantissa(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """HG-3."""
    even = parameters.flag("even")
    found = [rule.mantissa_of(s, even=even) for s in inputs["s"].flat]
    return {
        "mantissa": vector("i32", [mantissa for mantissa, _ in found]),
        "exponent": vector("i32", [exponent for _, exponent in found]),
    }


def hg_reciprocal(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """HG-4."""
    function = function_of(parameters, inputs["reciprocal"], falling=True)
    return _coded([rule.reciprocal(s, function) for s in inputs["s"].flat])


def hg_rsqrt(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """HG-5."""
    function = function_of(parameters, inputs["rsqrt"], falling=True)
    return _coded([rule.inverse_root(s, function) for s in inputs["s"].flat])


def hg_sqrt(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """HG-6."""
    function = function_of(parameters, inputs["sqrt"], falling=False)
    return _coded([rule.root(s, function) for s in inputs["s"].flat])


def hg_square(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """HG-7."""
    function = function_of(parameters, inputs["square"], falling=False)
    return {"y": vector("i64", [rule.square(x, function) for x in inputs["x"].flat])}


def _coded(found: list[tuple[int, int]]) -> dict[str, Tensor]:
    return {
        "code": vector("i32", [code for code, _ in found]),
        "exponent": vector("i32", [exponent for _, exponent in found]),
    }
