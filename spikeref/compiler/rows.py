"""The embedding and the head, row block by row block (COMP-6, COMP-10)."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.fixed_point import MANTISSA_BITS, dyadic_rows, fix_rows, powers_of_two
from spikeref.compiler.residual import ResidualRotation
from spikeref.model.layers import DyadicRows

BLOCK_ELEMENTS = 1 << 18

RowChange = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""What happens to rows, float64 [R, N], before they become mantissas and exponents."""


def compile_rows(name: str, checkpoint: Checkpoint, change: RowChange) -> DyadicRows:
    """Return a matrix [V, N] as 16-bit mantissas and row exponents. Memory: the result."""
    vocab, width = checkpoint.shape(name)
    mantissas = np.empty((vocab, width), dtype=np.int16)
    exponents = np.empty(vocab, dtype=np.int16)
    for start, block in _changed_blocks(name, checkpoint, change):
        rows = dyadic_rows(block)
        mantissas[start : start + len(block)] = rows.mantissas
        exponents[start : start + len(block)] = rows.exponents
    return DyadicRows(mantissas=mantissas, exponents=exponents)


def unchanged(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rows themselves."""
    return rows


def rotated_embedding(residual: ResidualRotation) -> RowChange:
    """Return the change of embedding rows under QuaRot: Q·E_v."""

    def change(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        fixed = fix_rows(rows)
        rotated = residual.rotate_rows(fixed.mantissas, 1 << MANTISSA_BITS)
        return rotated * powers_of_two(fixed.exponents - MANTISSA_BITS - residual.halvings)[:, None]

    return change


def rotated_head(residual: ResidualRotation, gamma: NDArray[np.float64]) -> RowChange:
    """Return the change of head rows under QuaRot: Q⁻ᵀ·(γ∘row), γ float64 [N]."""
    factor = residual.inverse_scale.numerator / residual.inverse_scale.denominator

    def change(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        fixed = fix_rows(rows * gamma)
        rotated = residual.rotate_rows(fixed.mantissas, 1 << MANTISSA_BITS)
        return rotated * powers_of_two(fixed.exponents - MANTISSA_BITS)[:, None] * factor

    return change


def _changed_blocks(
    name: str, checkpoint: Checkpoint, change: RowChange
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    rows_in_block = max(1, BLOCK_ELEMENTS // checkpoint.shape(name)[1])
    for start, rows in checkpoint.iter_row_blocks(name, rows_in_block):
        yield start, change(rows.astype(np.float64))
