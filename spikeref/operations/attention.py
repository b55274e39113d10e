"""Spiked attention as operations, part by part and whole (chapter 9)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.dense import DENSE
from spikeref.engine.products import Engine
from spikeref.errors import UsageError
from spikeref.forward.cache import SpikeCache
from spikeref.model.config import Constants
from spikeref.operations.arithmetic import coefficients_of
from spikeref.operations.counts import spike_counts
from spikeref.operations.operation import Inputs, Outputs, Parameters, Run
from spikeref.operations.parameters import (
    encoder_of,
    flag,
    integer,
    integers,
    rotation_of,
    ties_of,
    window_of,
)
from spikeref.ops import attention as attention_ops
from spikeref.ops import attention_steps
from spikeref.ops.attention import AttentionOutput
from spikeref.ops.attention_steps import AttentionRules, SpikesOfHeads
from spikeref.ops.heads import (
    TURNED_FRACTION_BITS,
    HeadSpikes,
    Queries,
    query_mantissas,
    query_mantissas_of_rows,
    spiking_heads,
    spiking_heads_of_rows,
)
from spikeref.ops.rope import Turns, rotate_positions
from spikeref.ops.visibility import visible_spikes


def rope(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `rope` (ATT-1)."""
    x = inputs["x"].astype(np.int64)
    return {"r": rotate_positions(x, inputs["cos"], inputs["sin"])}


