"""The product of an accumulator with its scales, rounded once (OP-8, ATT-6)."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import for_row_blocks
from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.loops.scaling import scale_rows
from spikeref.arith.rounding import (
    EXACT_IN_FLOAT64,
    Saturated,
    Scale,
    by_columns,
    by_rows,
    saturate,
    shift_saturate,
)
from spikeref.arith.ties import Ties
from spikeref.arith.widths import magnitude
from spikeref.errors import RangeError

INTERMEDIATE_BITS = 48
"""Wider than any output plus its bias, so that saturating here first changes no final result."""

MODERATE_EXPONENT = 256
"""Two such scales keep every float64 product between 2^-1022 and 2^1023."""


def rescale(
    x: NDArray[Any],
    scales: Sequence[Scale],
    *,
    fraction_bits: int,
    bits: int,
    ties: Ties,
    bias: NDArray[np.int64] | None = None,
    proven: int | None = None,
) -> Saturated:
    """Return saturate(round_shift(x·Π mantissas, −Σ exponents − fraction_bits) + bias, bits).

    x: integers [T, …, M] with |x·Π mantissas| < 2^62, else RangeError. scales: one or two; their
    arrays broadcast against x. bias: int64 [M] of 40 bits. proven: a bound on |x|, where one is
    known. Result: [T, …, M] with fraction_bits fraction bits, int32 for up to 32 bits and
    int64 beyond, and the saturations of each of the T. bits <= 40.
    """
    largest_factor = math.prod(magnitude(scale.mantissa) for scale in scales)
    # A proven bound saves looking at x, unless only what x really holds is small enough.
    if proven is None or proven * largest_factor >= EXACT_IN_FLOAT64:
        proven = magnitude(x)
    bound = proven * largest_factor
    if bound >= 1 << 62:
        raise RangeError("rescale product", bound, 63, "OP-8")
    moderate = all(magnitude(scale.exponent) <= MODERATE_EXPONENT for scale in scales)
    through_float = ties is Ties.HALF_EVEN and bound < EXACT_IN_FLOAT64 and moderate
    form = np.int32 if bits <= 32 else np.int64
    result = Saturated(values=np.empty(x.shape, dtype=form), count=np.zeros(len(x), dtype=np.int64))
    if through_float and all(_has_loop(scale, x) for scale in scales) and suits_loops(x.size):
        _by_loop(x, scales, fraction_bits, bits, bias, result)
        return result

    def work(rows: slice) -> None:
        scaled = [_rows_of(scale, x.shape, rows) for scale in scales]
        if through_float:
            rounded, reached = _through_float64(x[rows], proven, scaled, fraction_bits)
            if bias is None and reached < 1 << (bits - 2):
                np.copyto(result.values[rows], rounded, casting="unsafe")
                return
            block = rounded.astype(np.int64)
        else:
            block = _through_int64(x[rows], scaled, fraction_bits, ties)
        if bias is not None:
            block += bias
        saturated = saturate(block, bits)
        np.copyto(result.values[rows], saturated.values, casting="unsafe")
        result.count[rows] = saturated.count

    for_row_blocks(len(x), math.prod(x.shape[1:]), work)
    return result


def _has_loop(scale: Scale, x: NDArray[Any]) -> bool:
    """Return whether a scale is one of the rows of x [T, …, M], or one of its columns."""
    alike = scale.mantissa.shape == scale.exponent.shape
    return alike and x.ndim > 1 and (by_rows(scale.mantissa, x) or by_columns(scale.mantissa, x))


def _rows_of(scale: Scale, shape: tuple[int, ...], rows: slice) -> Scale:
    """Return the part of a scale that belongs to some rows: itself where it is one for all."""
    if scale.mantissa.ndim == len(shape) and len(scale.mantissa) == shape[0]:
        return Scale(mantissa=scale.mantissa[rows], exponent=scale.exponent[rows])
    return scale


def _through_float64(
    x: NDArray[Any],
    largest: int,
    scales: Sequence[Scale],
    fraction_bits: int,
) -> tuple[NDArray[np.float64], float]:
    """Return x times its scales, rounded, and a bound on it up to its own rounding.

    |x| <= largest. Products are integers below 2^53 times powers of two, so only rint rounds.
    """
    value = x
    bound = float(largest)
    places = np.int32(fraction_bits)
    for scale in scales:
        exponent = scale.exponent.astype(np.int32) + places
        factor = np.ldexp(scale.mantissa.astype(np.float64), exponent)
        bound *= float(factor.max(initial=0.0))
        # Widening x within the first product saves a pass over memory.
        value = np.multiply(value, factor, out=None if value is x else value, dtype=np.float64)
        places = np.int32(0)
    np.rint(value, out=value)
    limit = float(1 << (INTERMEDIATE_BITS - 1))
    if bound > float(1 << (INTERMEDIATE_BITS - 2)):
        np.clip(value, -limit, limit, out=value)
    return value, bound


def _by_loop(
    x: NDArray[Any],
    scales: Sequence[Scale],
    fraction_bits: int,
    bits: int,
    bias: NDArray[np.int64] | None,
    result: Saturated,
) -> None:
    """Fill `result` with rescale(x, …), where each scale is of rows or of columns."""
    tokens, width = len(x), x.shape[-1]
    groups = math.prod(x.shape[1:-1])
    outer, inner = np.ones((*x.shape[:-1], 1)), np.ones(x.shape[1:])
    for scale in scales:
        factors = outer if by_rows(scale.mantissa, x) else inner
        factors *= np.ldexp(scale.mantissa.astype(np.float64), scale.exponent.astype(np.int32))
    np.ldexp(inner, fraction_bits, out=inner)
    given = (
        x.reshape(tokens, groups, width),
        outer.reshape(tokens, groups),
        inner.reshape(groups, width),
        float(1 << (INTERMEDIATE_BITS - 1)),
        np.zeros(width, dtype=np.int64) if bias is None else bias,
        -(1 << (bits - 1)),
        (1 << (bits - 1)) - 1,
    )
    values = result.values.reshape(tokens, groups, width)
    over_rows(scale_rows, tokens, x.size, given, values, result.count)


def _through_int64(
    x: NDArray[Any], scales: Sequence[Scale], fraction_bits: int, ties: Ties
) -> NDArray[np.int64]:
    value = x.astype(np.int64)
    shift = np.asarray(-fraction_bits, dtype=np.int64)
    for scale in scales:
        value = value * scale.mantissa.astype(np.int64)
        shift = shift - scale.exponent.astype(np.int64)
    return shift_saturate(value, shift, INTERMEDIATE_BITS, ties).values
