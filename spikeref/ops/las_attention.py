"""Attention in which scores and mixing are spike products (LAS-7 to LAS-12)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import map_row_blocks
from spikeref.arith.rounding import Saturated, Scale, round_shift, saturate
from spikeref.arith.ties import Ties
from spikeref.arith.wide_rescale import combine, wide_rescale
from spikeref.engine.las_products import LasEngine
from spikeref.functions.tables import FunctionTables
from spikeref.model import las_bounds
from spikeref.model.las_profile import Choice
from spikeref.neurons.outlier_aware import OatCode, OatSpikes
from spikeref.neurons.spike_numbers import spikes_of_rows
from spikeref.ops.las_linear import OatInput, oat_input
from spikeref.ops.las_softmax import SoftmaxRules, probabilities, running_offset
from spikeref.ops.rope import TABLE_BITS, Turns, rotate_positions
from spikeref.ops.visibility import Seen, Sight, seen_by

HEAD_BITS = 32
MIXED_BITS = 40
PROBABILITY_BITS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCodes:
    """The codes of one layer's attention."""

    query: OatCode
    key: OatCode
    value: OatCode
    probabilities: OatCode


@dataclass(frozen=True, slots=True, kw_only=True)
class LasAttentionRules:
    """What all heads of one layer share."""

    causal: bool
    window: int | None
    """Latest positions that a token sees, itself among them; None for all."""
    codes: HeadCodes
    score_scale: Scale
    """log2(e)/√d as a mantissa of 16 bits."""
    steps: int
    tables: FunctionTables
    ties: Ties
    softmax: Choice = Choice.PAPER
    weight_sum: int = 1
    """What the weights sum to at most, but for rounding (LAS-12, LAS-16)."""

    @property
    def sight(self) -> Sight:
        """What a token sees."""
        return Sight(causal=self.causal, window=self.window)


@dataclass(frozen=True, slots=True, kw_only=True)
class LasAttentionOutput:
    """What attention did for T tokens and H heads."""

    top: NDArray[np.int64]
    """max A, int64 [T, H]."""
    total: NDArray[np.int64]
    """Σ E, int64 [T, H]."""
    inverse: NDArray[np.int64]
    """C, int64 [T, H]."""
    inverse_exponent: NDArray[np.int64]
    """int64 [T, H]."""
    accumulator: NDArray[np.int64]
    """a, int64 [T, H, d]."""
    mixed: Saturated
    """int64 [T, H·d] of 40 bits, 16 fraction bits."""
    probability_spikes: NDArray[np.int64]
    """int64 [T, H]."""
    saturations: NDArray[np.int64]
    """Of probabilities and of mixed, int64 [T]."""


def spiking_head(x: NDArray[np.int64], turns: Turns | None, code: OatCode, ties: Ties) -> OatInput:
    """Return the spikes of queries, keys or values x, int64 [T, H, d] of 32 bits (LAS-7).

    turns: the rotary table rows of the T positions, where positions rotate.
    """
    if turns is None:
        return oat_input(x, 16, code)

    def turned(rows: slice) -> NDArray[np.int64]:
        exact = rotate_positions(x[rows], turns.cos[rows], turns.sin[rows])
        return saturate(round_shift(exact, TABLE_BITS, ties), HEAD_BITS).values

    parts = map_row_blocks(len(x), math.prod(x.shape[1:]), turned)
    return oat_input(np.concatenate(parts), 16, code)


@dataclass(frozen=True, slots=True)
class _HeadResult:
    """The attention of B queries in one head."""

    top: NDArray[np.int64]
    total: NDArray[np.int64]
    inverse: NDArray[np.int64]
    inverse_exponent: NDArray[np.int64]
    probability_spikes: NDArray[np.int64]
    saturations: NDArray[np.int64]
    """All int64 [B]."""
    accumulator: NDArray[np.int64]
    """int64 [B, d]."""


