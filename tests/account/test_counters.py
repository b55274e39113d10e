"""Every counter against plain loops and against what engines did (COUNT-1 to COUNT-6)."""

import json
from dataclasses import dataclass, replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.account.counters import BLOCKS, CounterSink, count_spikes
from spikeref.api import run
from spikeref.engine import asynchronous, synchronous
from spikeref.engine.choice import EngineName
from spikeref.engine.dense import DENSE
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.tokens import token_array
from spikeref.model.groups import GROUPS, OPERATORS
from spikeref.model.layers import IntegerModel
from spikeref.neurons.clipping import ClipMode
from spikeref.trace.records import AttentionRecord, CacheRecord, InputRecord, Record
from spikeref.trace.sinks import collect
from tests.account.models import TOKENS, clipped, compiled

INPUT_OF = {
    "q": "qkv_input", "k": "qkv_input", "v": "qkv_input", "o": "o_input",
    "gate": "gate_up_input", "up": "gate_up_input", "down": "down_input",
}  # fmt: skip
POPULATIONS = {*INPUT_OF.values(), "key_spikes", "value_spikes"}
NEW_TOKENS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    model: IntegerModel
    counters: CounterSink
    records: list[Record]
    train_lengths: tuple[int, int]
    """Of inputs, and of the cache."""

    def rows(self, layer: int, op: str) -> list[list[int]]:
        """The counts of a population in plain lists, one for each token, or token and head."""
        return [
            row
            for record in self.records
            if isinstance(record, InputRecord | CacheRecord)
            and (record.layer, record.op) == (layer, op)
            for row in record.counts.reshape(-1, record.counts.shape[-1]).tolist()
        ]

    def populations(self) -> list[tuple[int, str]]:
        return [(layer, op) for layer in range(2) for op in sorted(POPULATIONS)]


@pytest.fixture(scope="module", params=["default", "binary", "windowed", "clipped"])
def case(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    tiny_model: IntegerModel,
) -> Case:
    folder = tmp_path_factory.mktemp(request.param)
    train_lengths = 8, 8
    match request.param:
        case "default":
            model = tiny_model
        case "binary":
            model = compiled(folder, profile="sdllm-binary-w4a4kv4")
            train_lengths = 15, 8
        case "windowed":
            model = compiled(folder, "tiny-mistral")
        case _:
            model = clipped(tiny_model, folder / "clipped", Fraction(19, 20), ClipMode.GATE)
    records: list[Record] = []
    done = run(model, TOKENS, max_new_tokens=NEW_TOKENS, trace=collect(records))
    return Case(model=model, counters=done.counters, records=records, train_lengths=train_lengths)


def zero_blocks(row: list[int], size: int) -> int:
    return sum(not any(row[at : at + size]) for at in range(0, len(row), size))


def test_spikes_slots_and_silent_neurons(case: Case) -> None:
    found = case.counters.spikes()
    assert set(found) == set(case.populations())
    for layer, op in case.populations():
        rows, counted = case.rows(layer, op), found[layer, op]
        flat = [c for row in rows for c in row]
        steps = case.train_lengths[op in ("key_spikes", "value_spikes")]
        assert counted.positive_spikes == sum(c for c in flat if c > 0)
        assert counted.negative_spikes == sum(-c for c in flat if c < 0)
        assert counted.spikes == sum(abs(c) for c in flat)
        assert counted.neurons == len(flat) > 0
        assert counted.slots == len(flat) * steps
        assert counted.silent_neurons == flat.count(0)
        for size in (8, 16, 32):
            assert counted.zero_blocks[size] == sum(zero_blocks(row, size) for row in rows)


def test_every_decoded_token_is_counted(case: Case) -> None:
    shape = case.model.config.shape
    tokens = len(TOKENS) + NEW_TOKENS - 1
    found = case.counters.spikes()
    assert found[0, "qkv_input"].neurons == tokens * shape.hidden
    assert found[1, "down_input"].neurons == tokens * shape.intermediate
    assert found[1, "key_spikes"].neurons == tokens * shape.kv_heads * shape.head_dim


