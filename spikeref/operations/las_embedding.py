"""Token, position and type rows as an operation (LAS-3)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import round_shift, saturate
from spikeref.errors import RefusedError
from spikeref.model.layers import DyadicRows
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters
from spikeref.operations.parameters import integer, ties_of
from spikeref.ops.embedding import FRACTION_BITS, RESIDUAL_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """One table of rows, and which of them each token has, int64 [R]."""

    table: DyadicRows
    rows: NDArray[np.int64]


def _chosen(inputs: Inputs, name: str, rows: NDArray[np.int64]) -> _Chosen:
    table = DyadicRows(mantissas=inputs[f"{name}mantissas"], exponents=inputs[f"{name}exponents"])
    if not rows.size or int(rows.min()) < 0 or int(rows.max()) >= len(table.exponents):
        raise RefusedError("token", f"las_embedding: no row, or one outside {name or 'token_'}rows")
    return _Chosen(table=table, rows=rows)


def _embedding(parameters: Parameters, inputs: Inputs) -> Outputs:
    ties, tokens = ties_of(parameters), inputs["tokens"]
    places = [_chosen(inputs, "", tokens)]
    if "position_mantissas" in inputs:
        first = integer(parameters, "position_offset")
        positions = first + np.arange(len(tokens), dtype=np.int64)
        places.append(_chosen(inputs, "position_", positions))
    if "type_mantissas" in inputs:
        places.append(_chosen(inputs, "type_", inputs["types"]))
    total = np.zeros((len(tokens), inputs["mantissas"].shape[1]), dtype=np.int64)
    for place in places:
        mantissas = place.table.mantissas[place.rows].astype(np.int64)
        shift = -(place.table.exponents[place.rows].astype(np.int64) + np.int64(FRACTION_BITS))
        total += round_shift(mantissas, shift[:, None], ties)
    done = saturate(total, RESIDUAL_BITS)
    return {"residual": done.values, "saturations": done.count}


EMBEDDING = Operation(
    name="las_embedding",
    case_class="las",
    clauses=("LAS-3",),
    parameters=("position_offset", "ties"),
    optional=(
        "position_mantissas", "position_exponents", "types", "type_mantissas", "type_exponents",
    ),
    together=(
        ("position_mantissas", "position_exponents"),
        ("types", "type_mantissas", "type_exponents"),
    ),
    inputs={
        "tokens": "i64 R",
        "mantissas": "i16 V N",
        "exponents": "i16 V",
        "position_mantissas": "i16 P N",
        "position_exponents": "i16 P",
        "types": "i64 R",
        "type_mantissas": "i16 Y N",
        "type_exponents": "i16 Y",
    },
    outputs={"residual": "i64 R N", "saturations": "i64 R"},
    run=_embedding,
)  # fmt: skip