def las_attend(
    queries: OatSpikes,
    keys: OatSpikes,
    values: OatSpikes,
    first_position: int,
    rules: LasAttentionRules,
    engine: LasEngine,
) -> LasAttentionOutput:
    """Return the attention of T tokens at first_position, … over S positions (LAS-10 to LAS-12).

    queries: [T, H, d]; keys, values: [S, G, d].
    """
    tokens, heads, _ = queries.counts.shape
    group_of = np.arange(heads) // (heads // keys.counts.shape[1])
    ranges = rules.sight.ranges(first_position, tokens, len(keys.counts))
    blocks = []
    for start in range(0, tokens, engine.query_block):
        block = slice(start, min(start + engine.query_block, tokens))
        seen = seen_by(ranges[block])

        def work(chosen: slice, block: slice = block, seen: Seen = seen) -> list[_HeadResult]:
            return [
                _attend_head(
                    queries[block, head],
                    keys[seen.positions, group_of[head]],
                    values[seen.positions, group_of[head]],
                    seen.hidden,
                    rules,
                    engine,
                )
                for head in range(chosen.start, chosen.stop)
            ]

        if engine.heads_in_order:
            parts = [work(slice(0, heads))]
        else:
            parts = map_row_blocks(heads, seen.hidden.size, work)
        blocks.append([one for part in parts for one in part])
    return _gathered(blocks, rules)


def softmax_rules(width: int, rules: LasAttentionRules) -> SoftmaxRules:
    """Return bound and scale of one layer's scores, d = width (LAS-10, LAS-11)."""
    codes = rules.codes
    unit = combine(codes.query.unit, codes.key.unit, rules.ties)
    return SoftmaxRules(
        bound=2 * las_bounds.score_bound(width, codes.query, codes.key),
        scale=combine(unit, rules.score_scale, rules.ties),
        steps=rules.steps,
        tables=rules.tables,
        ties=rules.ties,
    )


def mixing_bound(codes: HeadCodes, weight_sum: int = 1) -> int:
    """Return the bound on what values mix to, with weights that sum to at most `weight_sum`."""
    return las_bounds.mixing_bound(codes.value, codes.probabilities, weight_sum)


def _attend_head(
    queries: OatSpikes,
    keys: OatSpikes,
    values: OatSpikes,
    hidden: NDArray[np.bool_],
    rules: LasAttentionRules,
    engine: LasEngine,
) -> _HeadResult:
    """Return the attention of B queries [B, d] over S positions [S, d] in one head."""
    softmax = softmax_rules(queries.counts.shape[1], rules)
    scores = running_offset(engine.saa(queries, keys.transposed, softmax.bound >> 1), hidden)
    weighed = probabilities(scores.below, hidden, softmax, engine, rules.softmax)
    given = oat_input(weighed.values, PROBABILITY_BITS, rules.codes.probabilities)
    accumulator = np.zeros((len(hidden), values.counts.shape[1]), dtype=np.int64)
    for increment in engine.saa(given.spikes, values, mixing_bound(rules.codes, rules.weight_sum)):
        accumulator += increment
    return _HeadResult(
        top=scores.top,
        total=weighed.total,
        inverse=weighed.inverse,
        inverse_exponent=weighed.inverse_exponent,
        probability_spikes=spikes_of_rows(given.spikes),
        saturations=given.saturations,
        accumulator=accumulator,
    )


def _gathered(blocks: list[list[_HeadResult]], rules: LasAttentionRules) -> LasAttentionOutput:
    """Put blocks of queries and heads together, and rescale what they mix (LAS-12)."""

    def gather(name: str) -> NDArray[np.int64]:
        stacked = [np.stack([getattr(head, name) for head in heads], axis=1) for heads in blocks]
        return np.concatenate(stacked)

    accumulator = gather("accumulator")
    unit = combine(rules.codes.probabilities.unit, rules.codes.value.unit, rules.ties)
    mixed = wide_rescale(
        accumulator.reshape(len(accumulator), -1),
        mixing_bound(rules.codes, rules.weight_sum),
        unit,
        bits=MIXED_BITS,
        ties=rules.ties,
    )
    return LasAttentionOutput(
        top=gather("top"),
        total=gather("total"),
        inverse=gather("inverse"),
        inverse_exponent=gather("inverse_exponent"),
        accumulator=accumulator,
        mixed=mixed,
        probability_spikes=gather("probability_spikes"),
        saturations=gather("saturations").sum(axis=1, dtype=np.int64) + mixed.count,
    )
