"""Softmax over scores that arrive in increments (LAS-10, LAS-11)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import Scale, round_shift, shift_saturate
from spikeref.arith.ties import Ties
from spikeref.arith.wide_rescale import FRACTION_BITS, wide_shift
from spikeref.engine.las_products import LasEngine
from spikeref.functions.exponential import exp_weights
from spikeref.functions.reciprocal import reciprocal
from spikeref.functions.tables import FunctionTables
from spikeref.model.las_profile import Choice
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.ops.las_published import published_logs, published_sum, published_weights
from spikeref.ops.visibility import LOWEST

LOG_BITS = 40
RECIPROCAL_SHIFT = 9
"""E has 39 fraction bits, 1/sum is C·2^−(39 + e), and P has 30 (LAS-11, step 4)."""
OCTAVES = 24
"""0 to 23, in which E = C·2^(23 − k); the published softmax has octave −1 too (LAS-16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftmaxRules:
    """What the softmax of one layer needs."""

    bound: int
    """On D: twice the bound on scores."""
    scale: Scale
    """From scores to units of log 2."""
    steps: int
    tables: FunctionTables
    ties: Ties


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetScores:
    """max A and D = max A − A: int64 [T] and [T, S], D large where a position is hidden."""

    top: NDArray[np.int64]
    below: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probabilities:
    """What the scores of T queries weigh."""

    total: NDArray[np.int64]
    """Σ E, int64 [T]."""
    inverse: NDArray[np.int64]
    """C, int64 [T]."""
    inverse_exponent: NDArray[np.int64]
    """int64 [T]."""
    values: NDArray[np.int64]
    """P, int64 [T, S] with 30 fraction bits, 0 where hidden."""


def running_offset(
    increments: Iterator[NDArray[np.int64]], hidden: NDArray[np.bool_]
) -> OffsetScores:
    """Return the offset scores that increments of A, int64 [T, S] each, sum to (LAS-10).

    Each increment of A is offset by what the maximum over the visible positions rose by, so the
    sum is A − max A however A arrived (equations 16 and 24). hidden: bool [T, S].
    """
    score = np.zeros(hidden.shape, dtype=np.int64)
    offset = np.zeros(hidden.shape, dtype=np.int64)
    top = np.zeros(len(hidden), dtype=np.int64)
    for increment in increments:
        score += increment
        risen = np.where(hidden, np.int64(LOWEST), score).max(axis=1)
        offset += increment - (risen - top)[:, None]
        top = risen
    return OffsetScores(top=top, below=np.where(hidden, np.int64(0), -offset))


def probabilities(
    below: NDArray[np.int64],
    hidden: NDArray[np.bool_],
    rules: SoftmaxRules,
    engine: LasEngine,
    choice: Choice = Choice.PAPER,
) -> Probabilities:
    """Return HG_exp(x̃)⊗HG_inv(Σ HG_exp(x̃)) of D, int64 [T, S] (LAS-11, equation 17; LAS-16)."""
    t = logs(below, rules)
    weight = weights(t, rules, choice)
    if choice is Choice.PUBLISHED:
        t = published_logs(t)
    weight = np.where(hidden, np.int64(0), weight)
    total = weight.sum(axis=1, dtype=np.int64)
    if choice is Choice.PUBLISHED:
        total = published_sum(total)
    code, exponent = reciprocal(total, rules.tables.reciprocal, rules.steps)
    product = spike_product(weight, code, rules.steps, t, engine)
    shift = exponent + np.int64(RECIPROCAL_SHIFT)
    return Probabilities(
        total=total,
        inverse=code,
        inverse_exponent=exponent,
        values=round_shift(product, shift[:, None], rules.ties),
    )


def logs(below: NDArray[np.int64], rules: SoftmaxRules) -> NDArray[np.int64]:
    """Return t of D, int64 [T, S]: units of log 2 with 16 fraction bits, 40 bits (step 1)."""
    kept = round_shift(below, wide_shift(rules.bound), rules.ties)
    places = -(np.int64(wide_shift(rules.bound) + FRACTION_BITS) + rules.scale.exponent)
    return shift_saturate(kept * rules.scale.mantissa, places, LOG_BITS, rules.ties).values


def weights(t: NDArray[np.int64], rules: SoftmaxRules, choice: Choice) -> NDArray[np.int64]:
    """Return E of t, int64 [T, S] with 39 fraction bits (step 2; LAS-16)."""
    match choice:
        case Choice.PAPER:
            return exp_weights(t, rules.tables.exp, rules.steps)
        case Choice.PUBLISHED:
            return published_weights(t, rules.tables, rules.steps)
        case _:
            assert_never(choice)


def spike_product(
    weight: NDArray[np.int64],
    code: NDArray[np.int64],
    steps: int,
    t: NDArray[np.int64],
    engine: LasEngine,
) -> NDArray[np.int64]:
    """Return E·C, int64 [T, S], of weights [T, S], t their arguments, and codes [T] (step 4)."""
    unused = np.int64(16 - steps)
    octave = np.minimum(t >> FRACTION_BITS, np.int64(OCTAVES - 1))
    shift = np.int64(OCTAVES - 1) - octave + unused
    product = engine.hadamard(
        BinaryTrain(counts=weight >> shift, steps=steps, levels=1),
        BinaryTrain(counts=code[:, None] >> unused, steps=steps, levels=1),
    )
    return np.asarray(product << (shift + unused))