def cache_heads(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `cache_heads` (ATT-2, ATT-3)."""
    r = inputs["r"]
    plan = rotation_of(parameters, r.shape[-1])
    done = spiking_heads(r, integer(parameters, "fraction_bits"), plan, encoder_of(parameters))
    return {
        "potential": done.potential,
        "mantissa": done.mantissa,
        "exponent": done.exponent,
        "counts": done.counts,
    }


def _constants(parameters: Parameters) -> Constants:
    """Return the two constants that queries take, among others that they do not."""
    return Constants(
        norm_root=0,
        norm_root_exponent=0,
        norm_epsilon=0,
        score_mantissa=integer(parameters, "score_mantissa"),
        score_exponent=integer(parameters, "score_exponent"),
        log2e=0,
    )


def queries(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `queries` (ATT-4)."""
    r = inputs["r"]
    plan = rotation_of(parameters, r.shape[-1])
    done = query_mantissas(
        r, TURNED_FRACTION_BITS, plan, _constants(parameters), ties_of(parameters)
    )
    return {"mantissa": done.mantissa, "exponent": done.exponent}


def _cached(parameters: Parameters, inputs: Inputs, prefix: str = "") -> HeadSpikes:
    """Return cached keys or values; their potentials are gone."""
    counts = spike_counts(inputs[f"{prefix}counts"], encoder_of(parameters))
    return HeadSpikes(
        potential=counts,
        counts=counts,
        mantissa=inputs[f"{prefix}mantissa"].astype(np.int64),
        exponent=inputs[f"{prefix}exponent"].astype(np.int64),
    )


def _rules(parameters: Parameters, inputs: Inputs, width: int) -> AttentionRules:
    window = window_of(parameters) if "window" in parameters else None
    rotated = "rotate" in parameters and flag(parameters, "rotate")
    return AttentionRules(
        window=window,
        encoder=encoder_of(parameters if "bits" in parameters else {**parameters, "bits": 8}),
        softmax=attention_steps.Exp2Softmax(coefficients_of(inputs) if "table" in inputs else ()),
        head_plan=rotation_of(parameters, width) if rotated else None,
    )


def _none_hidden(positions: int) -> NDArray[np.bool_]:
    return np.zeros((1, 1, positions), dtype=np.bool_)


def _one_head(heads: HeadSpikes) -> SpikesOfHeads:
    return SpikesOfHeads(
        counts=heads.counts[:, None],
        mantissa=heads.mantissa[None, :],
        exponent=heads.exponent[None, :],
    )


def scores(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `scores` (ATT-6)."""
    query = Queries(
        mantissa=inputs["query"].astype(np.int64)[None, None, :],
        exponent=inputs["query_exponent"].astype(np.int64).reshape(1, 1),
    )
    keys = _one_head(_cached(parameters, inputs))
    rules = _rules(parameters, inputs, len(inputs["query"]))
    hidden = _none_hidden(len(inputs["counts"]))
    done = attention_steps.score_keys(query, keys, hidden, rules, DENSE)
    return {"score": done.values[0, 0], "saturations": done.count[0]}


def softmax(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `softmax` (ATT-7)."""
    score = inputs["score"]
    rules = _rules(parameters, inputs, 1)
    done = attention_steps.weigh_scores(score[None, None, :], _none_hidden(len(score)), rules)
    return {
        "top": done.top_score[0, 0],
        "weight": done.weight[0, 0].astype(np.int64),
        "sum": done.weight_sum[0, 0],
    }


def mix(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `mix` (ATT-8, ATT-9)."""
    weight, values = inputs["weight"], _one_head(_cached(parameters, inputs))
    rules = _rules(parameters, inputs, inputs["counts"].shape[-1])
    done = attention_steps.mix_values(
        weight[None, None, :], values, _none_hidden(len(weight)), rules, DENSE
    )
    total = weight.sum(dtype=np.int64).reshape(1, 1)
    return {
        "accumulator": done.values[0, 0],
        "mixed": attention_steps.divide_by_weights(done.values, total, rules)[0, 0],
        "exponent": done.exponent[0, 0],
    }


def _attention_outputs(done: AttentionOutput) -> Outputs:
    return {
        "top_score": done.top_score,
        "weight_sum": done.weight_sum,
        "accumulator": done.accumulator,
        "mixed": done.mixed.values,
        "exponent": done.mixed.exponent,
    }


def require_groups(heads: int, groups: int) -> None:
    """Raise UsageError unless the query heads are a multiple of the key heads (ATT-5)."""
    if heads % groups:
        raise UsageError(f"{heads} query heads are no multiple of {groups} key heads (CONF-10)")


def attend(engine: Engine) -> Run:
    """Return `attend` run with an engine (ATT-5 to ATT-11)."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        query = Queries(
            mantissa=inputs["query"].astype(np.int64),
            exponent=inputs["query_exponent"].astype(np.int64),
        )
        tokens, heads, width = query.mantissa.shape
        require_groups(heads, inputs["key_counts"].shape[1])
        rules = _rules(parameters, inputs, width)
        caches = []
        for prefix in ("key_", "value_"):
            held = _cached(parameters, inputs, prefix)
            cache = SpikeCache(held.counts.shape[1], width)
            cache.write(held, 0)
            caches.append(cache)
        keys, values = caches
        first = len(keys.view().counts) - tokens
        done = attention_ops.attend(query, keys.view(), values.view(), first, rules, engine)
        return _attention_outputs(done) | {
            "key_spikes": visible_spikes(keys.spikes, tokens, heads, rules.sight),
            "value_spikes": visible_spikes(values.spikes, tokens, heads, rules.sight),
            "saturations": done.score_saturations,
        }

    return run


def passes(parameters: Parameters, tokens: int) -> list[slice]:
    """Return the tokens of each pass: of the lengths that `chunks` lists, or all at once.

    UsageError unless the lengths, each at least 1, add up to the number of tokens.
    """
    lengths = integers(parameters, "chunks")
    if lengths and (min(lengths) < 1 or sum(lengths) != tokens):
        raise UsageError(f"parameter chunks: {lengths} do not add up to {tokens} tokens (CONF-10)")
    lengths = lengths or (tokens,)
    edges = np.cumsum((0, *lengths), dtype=np.int64).tolist()
    return [slice(low, low + length) for low, length in zip(edges, lengths, strict=False)]


def cached_attention(engine: Engine) -> Run:
    """Return `cached_attention` run with an engine (ATT-1 to ATT-12)."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        encoder, width = encoder_of(parameters), inputs["q"].shape[-1]
        require_groups(inputs["q"].shape[1], inputs["k"].shape[1])
        rules = _rules(parameters, inputs, width)
        keys, values = (SpikeCache(inputs["k"].shape[1], width) for _ in range(2))
        done: list[Outputs] = []
        for rows in passes(parameters, len(inputs["q"])):
            turns = Turns(cos=inputs["cos"][rows], sin=inputs["sin"][rows])
            q, k, v = (inputs[name][rows].astype(np.int64) for name in ("q", "k", "v"))
            query = query_mantissas_of_rows(
                q, turns, rules.head_plan, _constants(parameters), rules.ties
            )
            for cache, heads, turned in ((keys, k, turns), (values, v, None)):
                spikes = spiking_heads_of_rows(heads, turned, rules.head_plan, encoder)
                cache.write(spikes, rows.start)
            found = attention_ops.attend(
                query, keys.view(), values.view(), rows.start, rules, engine
            )
            done.append(_attention_outputs(found) | {"saturations": found.score_saturations})
        return {name: _joined(done, name) for name in done[0]}

    return run


def _joined(parts: list[Outputs], name: str) -> NDArray[Any]:
    return np.concatenate([part[name] for part in parts])
