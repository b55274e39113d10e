"""Rows of tokens, positions and token types to the residual stream (LAS-3)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import Saturated
from spikeref.arith.shifted_sums import ShiftedRows, sum_saturate
from spikeref.arith.ties import Ties
from spikeref.model.layers import DyadicRows
from spikeref.ops.embedding import FRACTION_BITS, RESIDUAL_BITS


def table_rows(table: DyadicRows, rows: NDArray[np.int64]) -> ShiftedRows:
    """Return rows int64 [T] of a table, N values each, as units of 16 fraction bits."""
    exponents = table.exponents[rows].astype(np.int64)
    return ShiftedRows(
        values=table.mantissas[rows].astype(np.int64),
        shift=-(exponents + np.int64(FRACTION_BITS)),
    )


def given_rows(values: NDArray[np.int64]) -> ShiftedRows:
    """Return given embeddings, int64 [T, N] of 40 bits with 16 fraction bits, as such rows."""
    return ShiftedRows(values=values, shift=np.zeros(len(values), dtype=np.int64))


def las_embed(rows: Sequence[ShiftedRows], ties: Ties) -> Saturated:
    """Return the residual stream, int64 [T, N] of 40 bits, that the sum of rows begins (LAS-3).

    rows: of the token table or given, then of positions and of token types where there are such.
    Each is rounded by itself; the sum is exact and saturates once.
    """
    return sum_saturate(rows, RESIDUAL_BITS, ties)
