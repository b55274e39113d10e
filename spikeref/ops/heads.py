"""Query mantissas, and the spikes of keys and values, per token and head (ATT-2 to ATT-4)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.compiled import map_loop_blocks
from spikeref.arith.hadamard import HadamardPlan
from spikeref.arith.rounding import block_shift
from spikeref.arith.ties import Ties
from spikeref.engine.products import QUERY_BITS
from spikeref.model.config import Constants
from spikeref.neurons.counts import Encoder, encode
from spikeref.ops.linear import FRACTION_BITS
from spikeref.ops.norm import Scaled
from spikeref.ops.rope import TABLE_BITS, Turns, rotate_positions
from spikeref.ops.spiking_input import rotate_block

TURNED_FRACTION_BITS = FRACTION_BITS + TABLE_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSpikes:
    """What the cache keeps of keys or values, and the potentials they were encoded from."""

    potential: NDArray[Any]
    """v, integers of 32 bits [T, G, d]."""
    counts: NDArray[np.int8]
    """int8 [T, G, d]."""
    mantissa: NDArray[np.int64]
    """m, int64 [T, G], 16 bits."""
    exponent: NDArray[np.int64]
    """x = e + E, int64 [T, G]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """Query mantissas, integers [T, H, d] of 24 bits, and their exponents x_q, int64 [T, H]."""

    mantissa: NDArray[Any]
    exponent: NDArray[np.int64]


def spiking_heads(
    x: NDArray[Any], fraction_bits: int, plan: HadamardPlan | None, encoder: Encoder
) -> HeadSpikes:
    """Return the spikes of keys or values x, integers [T, G, d] (ATT-2, ATT-3)."""
    start = np.full(x.shape[:2], -fraction_bits, dtype=np.int64)
    rotated = rotate_block(Scaled(values=x, exponent=start), plan, encoder.ties)
    spikes = encode(rotated.values, encoder)
    return HeadSpikes(
        potential=rotated.values,
        counts=spikes.counts,
        mantissa=spikes.scale.mantissa,
        exponent=spikes.scale.exponent + rotated.exponent,
    )


def query_mantissas(
    x: NDArray[Any],
    fraction_bits: int,
    plan: HadamardPlan | None,
    constants: Constants,
    ties: Ties,
) -> Queries:
    """Return the query mantissas of x [T, H, d], which carry the score constant (ATT-4)."""
    start = np.full(x.shape[:2], -fraction_bits, dtype=np.int64)
    rotated = rotate_block(Scaled(values=x, exponent=start), plan, ties)
    block = block_shift(rotated.values * np.int64(constants.score_mantissa), QUERY_BITS, ties)
    exponent = rotated.exponent + block.shift + np.int64(constants.score_exponent)
    return Queries(mantissa=block.mantissas, exponent=exponent)


def spiking_heads_of_rows(
    x: NDArray[Any], turns: Turns | None, plan: HadamardPlan | None, encoder: Encoder
) -> HeadSpikes:
    """Return the spikes of keys, or of values where turns is None, block of rows by block of rows.

    x: outputs of k or v, [T, G, d] of 32 bits; keys are turned to their positions (ATT-1).
    """

    def work(rows: slice) -> HeadSpikes:
        if turns is None:
            return spiking_heads(x[rows], FRACTION_BITS, plan, encoder)
        turned = rotate_positions(x[rows], turns.cos[rows], turns.sin[rows])
        return spiking_heads(turned, TURNED_FRACTION_BITS, plan, encoder)

    parts = map_loop_blocks(len(x), math.prod(x.shape[1:]), work)
    if len(parts) == 1:
        return parts[0]
    return HeadSpikes(
        potential=np.concatenate([part.potential for part in parts]),
        counts=np.concatenate([part.counts for part in parts]),
        mantissa=np.concatenate([part.mantissa for part in parts]),
        exponent=np.concatenate([part.exponent for part in parts]),
    )


def query_mantissas_of_rows(
    x: NDArray[Any],
    turns: Turns,
    plan: HadamardPlan | None,
    constants: Constants,
    ties: Ties,
) -> Queries:
    """Return the query mantissas of outputs of q, [T, H, d], as spiking_heads_of_rows."""

    def work(rows: slice) -> Queries:
        turned = rotate_positions(x[rows], turns.cos[rows], turns.sin[rows])
        return query_mantissas(turned, TURNED_FRACTION_BITS, plan, constants, ties)

    parts = map_loop_blocks(len(x), math.prod(x.shape[1:]), work)
    if len(parts) == 1:
        return parts[0]
    return Queries(
        mantissa=np.concatenate([part.mantissa for part in parts]),
        exponent=np.concatenate([part.exponent for part in parts]),
    )
