"""RMSNorm and γ (OP-2, OP-3)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import map_row_blocks
from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.dot import sum_of_squares
from spikeref.arith.loops.shifts import norm_rows
from spikeref.arith.roots import isqrt
from spikeref.arith.rounding import bit_length, block_shift, round_div, round_shift
from spikeref.arith.ties import Ties
from spikeref.model.config import Constants
from spikeref.model.layers import Gamma

MANTISSA_BITS = 24
FRACTION_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """Integers that stand for values·2^exponent."""

    values: NDArray[Any]
    """Signed integers [T, N]."""
    exponent: NDArray[np.int64]
    """int64 [T]."""

    def rows(self, chosen: slice) -> "Scaled":
        """Return the tokens of a slice."""
        return Scaled(values=self.values[chosen], exponent=self.exponent[chosen])


def scaled_by_rows(rows: int, width: int, work: Callable[[slice], Scaled]) -> Scaled:
    """Return work(all rows), of `rows` tokens of `width` values, block of rows by block of rows.

    Blocks run in threads.
    """
    parts = map_row_blocks(rows, width, work)
    if len(parts) == 1:
        return parts[0]
    return Scaled(
        values=np.concatenate([part.values for part in parts]),
        exponent=np.concatenate([part.exponent for part in parts]),
    )


def rms_norm(x: NDArray[np.int64], gamma: Gamma | None, constants: Constants, ties: Ties) -> Scaled:
    """Return γ∘RMSNorm(x), or RMSNorm(x) where gamma is None, of x int64 [T, N].

    y = x / √(mean(x²) + ε) with 16 fraction bits (OP-2); u = y·g exactly (OP-3), |u| < 2^42.
    """
    block = block_shift(x, MANTISSA_BITS, ties)
    epsilon = np.asarray(constants.norm_epsilon, dtype=np.int64)
    energy = sum_of_squares(block.mantissas)
    energy = energy + round_shift(epsilon, block.shift + block.shift, ties)
    doubling = (np.int64(62) - bit_length(energy)) >> 1
    root = isqrt(energy << (doubling + doubling))
    inverse = round_div(
        np.asarray(constants.norm_root, dtype=np.int64), np.maximum(root, np.int64(1)), ties
    )
    inverse = np.where(energy == 0, np.int64(0), inverse)
    shift = np.int64(constants.norm_root_exponent - FRACTION_BITS) - doubling
    if suits_loops(x.size) and int(shift.min()) >= 0:
        return _by_loop(block.mantissas, inverse, shift, gamma, ties)
    y = round_shift(block.mantissas * inverse[:, None], shift[:, None], ties)
    return by_gamma(y, gamma)


def _by_loop(
    m: NDArray[Any],
    inverse: NDArray[np.int64],
    shift: NDArray[np.int64],
    gamma: Gamma | None,
    ties: Ties,
) -> Scaled:
    """Return by_gamma(round_shift(m·inverse, shift), gamma), of m [T, N] and the others [T]."""
    if gamma is None:
        factors, places = np.ones(m.shape[1], dtype=np.int64), 0
    else:
        factors, places = gamma.mantissas.astype(np.int64), gamma.exponent
    u = np.empty(m.shape, dtype=np.int64)
    shifts = np.minimum(shift, np.int64(63))
    over_rows(norm_rows, len(m), m.size, (m, inverse, shifts, ties is Ties.HALF_EVEN, factors), u)
    return Scaled(values=u, exponent=np.full(len(m), places - FRACTION_BITS, dtype=np.int64))


def by_gamma(y: NDArray[np.int64], gamma: Gamma | None) -> Scaled:
    """Return y·γ exactly, of y int64 [T, N] with 16 fraction bits; y where gamma is None (OP-3)."""
    if gamma is None:
        return Scaled(values=y, exponent=np.full(len(y), -FRACTION_BITS, dtype=np.int64))
    exponent = np.full(len(y), gamma.exponent - FRACTION_BITS, dtype=np.int64)
    return Scaled(values=y * gamma.mantissas.astype(np.int64), exponent=exponent)
