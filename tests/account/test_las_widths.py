"""Proven widths of LAS hold for whatever a run shows, and are their bounds (COUNT-7)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.account.any_ranges import observed_signals
from spikeref.account.largest_codes import (
    largest_code,
    largest_probability,
    largest_weight,
    output_range,
)
from spikeref.account.las_attention_widths import mixing_accumulator_bound
from spikeref.account.las_ranges import LasRangeSink
from spikeref.account.las_widths import energy_bound, linear_bound, proven_las_bits
from spikeref.account.ranges import TALLIES, RangeSink, SignalWidth
from spikeref.arith.ties import Ties
from spikeref.arith.widths import minimum_bits
from spikeref.compiler.function_tables import neuron_of, standard_neuron
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.products import Synaptic
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.forward.las_pass import attention_rules, norm_rules
from spikeref.functions.activation import activate, with_fraction_bits
from spikeref.functions.exponential import exp_weights
from spikeref.model.las_assembly import INPUT_ROLES
from spikeref.model.las_bounds import mixing_bound, score_bound
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import LAS_PROFILES, Choice, Functions, LasProfile
from spikeref.model.layers import IntegerModel
from spikeref.neurons.outlier_aware import OatSpikes, TrainForm
from spikeref.ops.las_attention import las_attend, softmax_rules
from spikeref.ops.las_linear import oat_input
from spikeref.ops.las_norm import spiking_norm
from spikeref.ops.las_softmax import probabilities
from spikeref.trace.records import Record
from spikeref.trace.sinks import collect, tee
from tests.las_models import CHECKPOINTS, LAS, LEVELS, compiled_las

TOKENS = [256, 72, 105, 33, 72, 105, 0, 287, 12]
PROFILES: dict[str, tuple[str, LasProfile]] = {
    "published": ("llama", LAS_PROFILES["las-published"]),
    "published encoder": ("bert", LAS_PROFILES["las-published"]),
    "fitted": ("gpt2", LAS_PROFILES["las-fitted"]),
    "levels": ("llama", LEVELS),
    "half up, 10 steps": ("opt", replace(LAS, ties=Ties.HALF_UP, form=TrainForm(steps=10))),
    "single": ("qwen2", replace(LAS, thresholds="single")),
}
BETWEEN = {
    "score", "distance", "log", "weight", "probability", "probability_counts",
    "probability_outliers", "probability_values",
}  # fmt: skip
Model = Callable[[str], LasModel]


def by_place(signals: list[SignalWidth]) -> dict[tuple[int, str, str], SignalWidth]:
    found: dict[tuple[int, str, str], SignalWidth] = {(s.layer, s.op, s.signal): s for s in signals}
    assert len(found) == len(signals)
    return found


def observe(
    model: LasModel, tokens: list[int], passes: int = 1
) -> tuple[dict[tuple[int, str, str], SignalWidth], list[Record]]:
    """Run tokens in so many passes; an encoder takes them in one."""
    sink, records, cache = LasRangeSink(model), list[Record](), LasCache(model.config)
    for part in np.array_split(np.array(tokens, dtype=np.int64), passes):
        las_forward(model, part, cache, LAS_DENSE, tee(sink, collect(records)))
    return by_place(sink.signals()), records


def check_fit(found: dict[tuple[int, str, str], SignalWidth]) -> None:
    for key, signal in found.items():
        half = 1 << (signal.proven_bits - 1)
        assert -half <= signal.observed_min <= signal.observed_max < half, key
        assert signal.observed_bits <= signal.proven_bits <= 63, key


@pytest.mark.parametrize("name", [*CHECKPOINTS, *PROFILES])
def test_what_is_observed_fits_what_is_proven(tmp_path: Path, las_model: Model, name: str) -> None:
    if name in PROFILES:
        model = compiled_las(tmp_path, *PROFILES[name], scale=0.4)
    else:
        model = las_model(name)
    found, records = observe(model, TOKENS, 1 if model.head is None else 3)
    check_fit(found)
    expected: dict[tuple[int, str, str], list[int]] = {}
    for record in records:
        for field in set(record.fields) - TALLIES:
            values = getattr(record, field).reshape(-1).tolist()
            expected.setdefault((record.layer, record.op, field), []).extend(values)
    for key, values in expected.items():
        assert (found[key].observed_min, found[key].observed_max) == (min(values), max(values)), key
    further = {(op, signal) for layer, op, signal in set(found) - set(expected)}
    assert {signal for op, signal in further if op == "las_attention"} == BETWEEN
    assert {signal for op, signal in further if op != "las_attention"} == {"potential", "values"}
    assert {signal for _, _, signal in found} & TALLIES == set()


@settings(max_examples=25)
@given(data=st.data())
def test_no_run_leaves_its_widths(las_model: Model, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["bert", "gpt2", "llama", "mistral"]))
    model = las_model(name)
    tokens = data.draw(st.lists(st.integers(0, 287), min_size=1, max_size=8))
    passes = 1 if model.head is None else data.draw(st.integers(1, len(tokens)))
    found, _ = observe(model, tokens, passes)
    check_fit(found)


def test_signals_between_the_scores_and_the_mixing(las_model: Model) -> None:
    """The largest score is the record's top, and the weights sum to its sum."""
    found, records = observe(las_model("mistral"), TOKENS[:1])
    (record,) = [r for r in records if (r.layer, r.op) == (0, "las_attention")]
    top, total = record.top, record.sum  # type: ignore[union-attr]
    score = found[0, "las_attention", "score"]
    assert (score.observed_min, score.observed_max) == (int(top.min()), int(top.max()))
    assert found[0, "las_attention", "weight"].observed_max == int(total.max())
    assert found[0, "las_attention", "distance"].observed_max == 0
    assert found[0, "las_attention", "probability"].observed_max >= (1 << 30) - (1 << 15)


