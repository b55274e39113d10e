"""Chapter 9: spiked attention of one token over the cache."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import hg_operators as hg
from .arithmetic import Ties, below, block_shift, exp2, gate, round_div, round_shift, saturate_all
from .encoding import Neuron, encode
from .hadamard import Matrix, matrix, transform, transposed
from .las_tables import Tables
from .operators import IDENTITY, Scaled, entry_bits
from .trains import select_add, spread_add, train_length

KEY_FRACTION, VALUE_FRACTION = 30, 16
"""Fraction bits of what enters the cache (ATT-2, ATT-3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """The spikes of one key or value head: counts and scale (ATT-12)."""

    counts: Sequence[int]
    mantissa: int
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Keys and values of one position, by key/value head."""

    keys: list[Cached]
    values: list[Cached]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """What is the same for all heads of a layer; window is 0 where there is none.

    hg: the tables of HG neurons, where they are the non-linearities (LAS-17).
    """

    bits: int
    rotate: bool
    window: int
    table: Sequence[int]
    ties: Ties
    hg: Tables | None = None

    def rotation(self, size: int) -> Matrix:
        """H_d, or the identity (chapter 9)."""
        return head_rotation(size, rotate=self.rotate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The constant of ATT-4."""

    mantissa: int
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """One query head's result (ATT-6 to ATT-9)."""

    top: int
    weight_sum: int
    accumulator: list[int]
    normalised: list[int]
    exponent: int
    key_spikes: int
    value_spikes: int
    saturations: int


def head_rotation(size: int, *, rotate: bool) -> Matrix:
    """H_d, or the identity as blocks of order 1 (chapter 9)."""
    return matrix(size) if rotate else IDENTITY


def rope(x: Sequence[int], cos: Sequence[int], sin: Sequence[int]) -> list[int]:
    """Rotate one head by its position; 14 fraction bits more (ATT-1)."""
    half = len(x) // 2
    low = [x[a] * cos[a] - x[a + half] * sin[a] for a in range(half)]
    high = [x[a + half] * cos[a] + x[a] * sin[a] for a in range(half)]
    return [gate(r, 47) for r in low + high]


def cache_head(
    r: Sequence[int], neuron: Neuron, fraction_bits: int, *, rotate: bool
) -> tuple[list[int], Cached]:
    """Potentials of one key or value head, and what the cache keeps (ATT-2, ATT-3)."""
    rows = head_rotation(len(r), rotate=rotate)
    u, shift = block_shift(r, entry_bits(len(rows)), neuron.ties)
    v = [below(x, 1 << 30) for x in transform(rows, u)]
    spikes = encode(v, neuron)
    exponent = spikes.exponent + shift - fraction_bits
    return v, Cached(counts=spikes.counts, mantissa=spikes.mantissa, exponent=exponent)


def query_head(r: Sequence[int], score: Score, ties: Ties, *, rotate: bool) -> Scaled:
    """The query mantissas μ and their exponent x_q (ATT-4)."""
    rows = head_rotation(len(r), rotate=rotate)
    u, first = block_shift(r, entry_bits(len(rows)), ties)
    w = [below(x * score.mantissa, 1 << 52) for x in transform(rows, u)]
    mu, second = block_shift(w, 24, ties)
    return Scaled(mu, first - KEY_FRACTION + second + score.exponent)


def visible(position: int, window: int) -> range:
    """The positions that a token attends to (ATT-5)."""
    first = max(0, position - window + 1) if window else 0
    return range(first, position + 1)


def key_head(head: int, heads: int, groups: int) -> int:
    """The key/value head that a query head reads (chapter 9)."""
    return head * groups // heads


def score(query: Scaled, key: Cached, bits: int, ties: Ties) -> int:
    """The score of one visible key before saturation (ATT-6)."""
    total = select_add(key.counts, query.values, train_length(bits, symmetric=True))
    shift = -(query.exponent + key.exponent + 16)
    return round_shift(gate(total, 41) * key.mantissa, shift, ties)


def scores(query: Scaled, keys: Sequence[Cached], bits: int, ties: Ties) -> tuple[list[int], int]:
    """The scores of the visible keys and their saturations (ATT-6)."""
    return saturate_all([score(query, key, bits, ties) for key in keys], 40)


def softmax(given: Sequence[int], table: Sequence[int], ties: Ties) -> tuple[int, list[int], int]:
    """The largest score, the weights and their sum (ATT-7)."""
    top = max(given)
    weights = [exp2(top - x, table, ties) for x in given]
    return top, weights, gate(sum(weights), 49)


def mix(
    weights: Sequence[int], values: Sequence[Cached], bits: int, ties: Ties
) -> tuple[list[int], int]:
    """The accumulators o and their exponent X (ATT-8)."""
    exponent = max(value.exponent for value in values)
    accumulator = [0] * len(values[0].counts)
    for weight, value in zip(weights, values, strict=True):
        shift = 18 + exponent - value.exponent
        addend = below(round_shift(weight * value.mantissa, shift, ties), 1 << 28)
        spread_add(accumulator, addend, value.counts, train_length(bits, symmetric=True))
    return accumulator, exponent


def normalise_mix(accumulator: Sequence[int], total: int, ties: Ties) -> list[int]:
    """The weighted means z (ATT-9)."""
    return [gate(round_div(o << 15, total, ties), 23) for o in accumulator]


def attend_head(
    query: Scaled, keys: Sequence[Cached], values: Sequence[Cached], heads: Heads
) -> Mixed:
    """One query head over its visible keys and values (ATT-6 to ATT-9)."""
    given, saturations = scores(query, keys, heads.bits, heads.ties)
    if heads.hg is None:
        top, weights, total = softmax(given, heads.table, heads.ties)
    else:
        top, weights, total = hg.softmax(given, heads.hg, heads.ties)
    accumulator, exponent = mix(weights, values, heads.bits, heads.ties)
    if heads.hg is None:
        normalised = normalise_mix(accumulator, total, heads.ties)
    else:
        normalised = hg.normalise_mix(accumulator, total, heads.hg, heads.ties)
    return Mixed(
        top=top,
        weight_sum=total,
        accumulator=accumulator,
        normalised=normalised,
        exponent=exponent,
        key_spikes=spikes_of(keys),
        value_spikes=spikes_of(values),
        saturations=saturations,
    )


def spikes_of(cached: Sequence[Cached]) -> int:
    """How many spikes these entries of the cache fire (TRACE-2)."""
    return sum(abs(c) for entry in cached for c in entry.counts)


def attend(
    queries: Sequence[Scaled], cache: Sequence[Position], position: int, heads: Heads
) -> tuple[list[Mixed], Scaled]:
    """All query heads of a position, and the input of o (ATT-5 to ATT-11)."""
    seen = visible(position, heads.window)
    mixed = []
    for h, query in enumerate(queries):
        g = key_head(h, len(queries), len(cache[position].keys))
        keys = [cache[j].keys[g] for j in seen]
        values = [cache[j].values[g] for j in seen]
        mixed.append(attend_head(query, keys, values, heads))
    return mixed, align(mixed, heads)


def align(mixed: Sequence[Mixed], heads: Heads) -> Scaled:
    """The heads on one exponent, rotated back (ATT-10, ATT-11)."""
    rows = transposed(heads.rotation(len(mixed[0].normalised)))
    common = max(head.exponent for head in mixed)
    output: list[int] = []
    for head in mixed:
        shift = common - head.exponent
        aligned = [round_shift(z, shift, heads.ties) for z in head.normalised]
        output += [gate(y, 32) for y in transform(rows, aligned)]
    return Scaled(output, common + 3)
