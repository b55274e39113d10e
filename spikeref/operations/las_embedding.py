"""Token, position and type rows as an operation (LAS-3)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.shifted_sums import ShiftedRows
from spikeref.errors import RefusedError
from spikeref.model.layers import DyadicRows
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters
from spikeref.operations.parameters import integer, ties_of
from spikeref.ops.las_embedding import las_embed, table_rows


def _chosen(inputs: Inputs, name: str, rows: NDArray[np.int64]) -> ShiftedRows:
    table = DyadicRows(mantissas=inputs[f"{name}mantissas"], exponents=inputs[f"{name}exponents"])
    if not rows.size or int(rows.min()) < 0 or int(rows.max()) >= len(table.exponents):
        raise RefusedError("token", f"las_embedding: no row, or one outside {name or 'token_'}rows")
    return table_rows(table, rows)


def _embedding(parameters: Parameters, inputs: Inputs) -> Outputs:
    ties, tokens = ties_of(parameters), inputs["tokens"]
    rows = [_chosen(inputs, "", tokens)]
    if "position_mantissas" in inputs:
        first = integer(parameters, "position_offset")
        positions = first + np.arange(len(tokens), dtype=np.int64)
        rows.append(_chosen(inputs, "position_", positions))
    if "type_mantissas" in inputs:
        rows.append(_chosen(inputs, "type_", inputs["types"]))
    done = las_embed(rows, ties)
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
