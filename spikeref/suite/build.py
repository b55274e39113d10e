"""From an operation and its inputs to a case: outputs, refusals and requirements filled in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import RefusedError, SpikerefError
from spikeref.operations.operation import Parameters
from spikeref.operations.table import OPERATIONS, find_operation, run_operation
from spikeref.suite.requirements import requirements_of
from spikeref.vectors.case import Case, Provenance, RejectKind

WHOLE_MODELS = ("decode", "generate", "las_decode", "hg_decode")
Tensors = Mapping[str, NDArray[Any]]


def accepted(
    identity: str,
    operation: str,
    comment: str,
    parameters: Parameters,
    inputs: Tensors,
    *,
    provenance: Provenance = "directed",
    clauses: tuple[str, ...] = (),
    folder: Path | None = None,
) -> Case:
    """Return a case whose outputs are what the reference gives.

    comment: the fault that it catches. clauses: requirements beside those of the operation.
    folder: of the suite, where the case names the model in it.
    """
    return Case(
        id=identity,
        operation=operation,
        case_class=find_operation(operation).case_class,
        mode=find_operation(operation).mode,
        provenance=provenance,
        requirements=requirements_of(operation, parameters, inputs, clauses),
        comment=comment,
        parameters=parameters,
        inputs=inputs,
        outputs=run_operation(operation, parameters, inputs, folder=folder),
        reject=None,
        beside=None,
    )


def hand_worked(
    identity: str,
    operation: str,
    comment: str,
    parameters: Parameters,
    inputs: Tensors,
    expected: Mapping[str, Any],
    *,
    clauses: tuple[str, ...] = (),
) -> Case:
    """Return a case derived on paper; SpikerefError where the reference says otherwise.

    expected: literal values of every output.
    """
    case = accepted(
        identity,
        operation,
        comment,
        parameters,
        inputs,
        provenance="hand-worked",
        clauses=clauses,
    )
    outputs = case.outputs or {}
    if set(expected) != set(outputs):
        raise SpikerefError(f"case {identity}: expectations for {sorted(expected)} alone")
    for name, literal in expected.items():
        if outputs[name].tolist() != literal:
            raise SpikerefError(
                f"case {identity}: {name} is {outputs[name].tolist()}, on paper {literal}"
            )
    return case


def refused(
    identity: str,
    operation: str,
    kind: RejectKind,
    comment: str,
    parameters: Parameters,
    inputs: Tensors,
    *,
    beside: str,
    clauses: tuple[str, ...] = (),
) -> Case:
    """Return a case that must be refused; SpikerefError where the reference does otherwise."""
    try:
        run_operation(operation, parameters, inputs)
    except RefusedError as refusal:
        if refusal.kind != kind:
            raise SpikerefError(f"case {identity}: refused as {refusal.kind}") from refusal
    else:
        raise SpikerefError(f"case {identity}: not refused")
    # A refused model runs none of its operators.
    runs = operation not in WHOLE_MODELS
    requirements = ("CONF-10", *clauses)
    if runs:
        requirements = requirements_of(operation, parameters, inputs, requirements)
    return Case(
        id=identity,
        operation=operation,
        case_class=find_operation(operation).case_class,
        mode=find_operation(operation).mode,
        provenance="directed",
        requirements=requirements,
        comment=comment,
        parameters=parameters,
        inputs=inputs,
        outputs=None,
        reject=kind,
        beside=beside,
    )


def causal_place(case: Case) -> int:
    """Return the place of a case's operation in the causal order of CONF-9."""
    return list(OPERATIONS).index(case.operation)


def widened(rows: list[list[int]]) -> NDArray[np.int64]:
    """Return rows of unequal length as int64 [T, N], shorter ones filled up with zeros."""
    width = max(map(len, rows))
    return np.array([row + [0] * (width - len(row)) for row in rows], dtype=np.int64)
