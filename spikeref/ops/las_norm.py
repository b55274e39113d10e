"""LayerNorm and RMSNorm by HG neurons and the spike Hadamard product (LAS-4)."""

from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import map_row_blocks
from spikeref.arith.rounding import (
    Saturated,
    Scale,
    bit_length,
    block_shift,
    round_shift,
    saturate,
    shift_saturate,
)
from spikeref.arith.ties import Ties
from spikeref.engine.las_products import LasEngine
from spikeref.engine.products import SpikeHadamard
from spikeref.functions.roots import rsqrt
from spikeref.functions.square import square
from spikeref.functions.tables import FunctionTables
from spikeref.model.las_layers import NormParameters
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.ops.las_published import PublishedNormRules, published_norm

MANTISSA_BITS = 24
FRACTION_BITS = 16
OUTPUT_BITS = 40
GAIN_BITS = 48
RSQRT_BITS = 27
"""1/√s ≈ C·2^−(27 + e/2) (HG-5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormRules:
    """What the norms of a model share."""

    centred: bool
    """LayerNorm, which takes the mean off; else RMSNorm."""
    root: Scale
    """√N: mantissa of 16 bits and exponent."""
    epsilon: Scale
    """ε in units of the squared deviation (LMOD-6)."""
    steps: int
    tables: FunctionTables
    ties: Ties


AnyNormRules: TypeAlias = NormRules | PublishedNormRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Octaves:
    """Codes of identity HG neurons whose gates are octaves: counts·2^shift (LAS-4, step 3)."""

    counts: NDArray[np.int64]
    """Signed, int64 [T, N], |counts| < 2^steps."""
    shift: NDArray[np.int64]
    """int64 [T, N]."""

    @property
    def values(self) -> NDArray[np.int64]:
        """D, int64 [T, N]."""
        return np.asarray(self.counts << self.shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """1/√A of T tokens: code·2^−(27 + exponent), code 0 where A = 0."""

    energy: NDArray[np.int64]
    """A, int64 [T]."""
    code: NDArray[np.int64]
    """C, int64 [T]."""
    exponent: NDArray[np.int64]
    """e/2, int64 [T]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperNorm:
    """What a norm of the paper does for T tokens of width N, up to its gains."""

    deviation: NDArray[np.int64]
    """D, int64 [T, N]."""
    inverse: Inverse
    y: NDArray[np.int64]
    """int64 [T, N], 16 fraction bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormOutput:
    """What a norm did for T tokens."""

    deviation: NDArray[np.int64]
    """D, int64 [T, N]."""
    inverse: Inverse
    output: Saturated
    """int64 [T, N] of 40 bits, 16 fraction bits."""


def spiking_norm(
    x: NDArray[np.int64], parameters: NormParameters, rules: AnyNormRules, engine: LasEngine
) -> NormOutput:
    """Return γ∘(x − μ)⊗HG(1/√σ²) + β of x, int64 [T, N] of 40 bits (LAS-4, equation 14)."""
    tokens, width = x.shape
    parts = map_row_blocks(
        tokens, width, lambda rows: _norm_of_rows(x[rows], parameters, rules, engine)
    )
    return NormOutput(
        deviation=np.concatenate([part.deviation for part in parts]),
        inverse=Inverse(
            energy=np.concatenate([part.inverse.energy for part in parts]),
            code=np.concatenate([part.inverse.code for part in parts]),
            exponent=np.concatenate([part.inverse.exponent for part in parts]),
        ),
        output=Saturated(
            values=np.concatenate([part.output.values for part in parts]),
            count=np.concatenate([part.output.count for part in parts]),
        ),
    )


def _norm_of_rows(
    x: NDArray[np.int64], parameters: NormParameters, rules: AnyNormRules, engine: LasEngine
) -> NormOutput:
    match rules:
        case NormRules():
            paper = paper_norm(deviation(x, rules.centred), rules, engine.hadamard)
            return NormOutput(
                deviation=paper.deviation,
                inverse=paper.inverse,
                output=scale_and_offset(paper.y, parameters, rules.ties),
            )
        case PublishedNormRules():
            done = published_norm(deviation(x, rules.centred), rules, engine.hadamard)
            return NormOutput(
                deviation=done.deviation,
                inverse=Inverse(energy=done.energy, code=done.code, exponent=done.exponent),
                output=scale_and_offset(done.y, parameters, rules.ties),
            )
        case _:
            assert_never(rules)


def paper_norm(
    deviations: NDArray[np.int64], rules: NormRules, hadamard: SpikeHadamard
) -> PaperNorm:
    """Return the norm of deviations d, int64 [T, N], from their mean or from 0 (steps 2 to 6)."""
    block = block_shift(deviations, MANTISSA_BITS, rules.ties)
    octaves = _octave_codes(block.mantissas, rules.steps)
    epsilon = round_shift(
        rules.epsilon.mantissa, block.shift + block.shift - rules.epsilon.exponent, rules.ties
    )
    inverse = _inverse_root(octaves.values, epsilon, rules)
    return PaperNorm(
        deviation=octaves.values,
        inverse=inverse,
        y=_normalised(octaves, inverse, rules, hadamard),
    )


def deviation(x: NDArray[np.int64], centred: bool) -> NDArray[np.int64]:
    """Return N·x − Σ x where the norm takes the mean off, else x: int64 [T, N] (step 1)."""
    if not centred:
        return x
    total = x.sum(axis=1, dtype=np.int64)
    return np.asarray(x * np.int64(x.shape[1]) - total[:, None])


def _octave_codes(m: NDArray[Any], steps: int) -> Octaves:
    """Return the top `steps` bits of each |m|, with its sign (step 3)."""
    size = np.abs(m)
    shift = np.maximum(bit_length(size) - np.int64(steps), np.int64(0))
    return Octaves(counts=np.sign(m) * (size >> shift), shift=shift)


def _inverse_root(
    values: NDArray[np.int64], epsilon: NDArray[np.int64], rules: NormRules
) -> Inverse:
    """Return 1/√(Σ square(D) + ε) of D int64 [T, N] and ε int64 [T] (steps 4 and 5)."""
    squares = square(values, rules.tables.square, rules.steps)
    energy = squares.sum(axis=1, dtype=np.int64) + epsilon
    code, exponent = rsqrt(np.maximum(energy, np.int64(1)), rules.tables.rsqrt, rules.steps)
    silent = energy == 0
    return Inverse(
        energy=energy,
        code=np.where(silent, np.int64(0), code),
        exponent=np.where(silent, np.int64(0), exponent),
    )


def _normalised(
    octaves: Octaves, inverse: Inverse, rules: NormRules, hadamard: SpikeHadamard
) -> NDArray[np.int64]:
    """Return y = D·C·√N, int64 [T, N] with 16 fraction bits (step 6)."""
    unused = np.int64(16 - rules.steps)
    product = hadamard(
        BinaryTrain(counts=octaves.counts, steps=rules.steps, levels=1),
        BinaryTrain(counts=inverse.code[:, None] >> unused, steps=rules.steps, levels=1),
    )
    # |D·C| < 2^39, so the root's mantissa keeps it below 2^55.
    scaled = (product << (octaves.shift + unused)) * rules.root.mantissa
    places = np.int64(RSQRT_BITS - FRACTION_BITS) + inverse.exponent - rules.root.exponent
    return round_shift(scaled, places[:, None], rules.ties)


def scale_and_offset(y: NDArray[np.int64], parameters: NormParameters, ties: Ties) -> Saturated:
    """Return saturate(γ∘y + β, 40) of y int64 [T, N], |y| < 2^47, 16 fraction bits (step 7)."""
    gamma = parameters.gamma
    # β has 40 bits: what leaves 48 is beyond 40 with it too.
    product = y * gamma.mantissas.astype(np.int64)
    scaled = shift_saturate(product, -gamma.exponent, GAIN_BITS, ties).values
    if parameters.beta is not None:
        scaled = scaled + parameters.beta
    return saturate(scaled, OUTPUT_BITS)