def test_widths_by_hand(las_model: Model) -> None:
    """T = 16, n = 1: counts below 2^16; default thresholds have the ratio 64, of `value` too."""
    model = las_model("llama")

    def bits(op: str, signal: str, layer: int = 0) -> int:
        return proven_las_bits(model, layer, op, signal)  # type: ignore[arg-type]

    assert bits("las_embedding", "residual", -1) == 40
    assert [bits("las_attention_norm", s) for s in ("deviation", "inverse", "output")] == [
        24, 17, 40,
    ]  # fmt: skip
    assert [bits("las_qkv_input", s) for s in ("counts", "values", "outliers", "potential")] == [
        17, 23, 2, 40,
    ]  # fmt: skip
    assert [bits("las_key_spikes", s) for s in ("counts", "potential")] == [17, 32]
    # d = 8 of hidden 32 and 4 heads: 8·(64·(2^16 − 1))^2 is below 2^47.
    assert bits("las_attention", "score") == bits("las_attention", "top") == 48
    assert bits("las_attention", "distance") == 49
    assert bits("las_attention", "weight") == 40
    assert bits("las_attention", "log") == 40
    assert bits("las_attention", "probability") == 32
    # 32 positions and more, up to 256: below 2^39 each.
    assert bits("las_attention", "sum") == 40 + (model.config.shape.positions - 1).bit_length()
    assert bits("las_activation", "output") == 36
    assert bits("las_gated", "output") == bits("las_o_input", "potential") == 40
    assert bits("las_down", "output") == 40
    assert bits("las_up", "output") == bits("las_head", "output", 2) == 32


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_accumulators_reach_their_bounds(las_model: Model, name: str) -> None:
    """Each source at its outlier threshold, with the sign of its weight."""
    model = las_model(name)
    for index, layer in enumerate(model.layers):
        for operator, synapses in layer.operators.items():
            weights = synapses.weights.astype(np.int64)
            column = weights[:, int(np.abs(weights).sum(axis=0).argmax())]
            code = layer.codes[INPUT_ROLES[operator]]
            x = np.where(column < 0, -1, 1) * np.int64(code.outlier)
            spikes = oat_input(x[None, :], 16, code).spikes
            bound = linear_bound(model, index, f"las_{operator}")  # type: ignore[arg-type]
            synaptic = Synaptic(weights=synapses.weights, largest=1 << 15, accumulator_bound=bound)
            assert int(LAS_DENSE.saw(spikes, synaptic).max()) == bound
            bits = proven_las_bits(model, index, f"las_{operator}", "accumulator")  # type: ignore[arg-type]
            assert bits == 1 + bound.bit_length()


