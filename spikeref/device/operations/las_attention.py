"""Operations of chapter 20: attention by spikes."""

from collections.abc import Mapping, Sequence

from .. import attention as positions
from .. import las_attention as rule
from ..las_neurons import Form, check_membranes
from ..las_operators import Spikes, product_increments
from ..las_parameters import (
    code_of,
    form_of,
    function_of,
    heads_of,
    scale_of,
    spikes_of,
)
from ..parameters import Parameters
from ..tensor import Refusal, Tensor, matrix, scalar, stack, vector

Tensors = Mapping[str, Tensor]


def las_heads(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-7."""
    code, ties = code_of(parameters, form_of(parameters)), parameters.ties
    turns = zip(inputs["cos"].rows(), inputs["sin"].rows(), strict=True) if "cos" in inputs else ()
    tokens = inputs["x"].blocks()
    if "cos" in inputs:
        done = [
            [rule.turn(positions.rope(head, cos, sin), code, ties) for head in heads]
            for heads, (cos, sin) in zip(tokens, turns, strict=True)
        ]
    else:
        done = [[rule.encode(head, 16, code) for head in heads] for heads in tokens]
    return {
        "counts": stack("i32", [[spikes.counts for spikes, _ in heads] for heads in done]),
        "outliers": stack("i8", [[spikes.outliers for spikes, _ in heads] for heads in done]),
        "saturations": vector("i64", [sum(cut for _, cut in heads) for heads in done]),
    }


def las_saa(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-8."""
    form = form_of(parameters)
    a_code, b_code = code_of(parameters, form, "a_"), code_of(parameters, form, "b_")
    (a,) = _single(inputs, form, "a_")
    sources = a.weights(a_code)
    rows = [row.weights(b_code) for row in spikes_of(inputs, form, "b_")]
    targets = len(rows[0])
    total = [[0] * targets for _ in range(form.steps)]
    for source, row in zip(sources, rows, strict=True):
        for m, train in enumerate(row):
            for t, increment in enumerate(product_increments(source, train)):
                total[t][m] += increment
    return {
        "increments": matrix("i64", total),
        "sum": vector("i64", [sum(column) for column in zip(*total, strict=True)]),
    }


def _single(inputs: Tensors, form: Form, role: str) -> list[Spikes]:
    """One population given as vectors."""
    whole = {
        f"{role}{name}": Tensor(tensor.type, (1, *tensor.shape), tensor.flat)
        for name in ("counts", "outliers")
        for tensor in (inputs[f"{role}{name}"],)
    }
    return list(spikes_of(whole, form, role))


def _codes(parameters: Parameters, form: Form, roles: Sequence[str]) -> rule.Codes:
    """The codes of the named roles; the others, which do not matter, are the query's."""
    known = {role: code_of(parameters, form, f"{role}_") for role in roles}
    spare = known["query"]
    return rule.Codes(
        query=known["query"],
        key=known.get("key", spare),
        value=known.get("value", spare),
        probabilities=known.get("probabilities", spare),
    )


def las_softmax_offset(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-10."""
    form = form_of(parameters)
    codes = _codes(parameters, form, ("query", "key"))
    (query,) = _single(inputs, form, "query_")
    keys = list(spikes_of(inputs, form, "key_"))
    increments = rule.score_keys(query, keys, codes)
    offsets = rule.offset_increments(increments)
    return {
        "score": vector("i64", [sum(own) for own in increments]),
        "offsets": matrix("i64", offsets),
        "distance": vector("i64", rule.distances(offsets)),
    }


def _softmax(parameters: Parameters, inputs: Tensors, *, published: bool) -> rule.Softmax:
    return rule.Softmax(
        exp=function_of(parameters, inputs["exp"], falling=True),
        reciprocal=function_of(parameters, inputs["reciprocal"], falling=True),
        published=published,
        ties=parameters.ties,
    )


def las_softmax(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-11."""
    return _weighed(parameters, inputs, _softmax(parameters, inputs, published=False))


def las_published_softmax(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-16."""
    return _weighed(parameters, inputs, _softmax(parameters, inputs, published=True))


def _weighed(parameters: Parameters, inputs: Tensors, softmax: rule.Softmax) -> dict[str, Tensor]:
    bound, scale = parameters.integer("bound"), scale_of(parameters, "scale")
    distance = inputs["distance"].flat
    if not 1 <= bound < 1 << 61:
        raise Refusal("parameter", f"bound {bound} outside 1 … 2^61−1")
    if any(not 0 <= d <= 2 * bound for d in distance):
        raise Refusal("range", "a distance beyond its bound")
    found = rule.weigh(rule.logarithms(distance, bound, scale, softmax.ties), softmax)
    return {
        "sum": scalar("i64", found.sum),
        "inverse": scalar("i32", found.inverse),
        "inverse_exponent": scalar("i32", found.inverse_exponent),
        "probability": vector("i64", found.probabilities),
    }


def las_mix(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-12."""
    form, ties = form_of(parameters), parameters.ties
    value = code_of(parameters, form, "value_")
    p_code = code_of(parameters, form, "probabilities_")
    codes = rule.Codes(query=value, key=value, value=value, probabilities=p_code)
    check_membranes(inputs["probability"].flat)
    p, cut = rule.encode(inputs["probability"].flat, 30, p_code)
    total = rule.mix(p, list(spikes_of(inputs, form, "value_")), codes)
    out, saturations = rule.mixed(total, codes, ties)
    return {
        "counts": vector("i32", p.counts),
        "outliers": vector("i8", p.outliers),
        "accumulator": vector("i64", total),
        "mixed": vector("i64", out),
        "saturations": scalar("i64", cut + saturations),
    }


def las_attend(parameters: Parameters, inputs: Tensors) -> dict[str, Tensor]:
    """LAS-10 to LAS-12."""
    form, window = form_of(parameters), parameters.window
    causal = parameters.flag("causal")
    codes = _codes(parameters, form, ("query", "key", "value", "probabilities"))
    queries, keys, values = (heads_of(inputs, form, f"{r}_") for r in ("query", "key", "value"))
    softmax = _softmax(parameters, inputs, published=False)
    scale = scale_of(parameters, "score")
    first, heads, groups = len(keys) - len(queries), len(queries[0]), len(keys[0])
    done, spiked = [], []
    for t, query in enumerate(queries):
        seen = positions.visible(first + t, window) if causal else range(len(keys))
        for head in range(heads):
            g = positions.key_head(head, heads, groups)
            near = [keys[j][g] for j in seen]
            far = [values[j][g] for j in seen]
            done.append(rule.attend(query[head], near, far, codes, scale, softmax))
            spiked.append(
                (
                    sum(rule.count_spikes(key, codes.key) for key in near),
                    sum(rule.count_spikes(value, codes.value) for value in far),
                )
            )

    def by_token(numbers: Sequence[int]) -> list[Sequence[int]]:
        return [numbers[at : at + heads] for at in range(0, len(numbers), heads)]

    own = by_token([found.saturations for found in done])
    mixed = [x for found in done for x in found.mixed]
    width = len(done[0].mixed) * heads
    return {
        "top": matrix("i64", by_token([found.top for found in done])),
        "sum": matrix("i64", by_token([found.weights.sum for found in done])),
        "inverse": matrix("i32", by_token([found.weights.inverse for found in done])),
        "inverse_exponent": matrix(
            "i32", by_token([found.weights.inverse_exponent for found in done])
        ),
        "accumulator": stack(
            "i64",
            [
                [found.accumulator for found in done[at : at + heads]]
                for at in range(0, len(done), heads)
            ],
        ),
        "mixed": matrix("i64", [mixed[at : at + width] for at in range(0, len(mixed), width)]),
        "probability_spikes": matrix("i64", by_token([f.probability_spikes for f in done])),
        "key_spikes": matrix("i64", by_token([near for near, _ in spiked])),
        "value_spikes": matrix("i64", by_token([far for _, far in spiked])),
        "saturations": vector("i64", [sum(row) for row in own]),
    }
