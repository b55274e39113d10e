"""Scales of 16-bit mantissas, and the rescale of accumulators of up to 62 bits (LAS-1, LAS-2)."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import for_row_blocks
from spikeref.arith.rounding import (
    Saturated,
    Scale,
    normalise,
    round_shift,
    saturate,
    shift_saturate,
)
from spikeref.arith.ties import Ties
from spikeref.errors import RangeError

MANTISSA_BITS = 16
KEPT_BITS = 46
"""An accumulator of so many bits times a mantissa stays below 2^62."""
FRACTION_BITS = 16
INTERMEDIATE_BITS = 48
"""Wider than any output plus its bias, so that saturating here first changes no final result."""


def combine(first: Scale, second: Scale, ties: Ties) -> Scale:
    """Return the product of two scales of 16-bit mantissas as one such scale (LAS-1)."""
    product = normalise(first.mantissa * second.mantissa, MANTISSA_BITS, ties)
    return Scale(
        mantissa=product.mantissa, exponent=first.exponent + second.exponent + product.exponent
    )


def wide_shift(bound: int) -> int:
    """Return s: by how much accumulators below `bound` are shifted before their scale (LAS-2).

    RangeError where the bound is 2^62 or more.
    """
    if bound >= 1 << 62:
        raise RangeError("accumulator bound", bound, 63, "LAS-2")
    return max(0, bound.bit_length() - KEPT_BITS)


def wide_rescale(
    y: NDArray[Any],
    bound: int,
    scale: Scale,
    *,
    bits: int,
    ties: Ties,
    bias: NDArray[np.int64] | None = None,
) -> Saturated:
    """Return y·scale + bias with 16 fraction bits, saturated to `bits` <= 40 bits (LAS-2).

    y: integers [T, …, M], |y| <= bound < 2^62. scale: one for all, or arrays [M]. bias: int64 [M].
    """
    shift = wide_shift(bound)
    result = Saturated(
        values=np.empty(y.shape, dtype=np.int64), count=np.zeros(len(y), dtype=np.int64)
    )
    places = -(np.asarray(scale.exponent, dtype=np.int64) + np.int64(shift + FRACTION_BITS))

    def work(rows: slice) -> None:
        kept = round_shift(y[rows], shift, ties) if shift else y[rows].astype(np.int64, copy=False)
        value = shift_saturate(kept * scale.mantissa, places, INTERMEDIATE_BITS, ties).values
        if bias is not None:
            value = value + bias
        saturated = saturate(value, bits)
        result.values[rows] = saturated.values
        result.count[rows] = saturated.count

    for_row_blocks(len(y), math.prod(y.shape[1:]), work)
    return result
