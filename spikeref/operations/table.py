"""The table of operations in causal order, and how one of them is run (CONF-9, CONF-10)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.widths import require_width
from spikeref.errors import (
    DeliveryError,
    HeadroomError,
    ModelError,
    RangeError,
    RefusedError,
    SpikerefError,
    TokenError,
    UsageError,
)
from spikeref.operations.accumulator import COUNTERS, HEADROOM, SUMS
from spikeref.operations.arithmetic import ARITHMETIC
from spikeref.operations.attention_table import ATTENTION
from spikeref.operations.decoding import DECODING, HG_DECODING
from spikeref.operations.events import EVENTS
from spikeref.operations.forms import check_arguments, type_of
from spikeref.operations.given_model import refuse_foreign_folder
from spikeref.operations.las_decoding import LAS_DECODING
from spikeref.operations.las_table import LAS
from spikeref.operations.linear import LINEAR
from spikeref.operations.neurons import NEURONS, ROTATION, SPIKING_INPUT
from spikeref.operations.operation import Operation, Outputs, Parameters
from spikeref.operations.packed import PACK_CACHE, PACK_TRAINS, PACK_WEIGHTS
from spikeref.operations.parameters import refuse_wide_parameters
from spikeref.operations.residual import OUTPUT, RESIDUAL

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        *ARITHMETIC,
        ROTATION,
        *NEURONS,
        *PACK_TRAINS,
        SPIKING_INPUT,
        PACK_WEIGHTS,
        HEADROOM,
        *SUMS,
        *EVENTS,
        COUNTERS,
        *LINEAR,
        *RESIDUAL,
        *ATTENTION,
        PACK_CACHE,
        *OUTPUT,
        *DECODING,
        *LAS,
        *LAS_DECODING,
        *HG_DECODING,
    )
}
"""By name, in the order of CONF-9."""

KINDS: dict[type[SpikerefError], str] = {
    RangeError: "range",
    TokenError: "token",
    DeliveryError: "delivery",
    ModelError: "model",
    HeadroomError: "headroom",
}
"""Class of error (CONF-8) of what the reference raises."""


def find_operation(name: str) -> Operation:
    """Return the operation of that name; UsageError if there is none."""
    if name not in OPERATIONS:
        raise UsageError(f"operation {name!r} is unknown; CONF-9 lists {', '.join(OPERATIONS)}")
    return OPERATIONS[name]


def run_operation(
    name: str,
    parameters: Parameters,
    inputs: Mapping[str, NDArray[Any]],
    *,
    folder: Path | None = None,
) -> Outputs:
    """Return the outputs of an operation, of the types that CONF-9 states, in its order.

    folder: of the suite, where a case names a model in it. RefusedError where CONF-10 refuses,
    UsageError for an unknown operation, or parameters and inputs of another form.
    """
    operation = find_operation(name)
    refuse_foreign_folder(parameters)
    refuse_wide_parameters(parameters)
    if "model" in parameters and folder is not None:
        parameters = {**parameters, "model": str(folder / "model")}
    check_arguments(operation, parameters, inputs)
    return run_as(operation, operation.run, parameters, inputs)


def run_as(
    operation: Operation, run: Any, parameters: Parameters, inputs: Mapping[str, NDArray[Any]]
) -> Outputs:
    """Return the outputs of `run` in place of the operation's own code: another engine's."""
    try:
        found = run(parameters, inputs)
    except tuple(KINDS) as fault:
        raise RefusedError(KINDS[type(fault)], str(fault)) from fault
    # What `decode` gives of single layers has its types already.
    further = {output: array for output, array in found.items() if "." in output}
    return {
        output: _narrowed(f"{operation.name}.{output}", found[output], type_of(form))
        for output, form in operation.outputs.items()
        if output in found or output not in operation.optional_outputs
    } | further


def _narrowed(signal: str, array: NDArray[Any], form: np.dtype[Any]) -> NDArray[Any]:
    """Return an array as its type; RangeError where a value does not fit."""
    array = np.asarray(array)
    if form.kind == "i":
        require_width(signal, array, 8 * form.itemsize, "CONF-9")
    # ascontiguousarray would give a scalar a dimension.
    return array.astype(form, order="C")
