"""Attention on the spiked key/value cache (ATT-5 to ATT-11)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.exponential import exp2
from spikeref.arith.hadamard import HadamardPlan, hadamard_transpose
from spikeref.arith.rescale import rescale
from spikeref.arith.rounding import Saturated, Scale, round_ratio, round_shift
from spikeref.arith.ties import Ties
from spikeref.engine.products import Engine
from spikeref.neurons.counts import Encoder
from spikeref.ops.heads import Queries
from spikeref.ops.norm import Scaled

SCORE_BITS = 40
SCORE_FRACTION_BITS = 16
ADDEND_SHIFT = 18
RATIO_BITS = 15
LOWEST = -(1 << 62)
"""Below every exponent and score: marks what is not visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedSpikes:
    """Cached keys or values of one layer: counts int8 [S, G, d], scales int64 [S, G]."""

    counts: NDArray[np.int8]
    mantissa: NDArray[np.int64]
    exponent: NDArray[np.int64]

    def positions(self, begin: int, end: int) -> "CachedSpikes":
        """Return those of positions begin … end − 1."""
        chosen = slice(begin, end)
        return CachedSpikes(
            counts=self.counts[chosen],
            mantissa=self.mantissa[chosen],
            exponent=self.exponent[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the scores of B queries weigh: their maximum, int64 [B], and p, int64 [B, S]."""

    top_score: NDArray[np.int64]
    weight: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionOutput:
    """What attention did for T tokens and H heads."""

    top_score: NDArray[np.int64]
    """Largest visible score, int64 [T, H], 40 bits."""
    weight_sum: NDArray[np.int64]
    """Σ P, int64 [T, H], 48 bits."""
    accumulator: NDArray[np.int64]
    """o, int64 [T, H, d], 54 bits."""
    score_saturations: NDArray[np.int64]
    """int64 [T]."""
    mixed: Scaled
    """The input of o: int64 [T, H·d], exponent [T] (ATT-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionRules:
    """What all heads of one layer share."""

    window: int | None
    """Latest positions that a token sees, itself among them; None for all."""
    encoder: Encoder
    """Of keys and values."""
    coefficients: tuple[int, ...]
    """c_0 … c_6 of exp2."""
    head_plan: HadamardPlan | None

    @property
    def ties(self) -> Ties:
        """The tie rule."""
        return self.encoder.ties


@dataclass(frozen=True, slots=True)
class _Partial:
    """One head's results for a block of B queries."""

    top_score: NDArray[np.int64]
    weight_sum: NDArray[np.int64]
    accumulator: NDArray[np.int64]
    exponent: NDArray[np.int64]
    saturations: NDArray[np.int64]


def attend(
    queries: Queries,
    keys: CachedSpikes,
    values: CachedSpikes,
    first_position: int,
    rules: AttentionRules,
    engine: Engine,
) -> AttentionOutput:
    """Return the attention of T tokens at first_position, first_position + 1, … over the cache.

    queries: [T, H, …]; keys, values: [S, G, …] with S = first_position + T.
    """
    tokens, heads, width = queries.mantissa.shape
    shared = heads // keys.mantissa.shape[1]
    top_score = np.empty((tokens, heads), dtype=np.int64)
    weight_sum = np.empty((tokens, heads), dtype=np.int64)
    accumulator = np.empty((tokens, heads, width), dtype=np.int64)
    exponent = np.empty((tokens, heads), dtype=np.int64)
    saturations = np.zeros(tokens, dtype=np.int64)

    for start in range(0, tokens, engine.query_block):
        block = slice(start, min(start + engine.query_block, tokens))
        for head in range(heads):
            place = block, head
            partial = _attend_head(
                Queries(mantissa=queries.mantissa[place], exponent=queries.exponent[place]),
                _head(keys, head // shared),
                _head(values, head // shared),
                first_position + start,
                rules,
                engine,
            )
            top_score[place] = partial.top_score
            weight_sum[place] = partial.weight_sum
            accumulator[place] = partial.accumulator
            exponent[place] = partial.exponent
            saturations[block] += partial.saturations
    return AttentionOutput(
        top_score=top_score,
        weight_sum=weight_sum,
        accumulator=accumulator,
        score_saturations=saturations,
        mixed=_normalise(accumulator, weight_sum, exponent, rules),
    )


def visible_range(position: int, window: int | None) -> tuple[int, int]:
    """Return the first position visible from `position`, and the one after the last (ATT-5)."""
    return (0 if window is None else max(0, position - window + 1)), position + 1


def _head(cached: CachedSpikes, group: int) -> CachedSpikes:
    return CachedSpikes(
        counts=cached.counts[:, group],
        mantissa=cached.mantissa[:, group],
        exponent=cached.exponent[:, group],
    )


def _attend_head(
    queries: Queries,
    keys: CachedSpikes,
    values: CachedSpikes,
    first_position: int,
    rules: AttentionRules,
    engine: Engine,
) -> _Partial:
    """Return one head's attention of B queries over S keys and values (ATT-5 to ATT-8)."""
    count = len(queries.mantissa)
    begin, _ = visible_range(first_position, rules.window)
    _, end = visible_range(first_position + count - 1, rules.window)
    position = first_position + np.arange(count, dtype=np.int64)[:, None]
    source = np.arange(begin, end, dtype=np.int64)
    visible = source <= position
    if rules.window is not None:
        visible &= source > position - np.int64(rules.window)
    scores = score_keys(queries, keys.positions(begin, end), visible, rules, engine)
    weights = weigh_scores(scores.values, visible, rules)
    mixture = mix_values(weights.weight, values.positions(begin, end), visible, rules, engine)
    return _Partial(
        top_score=weights.top_score,
        weight_sum=weights.weight.sum(axis=1, dtype=np.int64),
        accumulator=mixture.values,
        exponent=mixture.exponent,
        saturations=scores.count,
    )


def score_keys(
    queries: Queries,
    keys: CachedSpikes,
    visible: NDArray[np.bool_],
    rules: AttentionRules,
    engine: Engine,
) -> Saturated:
    """Return one head's scores, int64 [B, S] of 40 bits, 0 where visible [B, S] is not (ATT-6)."""
    count = len(queries.mantissa)
    sums = engine.score(queries.mantissa, keys.counts, rules.encoder)
    return rescale(
        np.where(visible, sums, sums.dtype.type(0)),
        (
            Scale(mantissa=keys.mantissa, exponent=keys.exponent),
            Scale(mantissa=np.ones((count, 1), dtype=np.int64), exponent=queries.exponent[:, None]),
        ),
        fraction_bits=SCORE_FRACTION_BITS,
        bits=SCORE_BITS,
        ties=rules.ties,
    )


def weigh_scores(
    scores: NDArray[np.int64], visible: NDArray[np.bool_], rules: AttentionRules
) -> Weights:
    """Return the weights of scores [B, S], 0 where not visible (ATT-7)."""
    score = np.where(visible, scores, np.int64(LOWEST))
    top = score.max(axis=1)
    weight = exp2(top[:, None] - score, rules.coefficients, rules.ties)
    return Weights(top_score=top, weight=np.where(visible, weight, np.int32(0)).astype(np.int64))


def mix_values(
    weight: NDArray[np.int64],
    values: CachedSpikes,
    visible: NDArray[np.bool_],
    rules: AttentionRules,
    engine: Engine,
) -> Scaled:
    """Return o, int64 [B, d], and X [B] of weights [B, S] and one head's values (ATT-8)."""
    value_exponent = np.where(visible, values.exponent, np.int64(LOWEST))
    highest = value_exponent.max(axis=1)
    shift = np.where(visible, highest[:, None] - value_exponent, np.int64(0))
    addend = round_shift(weight * values.mantissa, shift + np.int64(ADDEND_SHIFT), rules.ties)
    return Scaled(values=engine.mix(addend, values.counts, rules.encoder), exponent=highest)


def divide_by_weights(
    accumulator: NDArray[np.int64], weight_sum: NDArray[np.int64], ties: Ties
) -> NDArray[np.int64]:
    """Return z, int64 [..., d], of o [..., d] and the sums of the weights [...] (ATT-9)."""
    return round_ratio(accumulator, RATIO_BITS, weight_sum[..., None], ties)


def _normalise(
    accumulator: NDArray[np.int64],
    weight_sum: NDArray[np.int64],
    exponent: NDArray[np.int64],
    rules: AttentionRules,
) -> Scaled:
    """Return Σ P·V / Σ P for all heads at one exponent a token, rotated back (ATT-9 to ATT-11)."""
    ratio = divide_by_weights(accumulator, weight_sum, rules.ties)
    highest = exponent.max(axis=1)
    aligned = round_shift(ratio, (highest[:, None] - exponent)[..., None], rules.ties)
    if rules.head_plan is not None:
        aligned = hadamard_transpose(aligned, rules.head_plan).astype(np.int64)
    return Scaled(
        values=aligned.reshape(len(aligned), -1),
        exponent=highest + np.int64(ADDEND_SHIFT - RATIO_BITS),
    )
