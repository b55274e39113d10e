"""Parameters and inputs of LAS operations as the objects of the reference (CONF-10)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import Scale
from spikeref.errors import ModelError, RefusedError, UsageError
from spikeref.functions.tables import FunctionTables
from spikeref.model.las_tables import PieceKind, read_piece
from spikeref.neurons.binary_train import BinaryTrain, time_steps
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.hierarchical import HgNeuron, Piece
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import OatCode, OatSpikes, TrainForm
from spikeref.operations.operation import Inputs, Parameters
from spikeref.operations.parameters import integer, variant

WHOLE_STEPS = 16
FORM = ("steps", "levels")
RULES = ("rule", "gate")
CODE = ("threshold_n", "threshold_o")
FUNCTION = ("steps", "table_steps")

REACHED_LAST = {False: (1 << 31) - 1, True: -(1 << 31)}
"""By whether a piece falls: the threshold of a code out of its reach (NEUR-6)."""
MANTISSAS = {True: 1 << 22, False: 1 << 23}
"""The lowest mantissa, by whether exponents are even (HG-3)."""


def form_of(parameters: Parameters) -> TrainForm:
    """Return T, n, rule and gate; refused where NEUR-2 and NEUR-3 exclude them."""
    rule, gate = (
        variant(parameters, name, Rule) if name in parameters else Rule.BELOW for name in RULES
    )
    steps, levels = (integer(parameters, name) for name in FORM)
    try:
        return TrainForm(steps=steps, levels=levels, rule=rule, gate=gate)
    except UsageError as fault:
        raise RefusedError("parameter", str(fault)) from fault


def code_of(parameters: Parameters, role: str = "") -> OatCode:
    """Return the code whose thresholds the role's name precedes; refused where NEUR-3 excludes."""
    normal, outlier = (integer(parameters, f"{role}{name}") for name in CODE)
    try:
        return OatCode(form=form_of(parameters), normal=normal, outlier=outlier)
    except UsageError as fault:
        raise RefusedError("parameter", str(fault)) from fault


def train_of(counts: NDArray[np.int32], form: TrainForm) -> BinaryTrain:
    """Return trains of counts i32 [...]; refused where no neuron gives a count (CONF-10)."""
    train = BinaryTrain(counts=counts, steps=form.steps, levels=form.levels)
    total = np.zeros(counts.shape, dtype=np.int64)
    for fired in time_steps(train):
        total = 2 * total + fired
    if not np.array_equal(total, counts):
        raise RefusedError("range", "a count is none that a neuron of these steps and levels gives")
    return train


def spikes_of(inputs: Inputs, code: OatCode, role: str = "") -> OatSpikes:
    """Return the spikes of `counts` and `outliers`, which the role's name precedes."""
    counts = train_of(inputs[f"{role}counts"], code.form).counts
    return OatSpikes(counts=counts, outliers=inputs[f"{role}outliers"] != 0, code=code)


def weighed_steps(train: BinaryTrain) -> list[NDArray[np.int64]]:
    """Return what the spikes of each time step count, int64 [...], with their sign (NEUR-5)."""
    return [
        fired << np.int64(train.steps - step)
        for step, fired in enumerate(time_steps(train), start=1)
    ]


def steps_of(parameters: Parameters) -> int:
    """Return T of a function; refused unless 1 ≤ T ≤ S ≤ 16 (CONF-10)."""
    steps, stated = (integer(parameters, name) for name in FUNCTION)
    if not 1 <= steps <= stated <= WHOLE_STEPS:
        raise RefusedError("parameter", f"{steps} steps of a table of {stated}")
    return steps


