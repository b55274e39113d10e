"""The steps of attention for a block of query heads (ATT-6 to ATT-9)."""

from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.exponential import exp2, power_table
from spikeref.arith.hadamard import HadamardPlan
from spikeref.arith.loops.functions import highest_rows, weigh_rows
from spikeref.arith.ratios import round_ratio
from spikeref.arith.rescale import rescale
from spikeref.arith.rounding import Saturated, Scale, round_shift
from spikeref.arith.ties import Ties
from spikeref.engine.products import ADDEND_BITS, Engine
from spikeref.functions.exponential import exp_weights
from spikeref.functions.reciprocal import reciprocal
from spikeref.functions.tables import FunctionTables
from spikeref.neurons.counts import Encoder
from spikeref.ops.heads import Queries
from spikeref.ops.norm import Scaled
from spikeref.ops.visibility import LOWEST, Sight

SCORE_BITS = 40
SCORE_FRACTION_BITS = 16
ADDEND_SHIFT = 18
RATIO_BITS = 15
EXP_SHIFT = 9
"""HG neurons give 2^−t with 39 fraction bits (HG-2), weights have 30."""
KEPT_SHIFT = 8
RECIPROCAL_SHIFT = np.int64(39 - RATIO_BITS - KEPT_SHIFT)
"""1/s is code·2^−(39 + e) (HG-4)."""


@dataclass(frozen=True, slots=True)
class Exp2Softmax:
    """Weights by exp2, division by their sum (ATT-7, ATT-9)."""

    coefficients: tuple[int, ...]
    """c_0 … c_6 of exp2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HgSoftmax:
    """Weights and the inverse of their sum by HG neurons of T time steps (LAS-17)."""

    tables: FunctionTables
    steps: int


Softmax: TypeAlias = Exp2Softmax | HgSoftmax


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionRules:
    """What all heads of one layer share."""

    window: int | None
    """Latest positions that a token sees, itself among them; None for all."""
    encoder: Encoder
    """Of keys and values."""
    softmax: Softmax
    head_plan: HadamardPlan | None

    @property
    def ties(self) -> Ties:
        """The tie rule."""
        return self.encoder.ties

    @property
    def has_loops(self) -> bool:
        """Whether compiled loops do most of the work between the products."""
        return isinstance(self.softmax, Exp2Softmax)

    @property
    def sight(self) -> Sight:
        """What a token sees."""
        return Sight(causal=True, window=self.window)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikesOfHeads:
    """Keys or values of S positions for each of C query heads."""

    counts: NDArray[np.int8]
    """int8 [S, G, d]: C/G heads in a row share a group."""
    mantissa: NDArray[np.int64]
    """int64 [C, S]."""
    exponent: NDArray[np.int64]
    """int64 [C, S]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the scores of B queries in C heads weigh (ATT-7)."""

    top_score: NDArray[np.int64]
    """int64 [B, C]."""
    weight: NDArray[np.int32]
    """p, int32 [B, C, S]; 0 for what is hidden."""
    weight_sum: NDArray[np.int64]
    """Σ p, int64 [B, C]."""


def score_keys(
    queries: Queries,
    keys: SpikesOfHeads,
    hidden: NDArray[np.bool_],
    rules: AttentionRules,
    engine: Engine,
) -> Saturated:
    """Return scores, int64 [B, C, S] of 40 bits, 0 where hidden [B, 1, S] (ATT-6)."""
    sums = engine.score(queries.mantissa, keys.counts, rules.encoder)
    # What is hidden must not saturate.
    np.copyto(sums, 0, where=hidden)
    return rescale(
        sums,
        (
            Scale(mantissa=keys.mantissa, exponent=keys.exponent),
            _power_of_two(queries.exponent[..., None]),
        ),
        fraction_bits=SCORE_FRACTION_BITS,
        bits=SCORE_BITS,
        ties=rules.ties,
    )


def weigh_scores(
    scores: NDArray[np.int64], hidden: NDArray[np.bool_], rules: AttentionRules
) -> Weights:
    """Return the weights of scores [B, C, S] that are not hidden [B, 1, S] (ATT-7)."""
    match rules.softmax:
        case Exp2Softmax(coefficients):
            if suits_loops(scores.size):
                return _weigh_by_loop(scores, hidden, power_table(coefficients, rules.ties))
            top, below = _below_the_top(scores, hidden)
            weight = exp2(below, coefficients, rules.ties)
        case HgSoftmax(tables=tables, steps=steps):
            top, below = _below_the_top(scores, hidden)
            exact = exp_weights(below, tables.exp, steps)
            weight = round_shift(exact, EXP_SHIFT, rules.ties).astype(np.int32)
        case _:
            assert_never(rules.softmax)
    return Weights(top_score=top, weight=weight, weight_sum=weight.sum(axis=2, dtype=np.int64))


def _below_the_top(
    scores: NDArray[np.int64], hidden: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the highest visible score of each query, and how far below it the others are.

    So far below, the weight of what is hidden is 0.
    """
    score = np.where(hidden, np.int64(LOWEST), scores)
    top = score.max(axis=2)
    return top, top[..., None] - score


