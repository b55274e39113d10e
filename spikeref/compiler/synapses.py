"""One linear operator from the checkpoint's rows to integer synapses (COMP-2 to COMP-4, COMP-7)."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import map_in_threads
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
from spikeref.compiler.quantise import quantise_rows, weight_type
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
    rows = _rotated_rows(source, checkpoint)
    made = quantise_operator(targets, sources, rows, profile.largest_weight)
    bound = made.weight_bound * profile.encoder().largest_count
    prove_headroom(signal, bound, acc_bits)
    tensors = operator_tensors(made, source.scale) | {
        "accumulator_bound": np.array([bound], dtype=np.int64)
    }
    if profile.encoding is Encoding.BINARY:
        tensors["weight_sums"] = made.weight_sums
    if source.bias is not None:
        tensors["bias"] = _bias(source, source.bias, checkpoint)
    return tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantisedOperator:
    """An operator's integer weights and what follows from them."""

    weights: NDArray[Any]
    """int8 or int16 [N, M]."""
    weight_sums: NDArray[np.int32]
    """int32 [M]."""
    largest: NDArray[np.int64]
    """a of COMP-4, int64 [M]."""
    exponents: NDArray[np.int64]
    """Of the channels' integers before quantisation, int64 [M]."""
    zero_weights: NDArray[np.int32]
    """int32 [N]."""
    weight_bound: int
    """max_m Σ_j |W[j, m]|."""


def quantise_operator(
    targets: int, sources: int, rows: Callable[[slice], FixedRows], largest_weight: int
) -> QuantisedOperator:
    """Return the integer weights of M = targets channels over N = sources neurons (COMP-4).

    rows: gives the fixed-point rows of some channels. Blocks run in threads.
    """
    weights = np.empty((sources, targets), dtype=weight_type(largest_weight))
    weight_sums = np.empty(targets, dtype=np.int32)
    largest = np.empty(targets, dtype=np.int64)
    exponents = np.empty(targets, dtype=np.int64)
    bounds = np.empty(targets, dtype=np.int64)

    def work(block: slice) -> NDArray[np.int32]:
        """Fill the block's channels; return how many of its weights are 0, int32 [N]."""
        fixed = rows(block)
        quantised = quantise_rows(fixed.mantissas, largest_weight)
        weights[:, block] = quantised.weights.T
        weight_sums[block] = quantised.weights.sum(axis=1, dtype=np.int32)
        largest[block] = quantised.largest
        exponents[block] = fixed.exponents
        bounds[block] = np.abs(quantised.weights).sum(axis=1, dtype=np.int64)
        return np.asarray((quantised.weights == 0).sum(axis=0, dtype=np.int32))

    zeros = map_in_threads(work, _row_blocks(targets, sources), weights.size)
    return QuantisedOperator(
        weights=weights,
        weight_sums=weight_sums,
        largest=largest,
        exponents=exponents,
        zero_weights=np.asarray(np.stack(zeros).sum(axis=0, dtype=np.int32)),
        weight_bound=int(bounds.max()),
    )


def operator_tensors(made: QuantisedOperator, scale: Fraction) -> dict[str, NDArray[Any]]:
    """Return the tensors that operators of both systems have, by the last part of their names."""
    mantissas, own = channel_scales(made.largest, made.exponents - MANTISSA_BITS, scale)
    return {
        "weights": made.weights,
        "channel_mantissas": mantissas,
        "channel_exponents": own,
        "zero_weights": made.zero_weights,
    }


def _rotated_rows(source: OperatorSource, checkpoint: Checkpoint) -> Callable[[slice], FixedRows]:
    """Return a function that gives the integers of some output channels after every rotation."""
    output = source.output_rotation
    if output is not None:
        matrix, exponent = _rotated_matrix(source, output, checkpoint)

        def rows_of_matrix(block: slice) -> FixedRows:
            mantissas = matrix[block]
            fixed = FixedRows(mantissas=mantissas, exponents=np.repeat(exponent, len(mantissas)))
            return _rotate(fixed, source.rotation, output.plan.order << MANTISSA_BITS)

        return rows_of_matrix

    def rows(block: slice) -> FixedRows:
        read = _read(source.weight, block, checkpoint)
        if source.column_factors is not None:
            read *= source.column_factors
        return _rotate(fix_rows(read), source.rotation, 1 << MANTISSA_BITS)

    return rows


def _rotated_matrix(
    source: OperatorSource, output: ResidualRotation, checkpoint: Checkpoint
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return a whole matrix of integers after the rotation of its targets, and its exponent [1]."""
    matrix = np.empty(checkpoint.shape(source.weight), dtype=np.float64)
    blocks = _row_blocks(*matrix.shape)
    for block in blocks:
        matrix[block] = _read(source.weight, block, checkpoint)
    exponent = leading_exponents(matrix.reshape(1, -1))
    for block in blocks:
        exponents = np.repeat(exponent, len(matrix[block]))
        matrix[block] = fix_rows_at(matrix[block], exponents).mantissas
    output.rotate_columns(matrix, 1 << MANTISSA_BITS)
    return matrix, exponent


def _rotate(fixed: FixedRows, plan: HadamardPlan | None, bound: int) -> FixedRows:
    if plan is None:
        return fixed
    rotated = hadamard_mantissas(fixed.mantissas, plan, bound=bound)
    return FixedRows(mantissas=rotated, exponents=fixed.exponents)


def _read(name: str, block: slice, checkpoint: Checkpoint) -> NDArray[np.float64]:
    rows = checkpoint.rows(name, block.start, block.stop).astype(np.float64)
    checkpoint.release_pages()
    return rows


def _row_blocks(rows: int, width: int) -> list[slice]:
    step = max(1, BLOCK_ELEMENTS // width)
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


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
