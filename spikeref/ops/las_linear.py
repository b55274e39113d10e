"""Inputs that pass OAT neurons, and operators driven by their spikes (LAS-5, LAS-6)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import map_row_blocks
from spikeref.arith.rounding import Saturated, Scale
from spikeref.arith.ties import Ties
from spikeref.arith.wide_rescale import combine, wide_rescale
from spikeref.engine.las_products import LasEngine
from spikeref.engine.products import Synaptic
from spikeref.model.las_layers import WideSynapses
from spikeref.model.layers import DyadicRows
from spikeref.neurons.outlier_aware import OatCode, OatSpikes, encode_oat, saturated

FRACTION_BITS = 16
HEAD_BITS = 32
ROW_MANTISSA_MAX = (1 << 15) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OatInput:
    """Spikes that drive an operator, and how many neurons of each token saturated."""

    potential: NDArray[np.int64]
    """x, int64 [T, …]."""
    fraction_bits: int
    spikes: OatSpikes
    """[T, …]."""
    saturations: NDArray[np.int64]
    """int64 [T]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WideOutput:
    """What an operator did."""

    accumulator: NDArray[Any]
    """Σ_j v_j·W[j], integers [T, M]."""
    output: Saturated
    """int64 [T, M], 16 fraction bits."""


def oat_input(x: NDArray[np.int64], fraction_bits: int, code: OatCode) -> OatInput:
    """Return the spikes of x, int64 [T, …] (LAS-5), block of rows by block of rows in threads."""
    width = x[0].size if len(x) else 1

    def work(rows: slice) -> tuple[OatSpikes, NDArray[np.int64]]:
        beyond = saturated(x[rows], fraction_bits, code).reshape(len(x[rows]), -1)
        return encode_oat(x[rows], fraction_bits, code), beyond.sum(axis=1, dtype=np.int64)

    parts = map_row_blocks(len(x), width, work)
    return OatInput(
        potential=x,
        fraction_bits=fraction_bits,
        spikes=OatSpikes(
            counts=np.concatenate([spikes.counts for spikes, _ in parts]),
            outliers=np.concatenate([spikes.outliers for spikes, _ in parts]),
            code=code,
        ),
        saturations=np.concatenate([count for _, count in parts]),
    )


def wide_linear(
    given: OatSpikes, synapses: WideSynapses, engine: LasEngine, largest: int, bits: int, ties: Ties
) -> WideOutput:
    """Return accumulators and outputs of `bits` bits for the spikes of T tokens (LAS-6).

    largest: the bound on |W| of the profile.
    """
    bound = synapses.weight_bound * given.code.largest_value
    synaptic = Synaptic(weights=synapses.weights, largest=largest, accumulator_bound=bound)
    accumulator = engine.saw(given, synaptic)
    channels = Scale(
        mantissa=synapses.channel_mantissas.astype(np.int64),
        exponent=synapses.channel_exponents.astype(np.int64),
    )
    scale = combine(given.code.unit, channels, ties)
    output = wide_rescale(accumulator, bound, scale, bits=bits, ties=ties, bias=synapses.bias)
    return WideOutput(accumulator=accumulator, output=output)


def spiking_logits(
    given: OatSpikes, head: DyadicRows, weight_bound: int, engine: LasEngine, ties: Ties
) -> WideOutput:
    """Return the logits of T tokens, 32 bits with 16 fraction bits (LAS-15)."""
    bound = weight_bound * given.code.largest_value
    synaptic = Synaptic(weights=head.mantissas.T, largest=ROW_MANTISSA_MAX, accumulator_bound=bound)
    accumulator = engine.saw(given, synaptic)
    exponents = head.exponents.astype(np.int64)
    one = np.full_like(exponents, 1 << 15)
    rows = Scale(mantissa=one, exponent=exponents - np.int64(15))
    output = wide_rescale(
        accumulator, bound, combine(given.code.unit, rows, ties), bits=HEAD_BITS, ties=ties
    )
    return WideOutput(accumulator=accumulator, output=output)
