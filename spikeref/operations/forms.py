"""Types and shapes of an operation's tensors, checked against its row of CONF-9."""

from typing import Any

import numpy as np

from spikeref.errors import UsageError
from spikeref.operations.operation import Inputs, Operation, Parameters

MAY_BE_EMPTY = ("tokens", "types", "packets")
"""Inputs whose emptiness has a class of error of its own: `token`, `delivery`."""


def type_of(form: str) -> np.dtype[Any]:
    """Return the element type of a form: "i16 T N" -> int16."""
    letter = form.split()[0]
    return np.dtype(f"{letter[0]}{int(letter[1:]) // 8}")


def check_arguments(operation: Operation, parameters: Parameters, inputs: Inputs) -> None:
    """Refuse parameters and inputs of other names, types or shapes: UsageError.

    A dimension that is one letter has one size in all inputs, at least 1 but for the number of
    tokens; d/2 is half of d. The tensors of a model are checked where it is assembled.
    """
    _check_names(operation, "parameter", operation.parameters, parameters)
    whole_model = "model_digest" in operation.parameters
    if not whole_model:
        _check_names(operation, "input", tuple(operation.inputs), inputs)
        _check_companions(operation, {*parameters, *inputs})
    sizes: dict[str, int] = {}
    for name, form in operation.inputs.items():
        if name not in inputs:
            continue
        array, dimensions = inputs[name], form.split()[1:]
        if array.dtype != type_of(form) or array.ndim != len(dimensions):
            raise UsageError(
                f"{operation.name}: input {name} is {array.dtype} {list(array.shape)},"
                f" CONF-9 asks for {form}"
            )
        for letter, size in zip(dimensions, array.shape, strict=True):
            if letter.isdigit() and size != int(letter):
                raise UsageError(
                    f"{operation.name}: input {name} has {size} elements, not {letter}"
                )
            if len(letter) == 1 and sizes.setdefault(letter, size) != size:
                raise UsageError(f"{operation.name}: inputs disagree on {letter}")
            if size == 0 and name not in MAY_BE_EMPTY:
                raise UsageError(f"{operation.name}: input {name} is empty (CONF-10)")
            if letter == "d/2" and 2 * size != sizes["d"]:
                raise UsageError(f"{operation.name}: input {name} has not half of d (CONV-5)")


def _check_companions(operation: Operation, given: set[str]) -> None:
    for names in operation.together:
        missing = [name for name in names if name not in given]
        if missing and len(missing) < len(names):
            raise UsageError(f"{operation.name}: {missing[0]} is missing beside the others")


def _check_names(
    operation: Operation, what: str, expected: tuple[str, ...], given: Parameters | Inputs
) -> None:
    for name in expected:
        if name not in given and name not in operation.optional:
            raise UsageError(f"{operation.name}: {what} {name} is missing (CONF-9)")
    for name in given:
        if name not in expected and name not in operation.optional:
            raise UsageError(f"{operation.name}: {what} {name} is unknown (CONF-9)")