def expansion_of(parameters: Parameters, table: NDArray[np.int32], *, falling: bool) -> Expansion:
    """Return the neuron whose thresholds a table of S steps states at the places that S reads.

    UsageError for a table of another size.
    """
    steps_of(parameters)
    stated_steps = integer(parameters, "table_steps")
    if len(table) != (1 << stated_steps) - 1:
        raise UsageError(f"{len(table)} thresholds are none of {stated_steps} steps (CONF-9)")
    apart = 1 << (WHOLE_STEPS - stated_steps)
    stated = np.repeat(table, apart)
    last = np.full(apart - 1, REACHED_LAST[falling], dtype=np.int32)
    return Expansion(thresholds=np.concatenate([stated, last]), falling=falling)


def function_of(parameters: Parameters, inputs: Inputs, name: str) -> HgNeuron:
    """Return a function of one piece from its thresholds: the table of that name, if given."""
    falling = name in ("exp", "reciprocal", "rsqrt")
    if name == "exp":
        low, high = 0, (1 << 16) - 1
    else:
        low, high = MANTISSAS[name in ("rsqrt", "sqrt")], (1 << 24) - 1
    neuron = expansion_of(parameters, inputs[name], falling=falling)
    return HgNeuron(
        pieces=(Piece(low=low, high=high, sign=1, exponent=0, neuron=neuron),),
    )


def hg_neuron_of(parameters: Parameters, inputs: Inputs) -> HgNeuron:
    """Return the neuron of `pieces`, of which rows of thresholds and constants belong in order.

    UsageError for pieces that a model would not hold (LMOD-4), or rows of another number.
    """
    tables = iter(inputs.get("thresholds", ()))
    constants = iter(inputs.get("constants", ()))
    rows = inputs["pieces"].tolist()
    pieces = tuple(_piece(parameters, row, tables, constants) for row in rows)
    if next(tables, None) is not None or next(constants, None) is not None:
        raise UsageError("pieces: fewer than their thresholds or constants (CONF-9)")
    for earlier, later in pairwise(sorted(pieces, key=lambda piece: piece.low)):
        if earlier.high >= later.low:
            raise UsageError(f"pieces: two are open from {later.low} on (NEUR-8)")
    return HgNeuron(pieces=pieces)


def _piece(
    parameters: Parameters,
    row: list[int],
    tables: Iterator[NDArray[Any]],
    constants: Iterator[NDArray[Any]],
) -> Piece:
    """Return one piece, with the next row of thresholds or constants where it has one."""

    def own(name: str) -> NDArray[Any]:
        expands = name.endswith("thresholds")
        given = next(tables if expands else constants, None)
        if given is None:
            raise UsageError(f"{name}: the input has no row for this piece (CONF-9)")
        if not expands:
            return given
        return expansion_of(parameters, given, falling=row[4] == PieceKind.FALLING).thresholds

    try:
        return read_piece("piece", row, own)
    except ModelError as fault:
        raise UsageError(f"pieces: {fault}") from fault


def tables_of(parameters: Parameters, inputs: Inputs, names: Sequence[str]) -> FunctionTables:
    """Return the functions that an operation names; the others, never fired, are the first."""
    given = {name: function_of(parameters, inputs, name) for name in names}
    spare = given[names[0]]
    return FunctionTables(
        exp=given.get("exp", spare),
        reciprocal=given.get("reciprocal", spare),
        rsqrt=given.get("rsqrt", spare),
        square_root=given.get("sqrt", spare),
        square=given.get("square", spare),
        activation=spare,
        tanh=None,
    )


def scale_of(parameters: Parameters, name: str) -> Scale:
    """Return a scale given as two parameters."""
    return Scale(
        mantissa=np.array(integer(parameters, f"{name}_mantissa"), dtype=np.int64),
        exponent=np.array(integer(parameters, f"{name}_exponent"), dtype=np.int64),
    )


def channels_of(inputs: Inputs) -> Scale:
    """Return the scales of M output channels."""
    return Scale(
        mantissa=inputs["channel_mantissa"].astype(np.int64),
        exponent=inputs["channel_exponent"].astype(np.int64),
    )
