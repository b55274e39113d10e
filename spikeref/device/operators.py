"""Chapter 8: the operators of one token."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from . import hg_operators as hg
from .arithmetic import (
    Ties,
    below,
    block_shift,
    exp2,
    gate,
    isqrt,
    round_div,
    round_shift,
    saturate_all,
)
from .encoding import Clip, Neuron, Spikes, clip_potentials, encode
from .hadamard import Matrix, matrix, transform
from .las_tables import Tables
from .trains import correct_zero_point, sparse_add

IDENTITY: Matrix = ((1,),)
"""No rotation, as blocks of order 1."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """Values v·2^exponent (CONV-4)."""

    values: list[int]
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """The encoded input of a group of linear operators (OP-4 to OP-7)."""

    potentials: Scaled
    spikes: Spikes


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The scales and biases of M output channels (OP-8)."""

    mantissas: Sequence[int]
    exponents: Sequence[int]
    bias: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Synapses:
    """A linear operator: weight rows of its N sources, sums ρ where asymmetric, channels."""

    rows: Sequence[Sequence[int]]
    sums: Sequence[int] | None
    channels: Channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a linear operator gives: accumulator, output, saturations (OP-8)."""

    accumulator: list[int]
    output: list[int]
    saturations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """The constants of RMSNorm: root C, its exponent p, ε_0 (OP-2)."""

    root: int
    root_exponent: int
    epsilon: int


@dataclass(frozen=True, slots=True)
class Gamma:
    """The gains of a norm and their exponent (OP-3)."""

    gains: Sequence[int]
    exponent: int


def embed(row: Sequence[int], exponent: int, ties: Ties) -> tuple[list[int], int]:
    """The residual stream of a token's row and its saturations (OP-1)."""
    return saturate_all([round_shift(m, -(exponent + 16), ties) for m in row], 40)


def rms_norm(
    x: Sequence[int], norm: Norm, gamma: Gamma | None, ties: Ties, tables: Tables | None = None
) -> Scaled:
    """RMSNorm and gamma, by HG neurons where there are tables (OP-2, OP-3, LAS-17)."""
    y = _normalised(x, norm, ties, tables)
    if gamma is None:
        return Scaled(y, -16)
    u = [gate(a * g, 43) for a, g in zip(y, gamma.gains, strict=True)]
    return Scaled(u, gamma.exponent - 16)


def _normalised(x: Sequence[int], norm: Norm, ties: Ties, tables: Tables | None) -> list[int]:
    """x over its root mean square, with 16 fraction bits (OP-2)."""
    mantissas, shift = block_shift(x, 24, ties)
    if tables is not None:
        constants = norm.root, norm.root_exponent
        return hg.normalised(mantissas, shift, norm.epsilon, constants, tables, ties)
    energy = sum(m * m for m in mantissas) + round_shift(norm.epsilon, 2 * shift, ties)
    if energy == 0:
        return [0] * len(mantissas)
    h = (62 - energy.bit_length()) // 2
    root = isqrt(energy << (2 * h))
    inverse = below(round_div(norm.root, root, ties), 1 << 29)
    back = norm.root_exponent - h - 16
    return [gate(round_shift(m * inverse, back, ties), 27) for m in mantissas]


def entry_bits(order: int) -> int:
    """The entry width n_e before a rotation of the order (OP-4)."""
    return min(16, 31 - (order - 1).bit_length())


def spiking_input(u: Scaled, neuron: Neuron, clip: Clip | None, *, rotate: bool) -> Input:
    """Entry, rotation, clipping and encoding of one token (OP-4 to OP-7)."""
    rows = matrix(len(u.values)) if rotate else IDENTITY
    mantissas, shift = block_shift(u.values, entry_bits(len(rows)), neuron.ties)
    exponent = u.exponent + shift
    v = [below(x, 1 << 30) for x in transform(rows, mantissas)]
    if clip is not None:
        v = clip_potentials(v, exponent, clip, neuron.ties)
    return Input(potentials=Scaled(v, exponent), spikes=encode(v, neuron))


def rescale(
    y: Sequence[int], mantissa: int, exponent: int, channels: Channels, bits: int, ties: Ties
) -> tuple[list[int], int]:
    """Accumulators of a token of scale (m_t, e_t + E) to outputs; saturations (OP-8)."""
    out = []
    for m, total in enumerate(y):
        product = below(total, 1 << 30) * mantissa * channels.mantissas[m]
        shift = -(exponent + channels.exponents[m] + 16)
        out.append(round_shift(product, shift, ties) + channels.bias[m])
    return saturate_all(out, bits)


def linear(given: Input, synapses: Synapses, neuron: Neuron, bits: int) -> Output:
    """Sparse addition, zero point, rescale and bias (OP-8)."""
    spikes, channels = given.spikes, synapses.channels
    y = sparse_add(spikes.counts, synapses.rows, len(channels.mantissas), neuron.steps)
    if synapses.sums is not None:
        y = correct_zero_point(y, spikes.zero_point, synapses.sums)
    exponent = spikes.exponent + given.potentials.exponent
    output, saturations = rescale(y, spikes.mantissa, exponent, channels, bits, neuron.ties)
    return Output(accumulator=y, output=output, saturations=saturations)


def silu_gate(
    gates: Sequence[int],
    ups: Sequence[int],
    log2e: int,
    table: Sequence[int],
    ties: Ties,
    tables: Tables | None = None,
) -> Scaled:
    """The product of SiLU(gate) and up, by HG neurons where there are tables (OP-9, LAS-17)."""
    if tables is not None:
        return Scaled(hg.gate_product(gates, ups, tables, ties), -32)
    u = []
    for g, a in zip(gates, ups, strict=True):
        t = round_shift(abs(g) * log2e, 30, ties)
        w = exp2(t, table, ties)
        sigma = round_div(1 << 50, (1 << 30) + w, ties)
        if g < 0:
            sigma = (1 << 20) - sigma
        k = round_shift(g * sigma, 20, ties)
        u.append(below(k * a, 1 << 62))
    return Scaled(u, -32)


def add_residual(residual: Sequence[int], out: Sequence[int]) -> tuple[list[int], int]:
    """The residual stream after an addition, and its saturations (OP-10)."""
    return saturate_all([x + y for x, y in zip(residual, out, strict=True)], 40)


def logits(
    u: Scaled, rows: Sequence[Sequence[int]], exponents: Sequence[int], ties: Ties
) -> tuple[Scaled, list[int], int]:
    """The entry of the head, the logits and their saturations (OP-12)."""
    mantissas, shift = block_shift(u.values, 16, ties)
    exponent = u.exponent + shift
    scores = []
    for row, e in zip(rows, exponents, strict=True):
        total = sum(map(mul, mantissas, row))
        scores.append(round_shift(total, -(exponent + e + 16), ties))
    clipped, saturations = saturate_all(scores, 32)
    return Scaled(mantissas, exponent), clipped, saturations


def greedy(scores: Sequence[int]) -> int:
    """The lowest id among those with the largest logit (OP-13)."""
    best = 0
    for token, score in enumerate(scores):
        if score > scores[best]:
            best = token
    return best
