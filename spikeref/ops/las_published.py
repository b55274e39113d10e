"""Norm and softmax as the published program has them (LAS-16)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import Scale, round_div, round_shift, saturate
from spikeref.arith.ties import Ties
from spikeref.engine.products import SpikeHadamard
from spikeref.functions.exponential import exp_weights
from spikeref.functions.reciprocal import reciprocal
from spikeref.functions.roots import sqrt_code
from spikeref.functions.square import square
from spikeref.functions.tables import FunctionTables
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.multi_threshold import mt_counts
from spikeref.neurons.outlier_aware import OatCode, TrainForm, encode_oat

ONE = 1 << 16
RISING_THRESHOLD, RISING_WEIGHT = 700 * ONE, 7
FALLING_THRESHOLD, FALLING_WEIGHT = 200 * ONE, 2
"""Of deviations above and below 0: a spike of weight 1 is 100·2^−T/n."""
OUTPUT_THRESHOLDS = (2 * ONE, 50 * ONE)
DEVIATION_BITS = 40
ROOT_SHIFT = 8
"""Brings a root's code to the mantissas that the reciprocal takes."""
EXPONENT_SHIFT = 12
RECIPROCAL_BITS = 39
FRACTION_BITS = 16

OFFSET = 9455
"""0.1·log2(e) with 16 fraction bits."""
SILENT_FROM = 1890970
"""20·log2(e)."""
LARGEST_LOG = 945485
"""10·log2(e)."""
LEAST_SUM, LARGEST_SUM = 109951162778, 60 << 39
"""0.2 and 60 with 39 fraction bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedNormRules:
    """What the norms of a model share."""

    centred: bool
    """LayerNorm, which takes the mean off; else RMSNorm."""
    root: Scale
    """√N: mantissa of 16 bits and exponent."""
    epsilon: Scale
    """ε in units of D² (LMOD-6)."""
    form: TrainForm
    tables: FunctionTables
    ties: Ties


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedNorm:
    """What a published norm does for T tokens of width N."""

    deviation: NDArray[np.int64]
    """D, int64 [T, N]."""
    energy: NDArray[np.int64]
    """A, int64 [T]."""
    code: NDArray[np.int64]
    """C, int64 [T]; 0 where A = 0."""
    exponent: NDArray[np.int64]
    """e', int64 [T]: 1/√A is C·2^−(39 + e')."""
    y: NDArray[np.int64]
    """int64 [T, N], 16 fraction bits."""


def published_norm(
    deviation: NDArray[np.int64], rules: PublishedNormRules, hadamard: SpikeHadamard
) -> PublishedNorm:
    """Return the norm of deviations d, int64 [T, N], from their mean, N-fold in a LayerNorm."""
    centred = deviation
    if rules.centred:
        width = np.asarray(deviation.shape[1], dtype=np.int64)
        centred = saturate(round_div(deviation, width, rules.ties), DEVIATION_BITS).values
    counts, weight = _spikes(centred, rules.form)
    energy = square(counts * weight, rules.tables.square, rules.form.steps)
    total = energy.sum(axis=1, dtype=np.int64)
    total = total + round_shift(rules.epsilon.mantissa, -rules.epsilon.exponent, rules.ties)
    code, exponent = _inverse_root(total, rules)
    unused = np.int64(16 - rules.form.steps)
    product = hadamard(
        BinaryTrain(counts=counts, steps=rules.form.steps, levels=rules.form.levels),
        BinaryTrain(counts=code[:, None] >> unused, steps=rules.form.steps, levels=1),
    )
    # |D·C| < 2^40: 7·29·2^16·2^16.
    scaled = (product << unused) * weight * rules.root.mantissa
    places = np.int64(RECIPROCAL_BITS - FRACTION_BITS) + exponent - rules.root.exponent
    y = round_shift(scaled, places[:, None], rules.ties)
    return PublishedNorm(
        deviation=counts * weight,
        energy=total,
        code=code,
        exponent=exponent,
        y=_through_neurons(y, rules),
    )


def _spikes(
    centred: NDArray[np.int64], form: TrainForm
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return signed counts and what their spikes weigh, int64 [T, N]."""
    size, falling = np.abs(centred), centred < 0
    above = mt_counts(size, RISING_THRESHOLD, form.steps, form.levels, form.rule)
    below = mt_counts(size, FALLING_THRESHOLD, form.steps, form.levels, form.rule)
    weight = np.where(falling, np.int64(FALLING_WEIGHT), np.int64(RISING_WEIGHT))
    return np.where(falling, -below, above), weight


def _inverse_root(
    energy: NDArray[np.int64], rules: PublishedNormRules
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return C and e' of energies [T]: a root, then a reciprocal."""
    steps, silent = rules.form.steps, energy == 0
    root, half = sqrt_code(np.maximum(energy, np.int64(1)), rules.tables.square_root, steps)
    code, _ = reciprocal(root << np.int64(ROOT_SHIFT), rules.tables.reciprocal, steps)
    exponent = half - np.int64(EXPONENT_SHIFT)
    return np.where(silent, np.int64(0), code), np.where(silent, np.int64(0), exponent)


def _through_neurons(y: NDArray[np.int64], rules: PublishedNormRules) -> NDArray[np.int64]:
    """Return y as OAT neurons pass it on, int64 [T, N] with 16 fraction bits."""
    normal, outlier = OUTPUT_THRESHOLDS
    code = OatCode(form=rules.form, normal=normal, outlier=outlier)
    unit = code.unit
    values = encode_oat(saturate(y, DEVIATION_BITS).values, FRACTION_BITS, code).values
    places = -(unit.exponent + np.int64(FRACTION_BITS))
    return round_shift(values * unit.mantissa, places, rules.ties)


def published_logs(t: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return t' of logarithms t >= 0, int64 [...] with 16 fraction bits, cut at 10·log2(e)."""
    return np.asarray(np.minimum(t - np.int64(OFFSET), np.int64(LARGEST_LOG)))


def published_weights(
    t: NDArray[np.int64], tables: FunctionTables, steps: int
) -> NDArray[np.int64]:
    """Return E, int64 [...] with 39 fraction bits, of logarithms t >= 0; 0 from 20·log2(e) on."""
    weight = exp_weights(published_logs(t), tables.exp, steps)
    silent = t - np.int64(OFFSET) >= np.int64(SILENT_FROM)
    return np.where(silent, np.int64(0), weight)


def published_sum(total: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return Σ E cut to 0.2 … 60."""
    return np.asarray(np.minimum(np.maximum(total, np.int64(LEAST_SUM)), np.int64(LARGEST_SUM)))
