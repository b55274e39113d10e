"""Attention of LAS as operations, part by part and whole (LAS-7, LAS-8, LAS-10 to LAS-12)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.wide_rescale import combine, wide_rescale
from spikeref.engine.las_products import LasEngine
from spikeref.errors import RefusedError
from spikeref.model.las_profile import Choice
from spikeref.neurons.outlier_aware import OatCode, OatSpikes
from spikeref.neurons.spike_numbers import spikes_of_rows
from spikeref.operations.arithmetic import refuse_wide
from spikeref.operations.attention import require_groups
from spikeref.operations.las_forms import (
    code_of,
    scale_of,
    spikes_of,
    steps_of,
    tables_of,
    weighed_steps,
)
from spikeref.operations.las_operators import product_increments
from spikeref.operations.operation import Inputs, Outputs, Parameters, Run
from spikeref.operations.parameters import flag, integer, ties_of, window_of
from spikeref.ops.las_attention import (
    MIXED_BITS,
    PROBABILITY_BITS,
    HeadCodes,
    LasAttentionRules,
    las_attend,
    mixing_bound,
    spiking_head,
)
from spikeref.ops.las_linear import oat_input
from spikeref.ops.las_softmax import SoftmaxRules, probabilities, running_offset
from spikeref.ops.rope import Turns
from spikeref.ops.visibility import visible_spikes

LARGEST_BOUND = 1 << 61
TABLES = ("exp", "reciprocal")


def heads(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `las_heads` (LAS-7)."""
    turns = Turns(cos=inputs["cos"], sin=inputs["sin"]) if "cos" in inputs else None
    done = spiking_head(
        inputs["x"].astype(np.int64), turns, code_of(parameters), ties_of(parameters)
    )
    return {
        "counts": done.spikes.counts,
        "outliers": done.spikes.outliers.astype(np.int8),
        "saturations": done.saturations,
    }


def _weighed(spikes: OatSpikes) -> list[NDArray[np.int64]]:
    """Return what the spikes of each time step weigh, ratios included."""
    normal, outlier = spikes.code.ratios
    ratio = np.where(spikes.outliers, np.int64(outlier), np.int64(normal))
    return [fired * ratio for fired in weighed_steps(spikes.train)]


def _sums_by_step(a: OatSpikes, b: OatSpikes) -> NDArray[np.int64]:
    """Return what each time step adds to Σ_k a_k·b_k, int64 [T, M], of a [K] and b [K, M]."""
    targets = b.counts.shape[1]
    sources = [np.repeat(now[:, None], targets, axis=1) for now in _weighed(a)]
    by_source = product_increments(sources, _weighed(b))
    return np.asarray(by_source.sum(axis=1, dtype=np.int64))


def saa(engine: LasEngine) -> Run:
    """Return `las_saa` run with an engine: the increments of every step, and its sum (LAS-8)."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        a = spikes_of(inputs, code_of(parameters, "a_"), "a_")
        b = spikes_of(inputs, code_of(parameters, "b_"), "b_")
        bound = len(a.counts) * a.code.largest_value * b.code.largest_value
        total = np.zeros(b.counts.shape[1], dtype=np.int64)
        for increment in engine.saa(a[None, :], b, bound):
            total += increment[0]
        return {"increments": _sums_by_step(a, b), "sum": total}

    return run


def softmax_offset(parameters: Parameters, inputs: Inputs) -> Outputs:
    """Run `las_softmax_offset` (LAS-10): offsets are those of the increments, one after another."""
    query = spikes_of(inputs, code_of(parameters, "query_"), "query_")
    keys = spikes_of(inputs, code_of(parameters, "key_"), "key_")
    increments = _sums_by_step(query, keys.transposed)
    hidden = np.zeros((1, len(keys.counts)), dtype=np.bool_)
    below = np.zeros((len(increments) + 1, len(keys.counts)), dtype=np.int64)
    for step in range(1, len(increments) + 1):
        arrived = (increments[i : i + 1] for i in range(step))
        below[step] = running_offset(arrived, hidden).below[0]
    return {
        "score": increments.sum(axis=0, dtype=np.int64),
        "offsets": below[:-1] - below[1:],
        "distance": below[-1],
    }


def softmax(engine: LasEngine, choice: Choice = Choice.PAPER) -> Run:
    """Return `las_softmax`, or `las_published_softmax`, run with an engine (LAS-11, LAS-16)."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        bound, distance = integer(parameters, "bound"), inputs["distance"][None, :]
        if not 1 <= bound < LARGEST_BOUND:
            raise RefusedError("parameter", f"bound {bound} (LAS-11)")
        if int(distance.min()) < 0 or int(distance.max()) > 2 * bound:
            raise RefusedError("range", "las_softmax: a distance is below 0 or beyond its bound")
        rules = SoftmaxRules(
            bound=2 * bound,
            scale=scale_of(parameters, "scale"),
            steps=steps_of(parameters),
            tables=tables_of(parameters, inputs, TABLES),
            ties=ties_of(parameters),
        )
        hidden = np.zeros(distance.shape, dtype=np.bool_)
        done = probabilities(distance, hidden, rules, engine, choice)
        return {
            "sum": done.total[0],
            "inverse": done.inverse[0],
            "inverse_exponent": done.inverse_exponent[0],
            "probability": done.values[0],
        }

    return run


