"""Attention on the spiked key/value cache (ATT-5 to ATT-11)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import map_row_blocks
from spikeref.arith.compiled import map_loop_blocks
from spikeref.arith.hadamard import hadamard_transpose
from spikeref.arith.rounding import round_shift
from spikeref.engine.products import Engine, counts_of_heads
from spikeref.ops.attention_steps import (
    ADDEND_SHIFT,
    RATIO_BITS,
    AttentionRules,
    SpikesOfHeads,
    divide_by_weights,
    mix_values,
    score_keys,
    weigh_scores,
)
from spikeref.ops.heads import Queries
from spikeref.ops.norm import Scaled
from spikeref.ops.visibility import Seen, seen_by


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedSpikes:
    """Cached keys or values of one layer: counts int8 [S, G, d], scales int64 [S, G]."""

    counts: NDArray[np.int8]
    mantissa: NDArray[np.int64]
    exponent: NDArray[np.int64]


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


@dataclass(frozen=True, slots=True)
class _Partial:
    """The results of C heads for a block of B queries."""

    top_score: NDArray[np.int64]
    """int64 [B, C]."""
    weight_sum: NDArray[np.int64]
    """int64 [B, C]."""
    accumulator: NDArray[np.int64]
    """int64 [B, C, d]."""
    exponent: NDArray[np.int64]
    """int64 [B, C]."""
    saturations: NDArray[np.int64]
    """int64 [B]."""


Work: TypeAlias = Callable[[slice, slice], NDArray[np.int64]]
"""(heads, their groups) -> saturations of each query."""


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
    groups = keys.mantissa.shape[1]
    shared = heads // groups
    top_score = np.empty((tokens, heads), dtype=np.int64)
    weight_sum = np.empty((tokens, heads), dtype=np.int64)
    accumulator = np.empty((tokens, heads, width), dtype=np.int64)
    exponent = np.empty((tokens, heads), dtype=np.int64)
    saturations = np.zeros(tokens, dtype=np.int64)

    ranges = rules.sight.ranges(first_position, tokens, len(keys.counts))
    for start in range(0, tokens, engine.query_block):
        block = slice(start, min(start + engine.query_block, tokens))
        seen = seen_by(ranges[block])

        def work(
            chosen: slice, of: slice, block: slice = block, seen: Seen = seen
        ) -> NDArray[np.int64]:
            place = block, chosen
            partial = _attend_heads(
                Queries(mantissa=queries.mantissa[place], exponent=queries.exponent[place]),
                _of_heads(keys, seen.positions, of, chosen),
                _of_heads(values, seen.positions, of, chosen),
                seen.hidden[:, None],
                rules,
                engine,
            )
            top_score[place] = partial.top_score
            weight_sum[place] = partial.weight_sum
            accumulator[place] = partial.accumulator
            exponent[place] = partial.exponent
            return partial.saturations

        if engine.heads_in_order:
            saturated = [
                work(slice(head, head + 1), slice(head // shared, head // shared + 1))
                for head in range(heads)
            ]
        else:
            map_blocks = map_loop_blocks if rules.has_loops else map_row_blocks

            def of_groups(of: slice, work: Work = work) -> NDArray[np.int64]:
                return work(slice(of.start * shared, of.stop * shared), of)

            saturated = map_blocks(groups, shared * seen.hidden.size, of_groups)
        saturations[block] = sum(saturated)
    return AttentionOutput(
        top_score=top_score,
        weight_sum=weight_sum,
        accumulator=accumulator,
        score_saturations=saturations,
        mixed=_normalise(accumulator, weight_sum, exponent, rules),
    )


def _of_heads(cached: CachedSpikes, positions: slice, groups: slice, heads: slice) -> SpikesOfHeads:
    """Return what some heads, those of these groups, see of keys or values, counts uncopied."""
    chosen = cached.mantissa[positions, groups], cached.exponent[positions, groups]
    count = heads.stop - heads.start
    mantissa, exponent = (counts_of_heads(part[..., None], count)[..., 0].T for part in chosen)
    return SpikesOfHeads(
        counts=cached.counts[positions, groups], mantissa=mantissa, exponent=exponent
    )


def _attend_heads(
    queries: Queries,
    keys: SpikesOfHeads,
    values: SpikesOfHeads,
    hidden: NDArray[np.bool_],
    rules: AttentionRules,
    engine: Engine,
) -> _Partial:
    """Return the attention of B queries [B, C, …] in C heads over S positions (ATT-5 to ATT-8)."""
    scores = score_keys(queries, keys, hidden, rules, engine)
    weights = weigh_scores(scores.values, hidden, rules)
    mixture = mix_values(weights.weight, values, hidden, rules, engine)
    return _Partial(
        top_score=weights.top_score,
        weight_sum=weights.weight_sum,
        accumulator=mixture.values,
        exponent=mixture.exponent,
        saturations=scores.count,
    )


def _normalise(
    accumulator: NDArray[np.int64],
    weight_sum: NDArray[np.int64],
    exponent: NDArray[np.int64],
    rules: AttentionRules,
) -> Scaled:
    """Return Σ P·V / Σ P for all heads at one exponent a token, rotated back (ATT-9 to ATT-11)."""
    highest = exponent.max(axis=1)
    mixed = np.empty((len(accumulator), math.prod(accumulator.shape[1:])), dtype=np.int64)

    def work(rows: slice) -> None:
        ratio = divide_by_weights(accumulator[rows], weight_sum[rows], rules)
        shift = (highest[rows, None] - exponent[rows])[..., None]
        aligned: NDArray[Any] = round_shift(ratio, shift, rules.ties)
        if rules.head_plan is not None:
            aligned = hadamard_transpose(aligned, rules.head_plan)
        mixed[rows] = aligned.reshape(-1, mixed.shape[1])

    map_loop_blocks(*mixed.shape, work)
    return Scaled(values=mixed, exponent=highest + np.int64(ADDEND_SHIFT - RATIO_BITS))
