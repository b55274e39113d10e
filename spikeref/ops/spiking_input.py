"""The spiking input of linear operators: entry, rotation, clipping, counts (OP-4 to OP-7)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import map_row_blocks
from spikeref.arith.compiled import map_loop_blocks
from spikeref.arith.hadamard import HadamardPlan, hadamard_of_proven
from spikeref.arith.rounding import Scale, block_shift
from spikeref.arith.ties import Ties
from spikeref.model.rotation import order_of
from spikeref.neurons.clipping import MembraneClip, clip_potentials
from spikeref.neurons.counts import Counts, Encoder, encode
from spikeref.ops.norm import Scaled

POTENTIAL_MAGNITUDE_BITS = 31
LARGEST_ENTRY_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikingInput:
    """The spikes that drive a group of linear operators, and what they stand for."""

    potential: NDArray[Any]
    """Membrane potentials v after rotation and clipping, integers of 32 bits [..., N]."""
    exponent: NDArray[np.int64]
    """E, int64 [...]: v stands for v·2^E."""
    spikes: Counts


def entry_bits(plan: HadamardPlan | None) -> int:
    """Return n_e = min(16, 31 − ⌈log2 n⌉): the rotation of such mantissas fits 31 bits (OP-4)."""
    growth = (order_of(plan) - 1).bit_length()
    return min(LARGEST_ENTRY_BITS, POTENTIAL_MAGNITUDE_BITS - growth)


def rotate_block(u: Scaled, plan: HadamardPlan | None, ties: Ties) -> Scaled:
    """Return H·u' with u' = block_shift(u) for u [..., N]; values of 32 bits, exponent [...]."""
    bits = entry_bits(plan)
    block = block_shift(u.values, bits, ties)
    exponent = u.exponent + block.shift
    if plan is None:
        return Scaled(values=block.mantissas, exponent=exponent)
    rotated = hadamard_of_proven(block.mantissas, plan, bound=(1 << (bits - 1)) - 1)
    return Scaled(values=rotated, exponent=exponent)


def spiking_input(
    u: Scaled, plan: HadamardPlan | None, clip: MembraneClip | None, encoder: Encoder
) -> SpikingInput:
    """Return the spike counts of u, int64 [T, N] with exponents [T] (OP-4 to OP-7)."""
    rotated = rotate_block(u, plan, encoder.ties)
    potential: NDArray[Any] = rotated.values
    if clip is not None:
        potential = clip_potentials(potential, rotated.exponent, clip, encoder.ties)
    return SpikingInput(
        potential=potential, exponent=rotated.exponent, spikes=encode(potential, encoder)
    )


def spiking_input_of_rows(
    rows: int,
    width: int,
    given: Callable[[slice], Scaled],
    plan: HadamardPlan | None,
    clip: MembraneClip | None,
    encoder: Encoder,
) -> SpikingInput:
    """Return spiking_input(given(all rows), …), block of rows by block of rows.

    rows, width: T and N. given: returns u [B, N] of the tokens of a slice; it must be pure.
    """
    # Clipping has no loop.
    map_blocks = map_loop_blocks if clip is None else map_row_blocks
    parts = map_blocks(rows, width, lambda block: spiking_input(given(block), plan, clip, encoder))
    if len(parts) == 1:
        return parts[0]
    return SpikingInput(
        potential=np.concatenate([part.potential for part in parts]),
        exponent=np.concatenate([part.exponent for part in parts]),
        spikes=Counts(
            counts=np.concatenate([part.spikes.counts for part in parts]),
            amax=np.concatenate([part.spikes.amax for part in parts]),
            zero_point=np.concatenate([part.spikes.zero_point for part in parts]),
            scale=Scale(
                mantissa=np.concatenate([part.spikes.scale.mantissa for part in parts]),
                exponent=np.concatenate([part.spikes.scale.exponent for part in parts]),
            ),
        ),
    )