def mix(engine: LasEngine) -> Run:
    """Return `las_mix` run with an engine (LAS-12)."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        ties, code = ties_of(parameters), code_of(parameters, "probabilities_")
        values = spikes_of(inputs, code_of(parameters, "value_"), "value_")
        codes = HeadCodes(query=code, key=code, value=values.code, probabilities=code)
        refuse_wide("las_mix: probability", inputs["probability"])
        p = oat_input(inputs["probability"][None, :], PROBABILITY_BITS, code)
        bound = mixing_bound(codes)
        accumulator = np.zeros((1, values.counts.shape[1]), dtype=np.int64)
        for increment in engine.saa(p.spikes, values, bound):
            accumulator += increment
        scale = combine(code.unit, values.code.unit, ties)
        mixed = wide_rescale(accumulator, bound, scale, bits=MIXED_BITS, ties=ties)
        return {
            "counts": p.spikes.counts[0],
            "outliers": p.spikes.outliers[0].astype(np.int8),
            "accumulator": accumulator[0],
            "mixed": mixed.values[0],
            "saturations": (p.saturations + mixed.count)[0],
        }

    return run


def attend(engine: LasEngine) -> Run:
    """Return `las_attend` run with an engine (LAS-10 to LAS-12)."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        codes: dict[str, OatCode] = {
            role: code_of(parameters, f"{role}_")
            for role in ("query", "key", "value", "probabilities")
        }
        rules = LasAttentionRules(
            causal=flag(parameters, "causal"),
            window=window_of(parameters),
            codes=HeadCodes(
                query=codes["query"],
                key=codes["key"],
                value=codes["value"],
                probabilities=codes["probabilities"],
            ),
            score_scale=scale_of(parameters, "score"),
            steps=steps_of(parameters),
            tables=tables_of(parameters, inputs, TABLES),
            ties=ties_of(parameters),
        )
        given = [spikes_of(inputs, codes[role], f"{role}_") for role in ("query", "key", "value")]
        queries, keys, values = given
        require_groups(queries.counts.shape[1], keys.counts.shape[1])
        first = len(keys.counts) - len(queries.counts)
        done = las_attend(queries, keys, values, first, rules, engine)

        def seen(spikes: OatSpikes) -> NDArray[np.int64]:
            tokens, heads, _ = queries.counts.shape
            return visible_spikes(spikes_of_rows(spikes), tokens, heads, rules.sight)

        return {
            "top": done.top,
            "sum": done.total,
            "inverse": done.inverse,
            "inverse_exponent": done.inverse_exponent,
            "accumulator": done.accumulator,
            "mixed": done.mixed.values,
            "probability_spikes": done.probability_spikes,
            "key_spikes": seen(keys),
            "value_spikes": seen(values),
            "saturations": done.saturations,
        }

    return run
