"""The parameters and inputs of LAS operations, as its neurons (CONF-9, CONF-10)."""

from collections.abc import Iterator, Mapping, Sequence

from .las_functions import (
    WHOLE_STEPS,
    Expansion,
    FewSpikes,
    Function,
    Identity,
    Piece,
    fewer,
)
from .las_neurons import Bound, Code, Form, check_code, check_form, train_of
from .las_operators import Scale, Spikes
from .parameters import Parameters
from .tensor import Refusal, Tensor

Tensors = Mapping[str, Tensor]

RISING, FALLING, IDENTITY = range(3)
"""Kinds of pieces; 3 is an FS neuron (LMOD-4)."""


def bound_of(parameters: Parameters, name: str) -> Bound:
    """A rule or a gate (NEUR-2, NEUR-3)."""
    match parameters.text(name):
        case "below":
            return "below"
        case "at-most":
            return "at-most"
        case other:
            raise Refusal("parameter", f"unknown {name} {other!r}")


def form_of(parameters: Parameters) -> Form:
    """T, n, rule and gate; an operation that encodes nothing has neither rule nor gate."""
    form = Form(
        steps=parameters.integer("steps"),
        levels=parameters.integer("levels"),
        rule=bound_of(parameters, "rule") if parameters.has("rule") else "below",
        gate=bound_of(parameters, "gate") if parameters.has("gate") else "below",
    )
    check_form(form)
    return form


def code_of(parameters: Parameters, form: Form, role: str = "") -> Code:
    """The code of a population whose thresholds the role's name precedes."""
    code = Code(
        form=form,
        normal=parameters.integer(f"{role}threshold_n"),
        outlier=parameters.integer(f"{role}threshold_o"),
    )
    check_code(code)
    return code


def function_steps(parameters: Parameters) -> tuple[int, int]:
    """T and the steps S that the thresholds are stated for, 1 ≤ T ≤ S ≤ 16 (CONF-10)."""
    steps, stated = parameters.integer("steps"), parameters.integer("table_steps")
    if not 1 <= steps <= stated <= WHOLE_STEPS:
        raise Refusal("parameter", f"{steps} steps of a table of {stated}")
    return steps, stated


def function_of(parameters: Parameters, table: Tensor, *, falling: bool) -> Function:
    """A function of one piece, from its thresholds."""
    steps, stated = function_steps(parameters)
    thresholds = fewer(table.flat, stated, steps)
    return Function(Expansion(thresholds, falling), steps)


def pieces_of(parameters: Parameters, inputs: Tensors) -> list[Piece]:
    """The pieces of an HG neuron; rows of thresholds and constants belong to them in order."""
    steps, stated = function_steps(parameters)
    tables = iter(inputs["thresholds"].rows()) if "thresholds" in inputs else iter(())
    constants = iter(inputs["constants"].blocks()) if "constants" in inputs else iter(())
    pieces = []
    for low, high, sign, exponent, kind, shift in inputs["pieces"].rows():
        neuron: Expansion | Identity | FewSpikes
        if kind in (RISING, FALLING):
            neuron = Expansion(fewer(next(tables), stated, steps), kind == FALLING)
        elif kind == IDENTITY:
            neuron = Identity(shift)
        else:
            resets, thresholds, weights = next(constants)
            neuron = FewSpikes(resets=resets, thresholds=thresholds, weights=weights)
        pieces.append(Piece(low=low, high=high, sign=sign, exponent=exponent, neuron=neuron))
    return pieces


def check_counts(counts: Sequence[int], form: Form) -> None:
    """Refuse a count that no neuron of the form gives (CONF-10)."""
    for count in counts:
        train_of(count, form)


def spikes_of(inputs: Tensors, form: Form, role: str = "") -> Iterator[Spikes]:
    """The populations along the last axis of counts and outliers (LAS-5)."""
    counts, outliers = inputs[f"{role}counts"], inputs[f"{role}outliers"]
    check_counts(counts.flat, form)
    for c, o in zip(counts.rows(), outliers.rows(), strict=True):
        yield Spikes(c, o)


def heads_of(inputs: Tensors, form: Form, role: str) -> list[list[Spikes]]:
    """Populations of each position and head, of counts and outliers [T, H, d]."""
    rows, heads = list(spikes_of(inputs, form, role)), inputs[f"{role}counts"].shape[1]
    return [rows[at : at + heads] for at in range(0, len(rows), heads)]


def channels_of(inputs: Tensors) -> list[Scale]:
    """The scales of M output channels."""
    mantissas, exponents = inputs["channel_mantissa"].flat, inputs["channel_exponent"].flat
    return list(zip(mantissas, exponents, strict=True))


def scale_of(parameters: Parameters, name: str) -> Scale:
    """A scale given as two parameters."""
    return parameters.integer(f"{name}_mantissa"), parameters.integer(f"{name}_exponent")
