"""One linear operator from the checkpoint's rows to integer synapses (COMP-2 to COMP-4, COMP-7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.hadamard import HadamardPlan, hadamard_mantissas
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.fixed_point import (
    MANTISSA_BITS,
    FixedRows,
    fix_bias,
    fix_rows,
    fix_rows_at,
    leading_exponents,
)
from spikeref.compiler.headroom import prove_headroom
from spikeref.compiler.quantise import QuantisedRows, quantise_rows
from spikeref.compiler.residual import ResidualRotation
from spikeref.compiler.scales import channel_scales
from spikeref.model.profile import Profile
from spikeref.neurons.counts import Encoding

BLOCK_ELEMENTS = 1 << 18
"""Weights taken through the whole pipeline at a time: 2 MB of float64, about a core's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSource:
    """Where one operator's weights come from and what is folded into them."""

    weight: str
    """Name of the checkpoint's tensor, [M, N]."""
    bias: str | None
    column_factors: NDArray[np.float64] | None
    """γ∘s under QuaRot (COMP-10), float64 [N]."""
    rotation: HadamardPlan | None
    """Rotation of each row, over the source neurons."""
    output_rotation: ResidualRotation | None
    """Rotation over the targets: of o and down under QuaRot."""
    scale: Fraction
    """The exact constant factor of every channel scale (COMP-7)."""


def compile_synapses(
    signal: str,
    source: OperatorSource,
    checkpoint: Checkpoint,
    profile: Profile,
    acc_bits: int | None,
) -> dict[str, NDArray[Any]]:
    """Return the tensors of one operator by the last part of their names (MODEL-2).

    Memory: the int8 weights and one row block, or under QuaRot one float64 matrix for o and down.
    HeadroomError naming `signal` where the accumulator cannot be proven.
    """
    targets, sources = checkpoint.shape(source.weight)
    weights = np.empty((sources, targets), dtype=np.int8)
    zero_weights = np.zeros(sources, dtype=np.int32)
    weight_sums = np.empty(targets, dtype=np.int32)
    largest = np.empty(targets, dtype=np.int64)
    exponents = np.empty(targets, dtype=np.int64)
    bound = 0
    for start, rows in _rotated_blocks(source, checkpoint):
        quantised = quantise_rows(rows.mantissas, profile.largest_weight)
        block = slice(start, start + rows.exponents.size)
        weights[:, block] = quantised.weights.T
        zero_weights += (quantised.weights == 0).sum(axis=0, dtype=np.int32)
        weight_sums[block] = quantised.weights.sum(axis=1, dtype=np.int32)
        largest[block] = quantised.largest
        exponents[block] = rows.exponents
        bound = max(bound, _bound(quantised, profile))
    prove_headroom(signal, bound, acc_bits)
    mantissas, own_exponents = channel_scales(largest, exponents - MANTISSA_BITS, source.scale)
    tensors: dict[str, NDArray[Any]] = {
        "weights": weights,
        "channel_mantissas": mantissas,
        "channel_exponents": own_exponents,
        "zero_weights": zero_weights,
        "accumulator_bound": np.array([bound], dtype=np.int64),
    }
    if profile.encoding is Encoding.BINARY:
        tensors["weight_sums"] = weight_sums
    if source.bias is not None:
        tensors["bias"] = _bias(source, source.bias, checkpoint)
    return tensors


def _bound(quantised: QuantisedRows, profile: Profile) -> int:
    """Return max_m c_max·Σ_j |W[j, m]| over the block's channels (ADD-3)."""
    sums = np.abs(quantised.weights).sum(axis=1, dtype=np.int64)
    return int(sums.max(initial=0)) * profile.encoder().largest_count


def _rotated_blocks(
    source: OperatorSource, checkpoint: Checkpoint
) -> Iterator[tuple[int, FixedRows]]:
    """Yield blocks of rows (first channel, integers) after every rotation."""
    if source.output_rotation is not None:
        yield from _blocks_of_rotated_matrix(source, source.output_rotation, checkpoint)
        return
    for start, rows in _row_blocks(source.weight, checkpoint):
        if source.column_factors is not None:
            rows *= source.column_factors
        fixed = fix_rows(rows)
        yield start, _rotate(fixed, source.rotation, 1 << MANTISSA_BITS)


def _blocks_of_rotated_matrix(
    source: OperatorSource, output: ResidualRotation, checkpoint: Checkpoint
) -> Iterator[tuple[int, FixedRows]]:
    """As `_rotated_blocks`, for a matrix whose targets are rotated too: it is held whole."""
    matrix = np.empty(checkpoint.shape(source.weight), dtype=np.float64)
    for start, rows in _row_blocks(source.weight, checkpoint):
        matrix[start : start + len(rows)] = rows
    exponent = leading_exponents(matrix.reshape(1, -1))
    for start in range(0, len(matrix), _rows_in_block(matrix.shape[1])):
        block = matrix[start : start + _rows_in_block(matrix.shape[1])]
        block[...] = fix_rows_at(block, np.repeat(exponent, len(block))).mantissas
    output.rotate_columns(matrix, 1 << MANTISSA_BITS)
    bound = output.plan.order << MANTISSA_BITS
    for start in range(0, len(matrix), _rows_in_block(matrix.shape[1])):
        block = matrix[start : start + _rows_in_block(matrix.shape[1])]
        fixed = FixedRows(mantissas=block, exponents=np.repeat(exponent, len(block)))
        yield start, _rotate(fixed, source.rotation, bound)


def _rotate(fixed: FixedRows, plan: HadamardPlan | None, bound: int) -> FixedRows:
    if plan is None:
        return fixed
    rotated = hadamard_mantissas(fixed.mantissas, plan, bound=bound)
    return FixedRows(mantissas=rotated, exponents=fixed.exponents)


def _row_blocks(name: str, checkpoint: Checkpoint) -> Iterator[tuple[int, NDArray[np.float64]]]:
    rows_in_block = _rows_in_block(checkpoint.shape(name)[1])
    for start, rows in checkpoint.iter_row_blocks(name, rows_in_block):
        yield start, rows.astype(np.float64)


def _rows_in_block(width: int) -> int:
    return max(1, BLOCK_ELEMENTS // width)


def _bias(source: OperatorSource, name: str, checkpoint: Checkpoint) -> NDArray[np.int64]:
    bias = checkpoint.vector(name).astype(np.float64)
    if source.output_rotation is not None:
        # Integers of 22 bits make the rotation exact; the bias has one scale for all of it.
        fixed = fix_rows(bias[None, :])
        output = source.output_rotation
        rotated = output.rotate_rows(fixed.mantissas, 1 << MANTISSA_BITS)[0]
        shift = np.int32(int(fixed.exponents[0]) - MANTISSA_BITS - output.halvings)
        bias = np.ldexp(rotated, shift)
    return fix_bias(bias, name)
