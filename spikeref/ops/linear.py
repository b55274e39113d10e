"""A linear operator driven by spikes, and its rescale (OP-8)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rescale import rescale
from spikeref.arith.rounding import Saturated, Scale
from spikeref.engine.products import Engine, Synaptic
from spikeref.model.layers import Synapses
from spikeref.model.profile import Profile
from spikeref.ops.spiking_input import SpikingInput

FRACTION_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearOutput:
    """What a linear operator did."""

    accumulator: NDArray[Any]
    """Σ_j (c_j − z)·W[j], integers [T, M], |y| <= 2^30."""
    output: Saturated
    """[T, M] with 16 fraction bits: int32 where it has 32 bits, int64 where it has 40."""


def linear(
    given: SpikingInput, synapses: Synapses, engine: Engine, profile: Profile, bits: int
) -> LinearOutput:
    """Return accumulators and outputs of `bits` bits, for the spikes of T tokens (OP-8)."""
    synaptic = Synaptic(
        weights=synapses.weights,
        largest=profile.largest_weight,
        accumulator_bound=synapses.accumulator_bound,
    )
    proven: int | None = synapses.accumulator_bound
    accumulator = engine.project(given.spikes.counts, synaptic, profile.encoder())
    if synapses.weight_sums is not None:
        proven = None
        accumulator = correct_zero_point(accumulator, given.spikes.zero_point, synapses.weight_sums)
    token = given.spikes.scale
    output = rescale(
        accumulator,
        (
            Scale(
                mantissa=token.mantissa[:, None],
                exponent=(token.exponent + given.exponent)[:, None],
            ),
            Scale(
                mantissa=synapses.channel_mantissas.astype(np.int64),
                exponent=synapses.channel_exponents.astype(np.int64),
            ),
        ),
        fraction_bits=FRACTION_BITS,
        bits=bits,
        ties=profile.ties,
        bias=synapses.bias,
        proven=proven,
    )
    return LinearOutput(accumulator=accumulator, output=output)


def correct_zero_point(
    accumulator: NDArray[Any], zero_point: NDArray[np.int64], weight_sums: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return y − z·ρ, int64 [T, M], of y [T, M], z [T] and ρ [M] (ADD-4).

    The zero point's one product a token and target, outside the spike train.
    """
    return np.asarray(accumulator - zero_point[:, None] * weight_sums.astype(np.int64))