@pytest.mark.parametrize("name", ["bert", "llama"])
def test_scores_reach_their_bound(las_model: Model, name: str) -> None:
    model = las_model(name)
    layer = model.layers[0]
    rules = attention_rules(model, layer)
    width = model.config.shape.head_dim
    full = np.full((2, width), 1 << 31, dtype=np.int64)
    full[1] = -full[1]
    query = oat_input(full, 16, rules.codes.query).spikes
    (scores,) = LAS_DENSE.saa(query, query.transposed, softmax_rules(width, rules).bound >> 1)
    bound = score_bound(width, rules.codes.query, rules.codes.key)
    assert (int(scores.max()), int(scores.min())) == (bound, -bound)
    assert proven_las_bits(model, 0, "las_attention", "score") == minimum_bits(-bound, bound)


def test_mixing_nearly_reaches_its_bound(las_model: Model) -> None:
    """One position takes all the weight; its values are at their most: one part in 2^12 below."""
    model = las_model("llama")
    rules = attention_rules(model, model.layers[0])
    codes, width = rules.codes, model.config.shape.head_dim

    def head(x: int, code_name: str) -> OatSpikes:
        full = np.full((1, 1, width), x, dtype=np.int64)
        return oat_input(full, 16, getattr(codes, code_name)).spikes

    done = las_attend(head(0, "query"), head(0, "key"), head(1 << 31, "value"), 0, rules, LAS_DENSE)
    bound = mixing_accumulator_bound(model, 0)
    assert bound == mixing_bound(codes.value, codes.probabilities, 1)
    reached = int(done.accumulator.max())
    assert bound - (bound >> 12) <= reached <= bound
    bits = proven_las_bits(model, 0, "las_attention", "accumulator")
    assert minimum_bits(0, reached) in (bits - 1, bits)