def test_a_model_with_thresholds_has_silent_blocks(
    tiny_model: IntegerModel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """So that the blocks counted above are not none at all."""
    folder = tmp_path_factory.mktemp("silent") / "model"
    model = clipped(tiny_model, folder, Fraction(19, 20), ClipMode.GATE)
    counted = run(model, TOKENS).counters.spikes()[1, "down_input"]
    assert counted.zero_blocks[8] > counted.zero_blocks[16] > counted.zero_blocks[32] > 0


def test_blocks_by_hand() -> None:
    """Two rows of 18: blocks of 8, 8, 2, of 16, 2, and of 18 under 32."""
    rows = np.zeros((2, 18), dtype=np.int8)
    rows[0, 7], rows[0, 8] = -8, 3
    counted = count_spikes(rows, 8)
    assert counted.zero_blocks == {8: 1 + 3, 16: 1 + 2, 32: 0 + 1}
    assert (counted.positive_spikes, counted.negative_spikes) == (3, 8)
    assert (counted.neurons, counted.slots, counted.silent_neurons) == (36, 288, 34)


def test_extreme_counts_do_not_wrap() -> None:
    assert count_spikes(np.full((1, 4), -128, dtype=np.int8), 128).negative_spikes == 512
    assert count_spikes(np.full((1, 4), 255, dtype=np.uint8), 255).positive_spikes == 1020


def test_additions_of_linear_operators(case: Case) -> None:
    found = case.counters.additions()
    assert set(found) == {(i, op) for i in range(2) for op in (*OPERATORS, "attention")}
    skipped = 0
    for layer in range(2):
        for operator in OPERATORS:
            weights = case.model.layers[layer].synapses(operator).weights.tolist()
            additions = zeros = 0
            for counts in case.rows(layer, INPUT_OF[operator]):
                for count, row in zip(counts, weights, strict=True):
                    additions += abs(count) * len(row)
                    zeros += abs(count) * row.count(0)
            assert found[layer, operator].synaptic_additions == additions
            assert found[layer, operator].zero_weights_skipped == zeros
            skipped += zeros
    assert found[0, "q"].synaptic_additions > 0
    assert skipped > 0


def test_additions_of_attention(case: Case) -> None:
    """Each query head walks the spikes of every position that its token sees."""
    shape = case.model.config.shape
    for layer, window in enumerate(shape.sliding_windows):
        expected = 0
        for op in ("key_spikes", "value_spikes"):
            rows = case.rows(layer, op)
            for token in range(len(rows) // shape.kv_heads):
                for head in range(shape.heads):
                    group = head // (shape.heads // shape.kv_heads)
                    for seen in range(token + 1):
                        if window is None or token - seen < window:
                            counts = rows[seen * shape.kv_heads + group]
                            expected += sum(abs(c) for c in counts)
        found = case.counters.additions()[layer, "attention"]
        assert found.synaptic_additions == expected
        assert found.zero_weights_skipped == 0


def test_saturations_are_summed_by_layer_and_op(case: Case) -> None:
    """The records' own, and records that are made to saturate."""
    expected: dict[tuple[int, str], int] = {}
    raised = CounterSink(case.model)
    total: dict[tuple[int, str], int] = {}
    for number, record in enumerate(case.records):
        if "saturations" not in record.fields:
            raised(record)
            continue
        key = record.layer, str(record.op)
        saturations: NDArray[np.int64] = record.saturations  # type: ignore[union-attr]
        expected[key] = expected.get(key, 0) + sum(saturations.tolist())
        total[key] = total.get(key, 0) + number * len(saturations)
        raised(replace(record, saturations=np.full_like(saturations, number)))  # type: ignore[arg-type]
    assert case.counters.saturations == expected
    assert raised.saturations == total
    assert raised.to_json()["total"]["saturations"] == sum(total.values()) > 0


@pytest.mark.parametrize("engine", ["sync", "async"])
def test_engines_count_alike(case: Case, engine: EngineName) -> None:
    found = run(case.model, TOKENS, max_new_tokens=NEW_TOKENS, engine=engine)
    assert found.counters.to_json() == case.counters.to_json()


@pytest.mark.parametrize("sizes", [[1] * 12, [3, 1, 8]])
def test_cached_decoding_counts_as_prefill_does(case: Case, sizes: list[int]) -> None:
    tokens = token_array(TOKENS)
    parts, whole = CounterSink(case.model), CounterSink(case.model)
    cache, first = Cache(case.model.config.shape), 0
    for size in sizes:
        forward(case.model, tokens[first : first + size], cache, DENSE, parts)
        first += size
    forward(case.model, tokens, Cache(case.model.config.shape), DENSE, whole)
    assert parts.to_json() == whole.to_json()


@dataclass(slots=True)
class Performed:
    linear: int = 0
    attention: int = 0

    def watch(self, monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> None:
        """Count every addition that an engine's module makes."""

        def counting_rows(add: Any) -> Any:
            def counted(
                accumulator: NDArray[np.int64],
                weights: NDArray[Any],
                largest: int,
                sources: NDArray[np.int64],
            ) -> None:
                self.linear += len(sources) * weights.shape[1]
                add(accumulator, weights, largest, sources)

            return counted

        for name in ("add_rows", "subtract_rows"):
            monkeypatch.setattr(module, name, counting_rows(getattr(module, name)))
        if module is synchronous:
            select = synchronous._selected

            def selected(spikes: NDArray[np.int8], value: NDArray[Any]) -> NDArray[np.int64]:
                self.attention += sum(map(abs, spikes.reshape(-1).tolist()))
                return select(spikes, value)

            monkeypatch.setattr(synchronous, "_selected", selected)
        else:
            integrate = asynchronous._integrate

            def integrated(accumulator: Any, target: Any, value: Any, negative: Any) -> None:
                self.attention += len(target)
                integrate(accumulator, target, value, negative)

            monkeypatch.setattr(asynchronous, "_integrate", integrated)


@pytest.mark.parametrize(("name", "module"), [("sync", synchronous), ("async", asynchronous)])
def test_engines_make_the_additions_that_are_counted(
    case: Case, monkeypatch: pytest.MonkeyPatch, name: EngineName, module: ModuleType
) -> None:
    performed = Performed()
    performed.watch(monkeypatch, module)
    additions = run(case.model, TOKENS, engine=name).counters.additions()
    attention = [a.synaptic_additions for (_, op), a in additions.items() if op == "attention"]
    total = sum(a.synaptic_additions for a in additions.values())
    assert performed.attention == sum(attention)
    assert performed.linear == total - sum(attention)


def test_firing_rates_are_ratios_of_integers(case: Case) -> None:
    rates = case.counters.firing_rates()
    assert list(rates) == [*GROUPS, "kv", "mean"]
    assert all(type(part) is int for rate in rates.values() for part in rate)

    def rate(ops: set[str], steps: int) -> tuple[int, int]:
        counts = [
            c
            for layer, op in case.populations()
            if op in ops
            for row in case.rows(layer, op)
            for c in row
        ]
        return sum(map(abs, counts)), len(counts) * steps

    inputs, cache = case.train_lengths
    expected: dict[str, tuple[int, int]] = {
        group: rate({f"{group}_input"}, inputs) for group in GROUPS
    }
    expected["kv"] = rate({"key_spikes", "value_spikes"}, cache)
    parts = list(expected.values())
    expected["mean"] = sum(s for s, _ in parts), sum(n for _, n in parts)
    assert rates == expected


def test_json_totals_are_sums(case: Case) -> None:
    found = case.counters.to_json()
    assert json.loads(json.dumps(found)) == found
    rows, total = found["by_op"], found["total"]
    places = [(row["layer"], row["op"]) for row in rows]
    assert len(set(places)) == len(places)
    assert set(case.populations()) < set(places)
    for name in (
        "positive_spikes", "negative_spikes", "slots", "neurons", "silent_neurons",
        "synaptic_additions", "zero_weights_skipped", "saturations",
    ):  # fmt: skip
        assert total[name] == sum(row.get(name, 0) for row in rows)
    for size in map(str, BLOCKS):
        counted = [row["zero_blocks"][size] for row in rows if "zero_blocks" in row]
        assert total["zero_blocks"][size] == sum(counted)
    assert total["firing_rate"] == list(case.counters.firing_rates()["mean"])


def test_nothing_seen_is_nothing_counted(tiny_model: IntegerModel) -> None:
    counters = CounterSink(tiny_model)
    assert counters.to_json()["by_op"] == []
    assert counters.additions() == {}
    assert set(counters.firing_rates().values()) == {(0, 0)}


def test_adding_up_leaves_what_was_counted_alone(case: Case) -> None:
    before = case.counters.to_json()
    case.counters.firing_rates()
    assert case.counters.to_json() == before


def test_the_record_of_attention_says_what_each_head_walked(tiny_model: IntegerModel) -> None:
    records: list[Record] = []
    forward(
        tiny_model, token_array(TOKENS), Cache(tiny_model.config.shape), DENSE, collect(records)
    )
    counters = CounterSink(tiny_model)
    attention = [r for r in records if isinstance(r, AttentionRecord)]
    for record in attention:
        counters(record)
    assert counters.spikes() == {}
    for record in attention:
        walked = int(record.key_spikes.sum() + record.value_spikes.sum())
        assert counters.additions()[record.layer, "attention"].synaptic_additions == walked
