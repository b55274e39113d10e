"""The clauses of chapters 18 to 20 on plain Python integers, one token at a time."""

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

from spikeref.arith.scalar import block_shift, normalise, round_shift, saturate
from spikeref.arith.ties import Ties
from spikeref.functions.tables import FunctionTables
from spikeref.model.las_constants import LasConstants
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.hierarchical import HgNeuron, Identity, Piece
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import OatCode

Row = list[int]
Scale = tuple[int, int]


@dataclass(frozen=True)
class Spiked:
    """NEUR-3: signed count, outlier flag, value, and the number of spikes of the train."""

    count: int
    outlier: bool
    value: int
    spikes: int
    saturated: bool


def oat(x: int, fraction_bits: int, code: OatCode) -> Spiked:
    """NEUR-2 and NEUR-3."""
    form, size = code.form, abs(x)
    normal, outlier = (t << (fraction_bits - 16) for t in (code.normal, code.outlier))
    is_outlier = size >= normal if form.gate is Rule.BELOW else size > normal
    threshold = outlier if is_outlier else normal
    rest = form.levels * (1 << form.steps) * min(size, threshold)
    count = spikes = 0
    for t in range(1, form.steps + 1):
        unit = (1 << (form.steps - t)) * threshold
        reached = rest - 1 if form.rule is Rule.BELOW else rest
        s = min(reached // unit, 2 * form.levels - 1) if reached >= 0 else 0
        s = s if s >= form.levels else 0
        rest -= s * unit
        count += s << (form.steps - t)
        spikes += s > 0
    signed = -count if x < 0 else count
    ratio = code.outlier // code.divisor if is_outlier else code.normal // code.divisor
    return Spiked(signed, is_outlier, signed * ratio, spikes, size > outlier)


@cache
def unit_of(code: OatCode) -> Scale:
    """NEUR-4: U = G·2^−(16 + T)/n with a mantissa of 16 bits, half to even."""
    exact = Fraction(code.divisor, code.form.levels << (16 + code.form.steps))
    e = -100
    while exact / Fraction(2) ** e >= 1 << 16:
        e += 1
    m = round(exact / Fraction(2) ** e)
    return (1 << 15, e + 1) if m == 1 << 16 else (m, e)


@lru_cache(maxsize=64)
def _rising(neuron: Expansion) -> Row:
    """Its thresholds in rising order; those of a falling neuron with the other sign.

    The cache keeps the neuron: another that came to lie in its place would be taken for it.
    """
    thresholds = [int(v) for v in neuron.thresholds]
    return [-v for v in thresholds] if neuron.falling else thresholds


def _codes(piece: Piece, x: int, steps: int) -> int:
    """NEUR-6 to NEUR-8 with expansion and identity sub-neurons, at the scale of 16 steps."""
    sub = piece.neuron
    if isinstance(sub, Identity):
        code = x >> sub.shift
    else:
        assert isinstance(sub, Expansion)
        code = bisect_right(_rising(sub), -x if sub.falling else x)
    return code >> (16 - steps) << (16 - steps)


def hg(neuron: HgNeuron, x: int, steps: int) -> tuple[int, int]:
    """NEUR-8: signed code and exponent, 0 and 0 where no gate is open."""
    for piece in neuron.pieces:
        if piece.low <= x <= piece.high:
            return piece.sign * _codes(piece, x, steps), piece.exponent
    return 0, 0


def mantissa(s: int, *, even: bool) -> tuple[int, int]:
    """HG-3."""
    e = s.bit_length() - 24
    if even and e % 2:
        e += 1
    return (s >> e if e > 0 else s << -e), e


def square(x: int, tables: FunctionTables, steps: int) -> int:
    """HG-7."""
    if x == 0:
        return 0
    m, e = mantissa(abs(x), even=False)
    (piece,) = tables.square.pieces
    places = 32 + 2 * e
    code = _codes(piece, m, steps)
    return code << places if places >= 0 else code >> -places


def exp_weight(t: int, tables: FunctionTables, steps: int) -> int:
    """HG-2."""
    k = t >> 16
    code, _ = hg(tables.exp, t - (k << 16), steps)
    return code << (23 - k) if k <= 23 else 0


def combine(first: Scale, second: Scale, ties: Ties) -> Scale:
    """LAS-1."""
    m, e = normalise(first[0] * second[0], 16, ties)
    return m, e + first[1] + second[1]


def shifted(y: int, bound: int, scale: Scale, ties: Ties) -> int:
    """The two roundings of LAS-2, without bias and saturation."""
    assert abs(y) <= bound < 1 << 62
    s = max(0, bound.bit_length() - 46)
    return round_shift(round_shift(y, s, ties) * scale[0], -(scale[1] + s + 16), ties)


def wide_rescale(
    y: int, bound: int, scale: Scale, bits: int, ties: Ties, bias: int = 0
) -> tuple[int, int]:
    """LAS-2: the output and whether it saturated."""
    whole = shifted(y, bound, scale, ties) + bias
    found = saturate(whole, bits)
    return found, int(found != whole)


@dataclass(frozen=True)
class Norm:
    """What LAS-4 records of one token."""

    deviation: Row
    energy: int
    inverse: int
    inverse_exponent: int
    output: Row
    saturations: int


def norm(
    x: Row,
    gamma: tuple[Row, int],
    beta: Row | None,
    constants: LasConstants,
    tables: FunctionTables,
    *,
    centred: bool,
    steps: int,
    ties: Ties,
) -> Norm:
    """LAS-4, its steps in order."""
    d = [len(x) * v - sum(x) for v in x] if centred else x
    m, s = block_shift(d, 24, ties)
    coded = []
    for v in m:
        a = max(0, abs(v).bit_length() - steps)
        size = abs(v) >> a << a
        coded.append(-size if v < 0 else size)
    epsilon = round_shift(constants.norm_epsilon, 2 * s - constants.norm_epsilon_exponent, ties)
    energy = sum(square(v, tables, steps) for v in coded) + epsilon
    assert energy < 1 << 62
    code = half = 0
    y = [0] * len(x)
    if energy:
        big, e = mantissa(energy, even=True)
        code, half = hg(tables.rsqrt, big, steps)[0], e // 2
        places = 11 + half - constants.norm_root_exponent
        y = [round_shift(v * code * constants.norm_root, places, ties) for v in coded]
    exact = [
        round_shift(v * g, -gamma[1], ties) + b
        for v, g, b in zip(y, gamma[0], beta or [0] * len(x), strict=True)
    ]
    out = [saturate(v, 40) for v in exact]
    cut = sum(a != b for a, b in zip(exact, out, strict=True))
    return Norm(coded, energy, code, half, out, cut)


@dataclass(frozen=True)
class Head:
    """What LAS-10 to LAS-12 give for one query and head."""

    top: int
    total: int
    inverse: int
    inverse_exponent: int
    probabilities: list[Spiked]
    accumulator: Row
    mixed: Row
    saturations: int


def attend(
    query: Row,
    keys: list[Row],
    values: list[Row],
    codes: dict[str, OatCode],
    score: Scale,
    tables: FunctionTables,
    steps: int,
    ties: Ties,
) -> Head:
    """LAS-10 to LAS-12 over the visible positions, whose values v are given."""
    scores = [sum(a * b for a, b in zip(query, key, strict=True)) for key in keys]
    bound = 2 * len(query) * codes["query"].largest_value * codes["key"].largest_value
    unit = combine(unit_of(codes["query"]), unit_of(codes["key"]), ties)
    scale = combine(unit, score, ties)
    top = max(scores)
    t = [saturate(shifted(top - a, bound, scale, ties), 40) for a in scores]
    weights = [exp_weight(v, tables, steps) for v in t]
    big, e = mantissa(sum(weights), even=False)
    code, _ = hg(tables.reciprocal, big, steps)
    given = [oat(round_shift(w * code, 9 + e, ties), 30, codes["probabilities"]) for w in weights]
    width = len(values[0])
    mixed = [sum(p.value * v[i] for p, v in zip(given, values, strict=True)) for i in range(width)]
    p = codes["probabilities"]
    largest = -(-((2**14 + 2) * p.form.levels * 2 ** (p.form.steps + 2)) // p.divisor)
    bound = codes["value"].largest_value * largest
    own = combine(unit_of(p), unit_of(codes["value"]), ties)
    done = [wide_rescale(a, bound, own, 40, ties) for a in mixed]
    cut = sum(g.saturated for g in given) + sum(c for _, c in done)
    return Head(top, sum(weights), code, e, given, mixed, [v for v, _ in done], cut)


def gated(gate: tuple[int, int], up: Spiked, unit: Scale, ties: Ties) -> tuple[int, int]:
    """LAS-13: m and whether it saturated."""
    code, exponent = gate
    whole = round_shift(code * up.value * unit[0], -(exponent + unit[1] + 16), ties)
    return saturate(whole, 40), int(saturate(whole, 40) != whole)