def test_few_positions_bound_what_is_mixed(las_model: Model) -> None:
    """A window of 3: no more than three values at their most, each weighed by its own most."""
    model = las_model("mistral")
    codes = model.layers[0].codes
    pair = codes["value"].largest_value * codes["probabilities"].largest_value
    paper = mixing_bound(codes["value"], codes["probabilities"], 1)
    assert mixing_accumulator_bound(model, 0) == min(paper, 3 * pair)
    assert proven_las_bits(model, 0, "las_attention", "sum") == 1 + (3 * 65535 << 23).bit_length()


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_the_energy_reaches_its_width(las_model: Model, name: str) -> None:
    """Every deviation at the top of its 23 bits, half of them negative."""
    model = las_model(name)
    width = model.config.shape.hidden
    times = width if norm_rules(model).centred else 1
    x = np.full((1, width), ((1 << 23) - 1 << 15) // times, dtype=np.int64)
    x[0, ::2] *= -1
    norm = model.layers[0].attention_norm
    done = spiking_norm(x, norm, norm_rules(model), LAS_DENSE)
    energy = int(done.inverse.energy[0])
    assert energy <= energy_bound(model)
    bits = proven_las_bits(model, 0, "las_attention_norm", "energy")
    assert minimum_bits(0, energy) == bits
    assert int(done.inverse.exponent[0]) < 1 << (
        proven_las_bits(model, 0, "las_attention_norm", "inverse_exponent") - 1
    )


@given(t=st.integers(0, 1 << 22), steps=st.integers(10, 16), functions=st.sampled_from(Functions))
def test_no_weight_is_beyond_the_largest(t: int, steps: int, functions: Functions) -> None:
    exp = neuron_of("exp", functions)
    (found,) = exp_weights(np.array([t], dtype=np.int64), exp, steps).tolist()
    assert found <= largest_weight(exp, Choice.PAPER, steps)
    (negative,) = exp_weights(np.array([-(t % 9456)], dtype=np.int64), exp, steps).tolist()
    assert negative <= largest_weight(exp, Choice.PUBLISHED, steps)


def test_largest_weights_are_reached() -> None:
    exp = standard_neuron("exp")
    ends = np.array([0, -9455], dtype=np.int64)
    assert exp_weights(ends, exp, 16).tolist() == [
        largest_weight(exp, choice, 16) for choice in (Choice.PAPER, Choice.PUBLISHED)
    ]


def test_a_probability_by_hand() -> None:
    """C·(M + 1) <= 2^39 + 2^16, so 2^30 + 2^7 at most; fitted, C may be nearly 1 % too large."""
    assert (1 << 30) < largest_probability(standard_neuron("reciprocal"), 16) <= (1 << 30) + 128
    fitted = largest_probability(neuron_of("reciprocal", Functions.FITTED), 16)
    assert (1 << 30) * 1.008 < fitted < (1 << 30) * 1.01


@settings(max_examples=60)
@given(below=st.lists(st.integers(0, 1 << 40), max_size=30), functions=st.sampled_from(Functions))
def test_probabilities_stay_below_the_largest(
    las_model: Model, below: list[int], functions: Functions
) -> None:
    model = las_model("llama")
    rules = softmax_rules(8, attention_rules(model, model.layers[0]))
    tables = replace(
        rules.tables, exp=neuron_of("exp", functions), reciprocal=neuron_of("reciprocal", functions)
    )
    distance = np.array([[0, *below]], dtype=np.int64)
    hidden = np.zeros(distance.shape, dtype=np.bool_)
    found = probabilities(distance, hidden, replace(rules, tables=tables), LAS_DENSE)
    largest = largest_probability(tables.reciprocal, 16)
    assert 0 <= int(found.values.min()) <= int(found.values.max()) <= largest
    # What the bound on mixing takes for granted.
    assert int(found.values.sum()) <= largest + len(below) + 1


@pytest.mark.parametrize("name", ["silu", "gelu", "gelu-tanh", "relu", "tanh"])
@pytest.mark.parametrize("functions", list(Functions))
def test_functions_reach_their_ranges(name: str, functions: Functions) -> None:
    neuron = neuron_of(name, functions)  # type: ignore[arg-type]
    low, high = output_range(neuron, 20, 16)
    # Beside the last membranes, a fine grid around 0, where activations have their minimum.
    x = np.concatenate([np.arange(-(1 << 20), 1 << 20), [-(1 << 31), (1 << 31) - 1]])
    found: NDArray[np.int64] = with_fraction_bits(activate(x.astype(np.int64), neuron, 16), 20)
    assert low <= int(found.min())
    assert int(found.max()) <= high
    if functions is Functions.EXPANSION:
        assert (int(found.min()), int(found.max())) == (low, high)
    assert all(largest_code(piece, 16) < 1 << 16 for piece in neuron.pieces)


def test_each_system_has_its_sink(las_model: Model, tiny_model: IntegerModel) -> None:
    _, records = observe(las_model("gpt2"), [1, 2])
    with pytest.raises(TypeError, match="LasRangeSink"):
        RangeSink()(records[0])
    sdllm = observed_signals(tiny_model, [[1, 2]])
    assert {s.op for s in sdllm} >= {"embedding", "head"}
    las = observed_signals(las_model("gpt2"), [[1, 2], [3]])
    assert by_place(las).keys() == observe(las_model("gpt2"), [1])[0].keys()