def _weigh_by_loop(
    scores: NDArray[np.int64], hidden: NDArray[np.bool_], powers: NDArray[np.int32]
) -> Weights:
    weights = Weights(
        top_score=np.empty(scores.shape[:2], dtype=np.int64),
        weight=np.empty(scores.shape, dtype=np.int32),
        weight_sum=np.empty(scores.shape[:2], dtype=np.int64),
    )
    given = scores, hidden[:, 0], LOWEST, powers
    filled = weights.top_score, weights.weight, weights.weight_sum
    over_rows(weigh_rows, len(scores), scores.size, given, *filled)
    return weights


def mix_values(
    weight: NDArray[Any],
    values: SpikesOfHeads,
    hidden: NDArray[np.bool_],
    rules: AttentionRules,
    engine: Engine,
) -> Scaled:
    """Return o, integers [B, C, d], and X [B, C] of weights [B, C, S] and values (ATT-8)."""
    highest = _highest_visible(values.exponent, hidden)
    addends = rescale(
        weight,
        (
            Scale(mantissa=values.mantissa, exponent=values.exponent),
            _power_of_two(-highest[..., None]),
        ),
        fraction_bits=-ADDEND_SHIFT,
        bits=ADDEND_BITS,
        ties=rules.ties,
    ).values
    mixed = engine.mix(addends, values.counts, rules.encoder)
    return Scaled(values=mixed, exponent=highest)


def _highest_visible(exponent: NDArray[np.int64], hidden: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the largest exponent [C, S] that each query and head sees, int64 [B, C]."""
    elements = len(hidden) * exponent.size
    if not suits_loops(elements):
        return np.asarray(np.where(hidden, np.int64(LOWEST), exponent).max(axis=2))
    highest = np.empty((len(hidden), len(exponent)), dtype=np.int64)
    given = exponent, hidden[:, 0], LOWEST
    over_rows(highest_rows, len(hidden), elements, given, highest)
    return highest


def divide_by_weights(
    accumulator: NDArray[np.int64], weight_sum: NDArray[np.int64], rules: AttentionRules
) -> NDArray[np.int64]:
    """Return z, int64 [..., d], of o [..., d] and the sums of the weights [...] (ATT-9)."""
    match rules.softmax:
        case Exp2Softmax():
            return round_ratio(accumulator, RATIO_BITS, weight_sum[..., None], rules.ties)
        case HgSoftmax(tables=tables, steps=steps):
            code, exponent = reciprocal(weight_sum, tables.reciprocal, steps)
            # |o| < 2^53 (ATT-8), code < 2^16: without the first shift the product leaves 63 bits.
            product = round_shift(accumulator, KEPT_SHIFT, rules.ties) * code[..., None]
            return round_shift(product, exponent[..., None] + RECIPROCAL_SHIFT, rules.ties)
        case _:
            assert_never(rules.softmax)


def _power_of_two(exponent: NDArray[np.int64]) -> Scale:
    """Return 2^exponent."""
    return Scale(mantissa=np.ones_like(exponent), exponent=exponent)
