"""Operations of chapter 9, and the cache of chapter 16."""

from collections.abc import Mapping, Sequence

from .. import attention as rule
from .. import packing
from ..attention import KEY_FRACTION, VALUE_FRACTION, Cached, Heads, Mixed, Position, Score
from ..operators import Scaled
from ..parameters import Parameters
from ..tensor import Tensor, matrix, scalar, stack, vector
from .arithmetic import coefficients


def rope(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ATT-1."""
    places = zip(inputs["cos"].rows(), inputs["sin"].rows(), strict=True)
    turned = [
        [rule.rope(head, cos, sin) for head in heads]
        for heads, (cos, sin) in zip(inputs["x"].blocks(), places, strict=True)
    ]
    return {"r": stack("i64", turned)}


def cache_heads(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ATT-2, ATT-3."""
    neuron, rotate = parameters.cache_neuron, parameters.flag("rotate")
    fraction_bits = parameters.integer("fraction_bits")
    tokens = [
        [rule.cache_head(head, neuron, fraction_bits, rotate=rotate) for head in heads]
        for heads in inputs["r"].blocks()
    ]
    return {
        "potential": stack("i32", [[potentials for potentials, _ in heads] for heads in tokens]),
        "mantissa": matrix("i32", [[cached.mantissa for _, cached in heads] for heads in tokens]),
        "exponent": matrix("i32", [[cached.exponent for _, cached in heads] for heads in tokens]),
        "counts": stack("i16", [[cached.counts for _, cached in heads] for heads in tokens]),
    }


def queries(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ATT-4."""
    score, ties, rotate = _score(parameters), parameters.ties, parameters.flag("rotate")
    tokens = [
        [rule.query_head(head, score, ties, rotate=rotate) for head in heads]
        for heads in inputs["r"].blocks()
    ]
    return {
        "mantissa": stack("i32", [[query.values for query in heads] for heads in tokens]),
        "exponent": matrix("i32", [[query.exponent for query in heads] for heads in tokens]),
    }


def _score(parameters: Parameters) -> Score:
    return Score(
        mantissa=parameters.integer("score_mantissa"),
        exponent=parameters.integer("score_exponent"),
    )


def _cached(
    counts: Sequence[Sequence[int]], mantissas: Sequence[int], exponents: Sequence[int]
) -> list[Cached]:
    return [
        Cached(counts=row, mantissa=mantissa, exponent=exponent)
        for row, mantissa, exponent in zip(counts, mantissas, exponents, strict=True)
    ]


def _entries(inputs: Mapping[str, Tensor]) -> list[Cached]:
    return _cached(inputs["counts"].rows(), inputs["mantissa"].flat, inputs["exponent"].flat)


def scores(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ATT-6."""
    query = Scaled(list(inputs["query"].flat), inputs["query_exponent"].scalar)
    bits = parameters.count_bits()
    found, saturations = rule.scores(query, _entries(inputs), bits, parameters.ties)
    return {"score": vector("i64", found), "saturations": scalar("i64", saturations)}


def softmax(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ATT-7."""
    top, weights, total = rule.softmax(inputs["score"].flat, coefficients(inputs), parameters.ties)
    return {
        "top": scalar("i64", top),
        "weight": vector("i64", weights),
        "sum": scalar("i64", total),
    }


def mix(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ATT-8, ATT-9."""
    weights, ties = inputs["weight"].flat, parameters.ties
    bits = parameters.count_bits()
    accumulator, exponent = rule.mix(weights, _entries(inputs), bits, ties)
    return {
        "accumulator": vector("i64", accumulator),
        "mixed": vector("i64", rule.normalise_mix(accumulator, sum(weights), ties)),
        "exponent": scalar("i32", exponent),
    }


def _heads(parameters: Parameters, inputs: Mapping[str, Tensor]) -> Heads:
    return Heads(
        bits=parameters.count_bits(),
        rotate=parameters.flag("rotate"),
        window=parameters.window,
        table=coefficients(inputs),
        ties=parameters.ties,
    )


def _outputs(tokens: Sequence[tuple[Sequence[Mixed], Scaled]]) -> dict[str, Tensor]:
    """What `attend` and `cached_attention` both give."""
    mixed = [heads for heads, _ in tokens]
    return {
        "top_score": matrix("i64", [[head.top for head in heads] for heads in mixed]),
        "weight_sum": matrix("i64", [[head.weight_sum for head in heads] for heads in mixed]),
        "accumulator": stack("i64", [[head.accumulator for head in heads] for heads in mixed]),
        "mixed": matrix("i64", [output.values for _, output in tokens]),
        "exponent": vector("i32", [output.exponent for _, output in tokens]),
    }


def _saturations(tokens: Sequence[tuple[Sequence[Mixed], Scaled]]) -> Tensor:
    return vector("i64", [sum(head.saturations for head in heads) for heads, _ in tokens])


def _side(inputs: Mapping[str, Tensor], name: str) -> list[list[Cached]]:
    """The keys or values of every position, by head."""
    counts = inputs[f"{name}_counts"].blocks()
    mantissas, exponents = inputs[f"{name}_mantissa"].rows(), inputs[f"{name}_exponent"].rows()
    return [_cached(*entry) for entry in zip(counts, mantissas, exponents, strict=True)]


def attend(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ATT-5 to ATT-11."""
    heads = _heads(parameters, inputs)
    sides = zip(_side(inputs, "key"), _side(inputs, "value"), strict=True)
    cache = [Position(keys=keys, values=values) for keys, values in sides]
    mantissas, exponents = inputs["query"].blocks(), inputs["query_exponent"].rows()
    first = len(cache) - len(mantissas)
    tokens = []
    for t, (rows, exponent) in enumerate(zip(mantissas, exponents, strict=True)):
        asked = [Scaled(list(row), e) for row, e in zip(rows, exponent, strict=True)]
        tokens.append(rule.attend(asked, cache, first + t, heads))
    mixed = [found for found, _ in tokens]
    return _outputs(tokens) | {
        "key_spikes": matrix("i64", [[head.key_spikes for head in row] for row in mixed]),
        "value_spikes": matrix("i64", [[head.value_spikes for head in row] for row in mixed]),
        "saturations": _saturations(tokens),
    }


def cached_attention(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ATT-1 to ATT-12, token by token, whatever the passes (ATT-12)."""
    heads, score, neuron = _heads(parameters, inputs), _score(parameters), parameters.cache_neuron
    cos, sin = inputs["cos"].rows(), inputs["sin"].rows()
    sides = (inputs[name].blocks() for name in ("q", "k", "v"))
    cache: list[Position] = []
    tokens = []
    for t, (q, k, v) in enumerate(zip(*sides, strict=True)):
        turned = [rule.rope(head, cos[t], sin[t]) for head in q]
        asked = [rule.query_head(r, score, heads.ties, rotate=heads.rotate) for r in turned]
        keys = [
            rule.cache_head(rule.rope(x, cos[t], sin[t]), neuron, KEY_FRACTION, rotate=heads.rotate)
            for x in k
        ]
        values = [rule.cache_head(x, neuron, VALUE_FRACTION, rotate=heads.rotate) for x in v]
        cache.append(Position(keys=[key for _, key in keys], values=[value for _, value in values]))
        tokens.append(rule.attend(asked, cache, t, heads))
    return _outputs(tokens) | {"saturations": _saturations(tokens)}


def pack_cache(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """PACK-4."""
    bits = parameters.count_bits()
    mantissas, exponents = inputs["mantissa"].rows(), inputs["exponent"].rows()
    positions = zip(inputs["counts"].blocks(), mantissas, exponents, strict=True)
    packed = [
        [packing.pack_entry(*entry, bits) for entry in zip(*position, strict=True)]
        for position in positions
    ]
    return {"packed": stack("u8", packed)}
