"""Attention of LAS by spikes: scores, softmax, mixing (LAS-7, LAS-8, LAS-10 to LAS-12)."""

from collections.abc import Sequence
from dataclasses import dataclass

from .arithmetic import Ties, below, round_shift, saturate
from .las_functions import Function, exponential, reciprocal
from .las_neurons import Code, outlier_aware
from .las_operators import (
    Scale,
    Spikes,
    combine,
    product_increments,
    rescale,
    scaled,
    turned,
)

PUBLISHED_OFFSET = 9455
PUBLISHED_SILENT, PUBLISHED_FLOOR = 1890970, 945485
PUBLISHED_SUMS = (109951162778, 60 << 39)
"""0.2·2^39, upwards to an integer, and 60·2^39 (LAS-16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax:
    """Functions, whether as in the published program, tie rule.

    spread: how many times what LAS-12 bounds a published sum may mix to (LAS-16).
    """

    exp: Function
    reciprocal: Function
    published: bool
    ties: Ties
    spread: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The probabilities of one query and what they come from (LAS-11)."""

    exponentials: list[int]
    sum: int
    inverse: int
    inverse_exponent: int
    probabilities: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """The codes of attention's four populations."""

    query: Code
    key: Code
    value: Code
    probabilities: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """What one query of one head records (LAS-18)."""

    top: int
    weights: Weights
    accumulator: list[int]
    mixed: list[int]
    probability_spikes: int
    saturations: int


def encode(x: Sequence[int], fraction: int, code: Code) -> tuple[Spikes, int]:
    """The spikes of a population and how many of it saturate (LAS-5)."""
    found = [outlier_aware(value, fraction, code) for value in x]
    spikes = Spikes([spike.count for spike in found], [spike.outlier for spike in found])
    return spikes, sum(spike.saturated for spike in found)


def turn(r: Sequence[int], code: Code, ties: Ties) -> tuple[Spikes, int]:
    """The spikes of a rotated head, and how many of it saturate (LAS-7)."""
    return encode([turned(value, ties) for value in r], 16, code)


def score_increments(query: Sequence[Sequence[int]], key: Sequence[Sequence[int]]) -> list[int]:
    """What each time step adds to the score of a key (LAS-8)."""
    steps = len(query[0])
    total = [0] * steps
    for a, b in zip(query, key, strict=True):
        for t, increment in enumerate(product_increments(a, b)):
            total[t] += increment
    return total


def offset_increments(increments: Sequence[Sequence[int]]) -> list[list[int]]:
    """x̃_j(t) of every key j from what each step adds to its score (LAS-10)."""
    arrived = [0] * len(increments)
    before = [0] * len(increments)
    offsets = []
    for t in range(len(increments[0])):
        arrived = [x + own[t] for x, own in zip(arrived, increments, strict=True)]
        highest = max(arrived)
        shifted = [x - highest for x in arrived]
        offsets.append([now - then for now, then in zip(shifted, before, strict=True)])
        before = shifted
    return offsets


def score_keys(query: Spikes, keys: Sequence[Spikes], codes: Codes) -> list[list[int]]:
    """The increments of every key's score (LAS-10)."""
    asked = query.weights(codes.query)
    return [score_increments(asked, key.weights(codes.key)) for key in keys]


def distances(offsets: Sequence[Sequence[int]]) -> list[int]:
    """D_j = max A − A_j: what the offset score's increments sum to, negated (LAS-10)."""
    return [-sum(column) for column in zip(*offsets, strict=True)]


def score_bound(dimensions: int, codes: Codes) -> int:
    """The bound of a score; that of a distance is twice it (LAS-10, LAS-11)."""
    bound = dimensions * codes.query.largest_value * codes.key.largest_value
    below(2 * bound, (1 << 62) - 1)
    return bound


def logarithms(distance: Sequence[int], bound: int, scale: Scale, ties: Ties) -> list[int]:
    """t_j: distances in units of log 2 with 16 fraction bits (LAS-11, step 1)."""
    return [saturate(scaled(d, 2 * bound, scale, ties), 40) for d in distance]


def published_exponential(t: int, exp: Function) -> int:
    """E of the published program (LAS-16)."""
    moved = t - PUBLISHED_OFFSET
    if moved >= PUBLISHED_SILENT:
        return 0
    return exponential(min(moved, PUBLISHED_FLOOR), exp)


def weigh(logs: Sequence[int], softmax: Softmax) -> Weights:
    """E, its sum, the reciprocal of that, and P with 30 fraction bits (LAS-11)."""
    if softmax.published:
        powers = [published_exponential(t, softmax.exp) for t in logs]
        low, high = PUBLISHED_SUMS
        total = min(max(sum(powers), low), high)
    else:
        powers = [exponential(t, softmax.exp) for t in logs]
        total = sum(powers)
    inverse, exponent = reciprocal(total, softmax.reciprocal)
    p = [round_shift(power * inverse, 9 + exponent, softmax.ties) for power in powers]
    return Weights(
        exponentials=powers,
        sum=total,
        inverse=inverse,
        inverse_exponent=exponent,
        probabilities=p,
    )


def mixing_bound(codes: Codes) -> int:
    """The bound of a mixed value (LAS-12)."""
    p = codes.probabilities
    largest = ((1 << 14) + 2) * p.form.levels << (p.form.steps + 2)
    return codes.value.largest_value * -(-largest // p.divisor)


def mix(p: Spikes, values: Sequence[Spikes], codes: Codes) -> list[int]:
    """Σ_j p_j·v_j,dim by what each time step adds (LAS-12)."""
    dimensions = len(values[0].counts)
    total = [0] * dimensions
    for weight, value in zip(p.weights(codes.probabilities), values, strict=True):
        for dim, train in enumerate(value.weights(codes.value)):
            total[dim] += sum(product_increments(weight, train))
    return total


def mixed(total: Sequence[int], codes: Codes, ties: Ties, spread: int = 1) -> tuple[list[int], int]:
    """A head's mixed values with 16 fraction bits, and their saturations (LAS-12)."""
    scale = combine(codes.probabilities.unit, codes.value.unit, ties)
    silent = [0] * len(total)
    bound = mixing_bound(codes) * spread
    done = rescale(total, bound, [scale] * len(total), silent, 40, ties)
    return done.output, done.saturations


def count_spikes(spikes: Spikes, code: Code) -> int:
    """How many spikes a population fires (LAS-19)."""
    return sum(sum(map(bool, train)) for train in spikes.weights(code))


def attend(
    query: Spikes,
    keys: Sequence[Spikes],
    values: Sequence[Spikes],
    codes: Codes,
    score_scale: Scale,
    softmax: Softmax,
) -> Attended:
    """One query of one head over its visible positions (LAS-10 to LAS-12)."""
    ties = softmax.ties
    increments = score_keys(query, keys, codes)
    distance = distances(offset_increments(increments))
    bound = score_bound(len(query.counts), codes)
    scale = combine(combine(codes.query.unit, codes.key.unit, ties), score_scale, ties)
    weights = weigh(logarithms(distance, bound, scale, ties), softmax)
    p, cut = encode(weights.probabilities, 30, codes.probabilities)
    total = mix(p, values, codes)
    out, saturations = mixed(total, codes, ties, softmax.spread)
    return Attended(
        top=max(sum(own) for own in increments),
        weights=weights,
        accumulator=total,
        mixed=out,
        probability_spikes=count_spikes(p, codes.probabilities),
        saturations=cut + saturations,
    )
