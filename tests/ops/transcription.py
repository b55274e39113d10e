"""The clauses of chapters 8 and 9 on plain Python integers, one token at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isqrt, log2

import numpy as np

from spikeref.arith.hadamard import HadamardPlan, hadamard_matrix
from spikeref.arith.scalar import block_shift, exp2, normalise, round_div, round_shift, saturate
from spikeref.arith.ties import Ties
from spikeref.model.config import Constants
from spikeref.model.layers import Gamma
from spikeref.neurons.counts import Encoder, Encoding
from tests.arith.integers import nearest
from tests.neurons.encoders import asymmetric_counts, symmetric_counts

Row = list[int]


def rms_norm(x: Row, gamma: Gamma | None, constants: Constants, ties: Ties) -> tuple[Row, int]:
    """OP-2 and OP-3: u and its exponent."""
    m, s = block_shift(x, 24, ties)
    energy = sum(v * v for v in m) + round_shift(constants.norm_epsilon, 2 * s, ties)
    assert energy < 1 << 62
    if energy == 0:
        y = [0] * len(x)
    else:
        h = (62 - energy.bit_length()) // 2
        root = isqrt(energy << (2 * h))
        assert 1 << 30 <= root < 1 << 31
        inverse = round_div(constants.norm_root, root, ties)
        assert inverse <= 1 << 29
        y = [round_shift(v * inverse, constants.norm_root_exponent - h - 16, ties) for v in m]
    if gamma is None:
        return y, -16
    u = [a * int(g) for a, g in zip(y, gamma.mantissas, strict=True)]
    return u, gamma.exponent - 16


def whole_matrix(plan: HadamardPlan | None, width: int) -> list[Row]:
    """The matrix of HAD-5, its diagonal blocks included; the identity without a rotation."""
    if plan is None:
        return np.eye(width, dtype=np.int64).tolist()
    block = hadamard_matrix(plan).astype(np.int64)
    return np.kron(np.eye(plan.blocks, dtype=np.int64), block).tolist()


def times(matrix: list[Row], u: Row) -> Row:
    return [sum(h * x for h, x in zip(row, u, strict=True)) for row in matrix]


def entry_bits(order: int) -> int:
    return min(16, 31 - ceil(log2(order)))


def entry(u: Row, exponent: int, plan: HadamardPlan | None, ties: Ties) -> tuple[Row, int]:
    """OP-4 to OP-6: v and E."""
    m, s = block_shift(u, entry_bits(1 if plan is None else plan.order), ties)
    v = times(whole_matrix(plan, len(u)), m)
    assert max(abs(x) for x in v) <= 1 << 30
    return v, exponent + s


@dataclass(frozen=True)
class Encoded:
    """OP-7: counts, zero point, range and token scale."""

    counts: Row
    zero_point: int
    amax: int
    mantissa: int
    exponent: int


def encode(v: Row, encoder: Encoder) -> Encoded:
    if encoder.encoding is Encoding.TERNARY:
        counts, amax = symmetric_counts(v, encoder)
        zero_point = 0
    else:
        counts, amax, zero_point = asymmetric_counts(v, encoder)
    mantissa, exponent = normalise(amax, 16, encoder.ties)
    return Encoded(counts, zero_point, amax, mantissa, exponent)


def silu_gate(g: int, a: int, log2e: int, coefficients: Sequence[int], ties: Ties) -> int:
    """OP-9: u with 32 fraction bits."""
    t = round_shift(abs(g) * log2e, 30, ties)
    w = 0 if t >> 16 > 64 else exp2(t, coefficients, ties)
    sigma = round_div(1 << 50, (1 << 30) + w, ties)
    if g < 0:
        sigma = (1 << 20) - sigma
    return round_shift(g * sigma, 20, ties) * a


def rope(x: Row, cos: Row, sin: Row) -> Row:
    """ATT-1 for one head."""
    half = len(x) // 2
    rotated = [0] * len(x)
    for a in range(half):
        b = a + half
        rotated[a] = x[a] * cos[a] - x[b] * sin[a]
        rotated[b] = x[b] * cos[a] + x[a] * sin[a]
    return rotated


@dataclass(frozen=True)
class Cached:
    """One key or value of one head: counts, mantissa, x."""

    counts: Row
    mantissa: int
    exponent: int


@dataclass(frozen=True)
class Head:
    """One query head after ATT-9: top, sum, saturations, o, z, and the exponent X."""

    top: int
    weight_sum: int
    saturations: int
    accumulator: Row
    ratio: Row
    exponent: int


def attend_head(
    query: Row,
    query_exponent: int,
    keys: list[Cached],
    values: list[Cached],
    position: int,
    window: int | None,
    coefficients: Sequence[int],
    ties: Ties,
) -> Head:
    """ATT-5 to ATT-9 for one token at `position` and one query head."""
    seen = [j for j in range(position + 1) if window is None or j > position - window]
    scores, saturations = {}, 0
    for j in seen:
        a = sum(mu * c for mu, c in zip(query, keys[j].counts, strict=True))
        exact = round_shift(a * keys[j].mantissa, -(query_exponent + keys[j].exponent + 16), ties)
        scores[j] = saturate(exact, 40)
        saturations += scores[j] != exact
    top = max(scores.values())
    weights = {
        j: 0 if top - s >= 64 << 16 else exp2(top - s, coefficients, ties)
        for j, s in scores.items()
    }
    largest = max(values[j].exponent for j in seen)
    addends = {
        j: round_shift(w * values[j].mantissa, 18 + largest - values[j].exponent, ties)
        for j, w in weights.items()
    }
    width = len(query)
    mixed = [sum(addends[j] * values[j].counts[i] for j in seen) for i in range(width)]
    total = sum(weights.values())
    ratio = [nearest(Fraction(o << 15, total), ties) for o in mixed]
    return Head(top, total, saturations, mixed, ratio, largest)


def join_heads(heads: list[Head], plan: HadamardPlan | None, ties: Ties) -> tuple[Row, int]:
    """ATT-10 and ATT-11: the input of o and its exponent."""
    largest = max(head.exponent for head in heads)
    joined: Row = []
    for head in heads:
        aligned = [round_shift(z, largest - head.exponent, ties) for z in head.ratio]
        matrix = whole_matrix(plan, len(aligned))
        joined += times([list(column) for column in zip(*matrix, strict=True)], aligned)
    return joined, largest + 3


def logits(
    u: Row, exponent: int, rows: list[Row], exponents: Row, ties: Ties
) -> tuple[Row, int, Row, int]:
    """OP-12: u', E, the logits and their saturations."""
    m, s = block_shift(u, 16, ties)
    e = exponent + s
    exact = [
        round_shift(sum(a * b for a, b in zip(m, row, strict=True)), -(e + x + 16), ties)
        for row, x in zip(rows, exponents, strict=True)
    ]
    found = [saturate(x, 32) for x in exact]
    return m, e, found, sum(a != b for a, b in zip(exact, found, strict=True))
