"""Chapter 9: spiked attention of one token over the cache."""

from collections.abc import Sequence
from dataclasses import dataclass

from .arithmetic import below, block_shift, exp2, gate, round_div, round_shift, saturate_all
from .encoding import Spikes, add_rows, encode
from .hadamard import Matrix, matrix, transform, transposed
from .model_folder import Model
from .operators import Scaled, entry_bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """The spikes of one key or value head: potentials for the trace, counts, scale (ATT-2)."""

    potentials: list[int]
    spikes: Spikes
    mantissa: int
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Keys and values of one position, by key/value head."""

    keys: list[Cached]
    values: list[Cached]


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


def heads_of(values: Sequence[int], size: int) -> list[list[int]]:
    """The values by head."""
    return [list(values[i : i + size]) for i in range(0, len(values), size)]


def head_rotation(model: Model) -> Matrix:
    """H_d, or the identity as a block of order 1 (chapter 9)."""
    return ((1,),) if model.profile.rotation == "none" else matrix(model.shape["head_dim"])


def rope(model: Model, x: Sequence[int], position: int) -> list[int]:
    """Rotate one head by its position; 30 fraction bits (ATT-1)."""
    half = len(x) // 2
    cos = model.tensors["rope.cos"].rows()[position]
    sin = model.tensors["rope.sin"].rows()[position]
    low = [x[a] * cos[a] - x[a + half] * sin[a] for a in range(half)]
    high = [x[a + half] * cos[a] + x[a] * sin[a] for a in range(half)]
    return [gate(r, 47) for r in low + high]


def cache_head(model: Model, r: Sequence[int], fraction_bits: int) -> Cached:
    """Encode one key or value head for the cache (ATT-2, ATT-3)."""
    rows = head_rotation(model)
    u, shift = block_shift(r, entry_bits(len(rows)), model.profile.ties)
    v = [below(x, 1 << 30) for x in transform(rows, u)]
    spikes = encode(v, model.profile.cache)
    exponent = spikes.exponent + shift - fraction_bits
    return Cached(potentials=v, spikes=spikes, mantissa=spikes.mantissa, exponent=exponent)


def query_head(model: Model, r: Sequence[int]) -> Scaled:
    """The query mantissas μ and their exponent x_q (ATT-4)."""
    ties, rows = model.profile.ties, head_rotation(model)
    u, first = block_shift(r, entry_bits(len(rows)), ties)
    constants = model.constants
    w = [below(x * constants["score_mantissa"], 1 << 52) for x in transform(rows, u)]
    mu, second = block_shift(w, 24, ties)
    return Scaled(mu, first - 30 + second + constants["score_exponent"])


def score(model: Model, query: Scaled, key: Cached) -> int:
    """The score of one visible key before saturation (ATT-6)."""
    total = add_rows(key.spikes, [(mu,) for mu in query.values], 1)[0]
    shift = -(query.exponent + key.exponent + 16)
    return round_shift(gate(total, 41) * key.mantissa, shift, model.profile.ties)


def add_spikes(accumulator: list[int], addend: int, spikes: Spikes) -> None:
    """Add ± the addend of a position for each of its value spikes (ADD-6)."""
    for positive, negative in spikes.train():
        for dimension in positive:
            accumulator[dimension] += addend
        for dimension in negative:
            accumulator[dimension] -= addend


def mix_head(model: Model, query: Scaled, visible: Sequence[tuple[Cached, Cached]]) -> Mixed:
    """Scores, weights, mixing and normalisation of one query head (ATT-6 to ATT-9)."""
    ties, table = model.profile.ties, model.tensors["tables.exp2"].flat
    scores, saturations = saturate_all([score(model, query, key) for key, _ in visible], 40)
    top = max(scores)
    weights = [exp2(top - x, table, ties) for x in scores]
    total = sum(weights)
    exponent = max(value.exponent for _, value in visible)
    accumulator = [0] * len(query.values)
    for weight, (_, value) in zip(weights, visible, strict=True):
        shift = 18 + exponent - value.exponent
        addend = below(round_shift(weight * value.mantissa, shift, ties), (1 << 28) - 1)
        add_spikes(accumulator, addend, value.spikes)
    return Mixed(
        top=top,
        weight_sum=gate(total, 49),
        accumulator=[gate(o, 54) for o in accumulator],
        normalised=[gate(round_div(o << 15, total, ties), 23) for o in accumulator],
        exponent=exponent,
        key_spikes=sum(abs(c) for key, _ in visible for c in key.spikes.counts),
        value_spikes=sum(abs(c) for _, value in visible for c in value.spikes.counts),
        saturations=saturations,
    )


def attend(
    model: Model, queries: Sequence[Scaled], cache: Sequence[Position], layer: int
) -> tuple[list[Mixed], Scaled]:
    """All query heads of the newest position, and the input of o (ATT-5 to ATT-11)."""
    window = model.shape["sliding_windows"][layer]
    newest = len(cache) - 1
    visible = [j for j in range(len(cache)) if window is None or j > newest - window]
    groups, heads = model.shape["kv_heads"], model.shape["heads"]
    mixed = []
    for h, query in enumerate(queries):
        g = h * groups // heads
        mixed.append(
            mix_head(model, query, [(cache[j].keys[g], cache[j].values[g]) for j in visible])
        )
    rows = transposed(head_rotation(model))
    common = max(head.exponent for head in mixed)
    output: list[int] = []
    for head in mixed:
        shift = common - head.exponent
        aligned = [round_shift(z, shift, model.profile.ties) for z in head.normalised]
        output += [gate(y, 32) for y in transform(rows, aligned)]
    return mixed, Scaled(output, common + 3)
