"""Every counter of LAS against plain loops over the records (LAS-19, COUNT-1 to COUNT-6)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from spikeref.account.las_counters import LasCounterSink
from spikeref.engine.dense import DENSE
from spikeref.engine.events import Shuffled
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.neurons.outlier_aware import TrainForm
from spikeref.trace.las_records import LasSpikesRecord
from spikeref.trace.records import Record
from spikeref.trace.sinks import Sink, collect, tee
from tests.las_models import LEVELS, compiled_las

TOKENS = np.array([256, 3, 77, 3, 287, 5], dtype=np.int64)
INPUT_OF = {
    "q": "qkv_input", "k": "qkv_input", "v": "qkv_input", "o": "o_input", "gate": "mlp_input",
    "up": "mlp_input", "down": "down_input",
}  # fmt: skip


def spikes_of(count: int, form: TrainForm) -> int:
    """NEUR-5: how many of T steps fire."""
    rest, fired = abs(count), 0
    for t in range(1, form.steps + 1):
        sizes = range(form.levels, 2 * form.levels)
        size = max((s for s in sizes if s << (form.steps - t) <= rest), default=0)
        rest -= size << (form.steps - t)
        fired += size > 0
    return fired


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    model: LasModel
    counters: LasCounterSink
    records: list[Record]

    def populations(self) -> Iterator[tuple[tuple[int, str], list[list[int]]]]:
        """Layer and op, and the counts of each token, or token and head."""
        for record in self.records:
            if isinstance(record, LasSpikesRecord):
                rows = record.counts.reshape(-1, record.counts.shape[-1]).tolist()
                yield (record.layer, record.op), rows

    def rows(self, layer: int, op: str) -> list[list[int]]:
        return next(rows for place, rows in self.populations() if place == (layer, f"las_{op}"))

    @property
    def form(self) -> TrainForm:
        return self.model.config.profile.form


def run(model: LasModel, engine: LasEngine, sink: Sink) -> None:
    las_forward(model, TOKENS, LasCache(model.config), engine, sink)


@pytest.fixture(scope="module", params=["bert", "opt", "llama", "mistral", "levels"])
def case(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    las_model: Callable[[str], LasModel],
) -> Case:
    if request.param == "levels":
        # Weights of a large scale, so that spikes are outliers and saturate.
        model = compiled_las(tmp_path_factory.mktemp("levels"), "llama", LEVELS, scale=4.0)
    else:
        model = las_model(request.param)
    records: list[Record] = []
    counters = LasCounterSink(model)
    run(model, LAS_DENSE, tee(counters, collect(records)))
    return Case(model=model, counters=counters, records=records)


def zero_blocks(row: list[int], size: int) -> int:
    return sum(not any(row[at : at + size]) for at in range(0, len(row), size))


def test_spikes_slots_and_silent_neurons(case: Case) -> None:
    found = case.counters.spikes()
    places = dict(case.populations())
    assert set(found) == set(places)
    for place, rows in places.items():
        counted, flat = found[place], [c for row in rows for c in row]
        assert counted.positive_spikes == sum(spikes_of(c, case.form) for c in flat if c > 0)
        assert counted.negative_spikes == sum(spikes_of(c, case.form) for c in flat if c < 0)
        assert counted.neurons == len(flat) > 0
        assert counted.slots == len(flat) * case.form.steps
        assert counted.silent_neurons == flat.count(0)
        for size in (8, 16, 32):
            assert counted.zero_blocks[size] == sum(zero_blocks(row, size) for row in rows)


def driven(case: Case) -> Iterator[tuple[tuple[int, str], list[list[int]], list[list[int]]]]:
    """Every SAW: place, the weights [N][M] and the counts of its input by token."""
    model, last = case.model, len(case.model.layers)
    for index, layer in enumerate(model.layers):
        for operator, synapses in layer.operators.items():
            rows = case.rows(index, INPUT_OF[operator])
            yield (index, f"las_{operator}"), synapses.weights.tolist(), rows
    if model.head is not None:
        weights = model.head.mantissas.T.tolist()
        yield (last, "las_head"), weights, case.rows(last, "head_input")
    if model.pooler is not None and model.classifier is not None:
        yield (last, "las_pooler"), model.pooler.weights.tolist(), case.rows(last, "head_input")
        rows = case.rows(last, "classifier_input")
        yield (last, "las_classifier"), model.classifier.weights.tolist(), rows


def test_additions_of_operators_and_their_energy(case: Case) -> None:
    """Spikes of a source times its targets; equation 25 over all of them."""
    found = case.counters.additions()
    operations = macs = 0
    places = {(i, "las_attention") for i in range(2)}
    for place, weights, rows in driven(case):
        places.add(place)
        additions = skipped = 0
        for row in rows:
            for count, synapses in zip(row, weights, strict=True):
                spikes = spikes_of(count, case.form)
                additions += spikes * len(synapses)
                skipped += spikes * synapses.count(0)
            macs += len(row) * len(weights[0])
        operations += additions
        assert found[place].synaptic_additions == additions
        assert found[place].zero_weights_skipped == skipped
    assert set(found) == places
    assert case.counters.energy_ratio() == (9 * operations, 46 * macs)
    assert operations > 0


def test_additions_of_attention(case: Case) -> None:
    """Spikes of either operand of both products, for each query and head."""
    shape, causal = case.model.config.shape, case.model.config.structure.causal
    attention = {r.layer: r for r in case.records if r.op == "las_attention"}
    for layer, window in enumerate(shape.sliding_windows):
        numbers = {
            role: [
                sum(spikes_of(c, case.form) for c in row)
                for row in case.rows(layer, f"{role}_spikes")
            ]
            for role in ("query", "key", "value")
        }
        expected = 0
        for token in range(len(TOKENS)):
            if not causal:
                seen = list(range(len(TOKENS)))
            else:
                first = 0 if window is None else max(0, token + 1 - window)
                seen = list(range(first, token + 1))
            for head in range(shape.heads):
                group = head * shape.kv_heads // shape.heads
                expected += numbers["query"][token * shape.heads + head] * len(seen)
                for role in ("key", "value"):
                    expected += sum(numbers[role][j * shape.kv_heads + group] for j in seen)
                spikes = attention[layer].probability_spikes[token, head]
                expected += int(spikes) * shape.head_dim
        found = case.counters.additions()[layer, "las_attention"]
        assert found.synaptic_additions == expected
        assert found.zero_weights_skipped == 0


def test_saturations_are_summed_by_layer_and_op(case: Case) -> None:
    expected: dict[tuple[int, str], int] = {}
    for record in case.records:
        if "saturations" in record.fields:
            place = (record.layer, str(record.op))
            cut = int(np.sum(getattr(record, "saturations", 0)))
            expected[place] = expected.get(place, 0) + cut
    assert case.counters.saturations == expected
    if case.form == LEVELS.form:
        # So that what is summed is not nothing.
        assert case.counters.to_json()["total"]["saturations"] > 0


def test_engines_and_cached_decoding_count_alike(case: Case) -> None:
    whole = case.counters.to_json()
    for engine in (LAS_SYNCHRONOUS, las_asynchronous(Shuffled(1), 50)):
        counters = LasCounterSink(case.model)
        run(case.model, engine, counters)
        assert counters.to_json() == whole
    if case.model.config.structure.causal:
        counters, cache = LasCounterSink(case.model), LasCache(case.model.config)
        for first, stop in ((0, 1), (1, 4), (4, 6)):
            las_forward(case.model, TOKENS[first:stop], cache, LAS_DENSE, counters)
        assert counters.to_json() == whole


def test_firing_rates(case: Case) -> None:
    groups = {
        "qkv": ["qkv_input"], "o": ["o_input"], "gate_up": ["mlp_input"], "down": ["down_input"],
        "kv": ["query_spikes", "key_spikes", "value_spikes"],
    }  # fmt: skip
    rates = case.counters.firing_rates()
    assert list(rates) == [*groups, "mean"]

    def rate(populations: list[list[list[int]]]) -> tuple[int, int]:
        flat = [c for rows in populations for row in rows for c in row]
        return sum(spikes_of(c, case.form) for c in flat), len(flat) * case.form.steps

    for group, ops in groups.items():
        assert rates[group] == rate([case.rows(i, op) for i in range(2) for op in ops])
    assert rates["mean"] == rate([rows for _, rows in case.populations()])


def test_json_totals_are_sums(case: Case) -> None:
    found = case.counters.to_json()
    assert json.loads(json.dumps(found)) == found
    rows, total = found["by_op"], found["total"]
    assert len({(row["layer"], row["op"]) for row in rows}) == len(rows)
    for name in (
        "positive_spikes", "negative_spikes", "slots", "neurons", "silent_neurons",
        "synaptic_additions", "zero_weights_skipped", "saturations",
    ):  # fmt: skip
        assert total[name] == sum(row.get(name, 0) for row in rows)
    assert total["firing_rate"] == list(case.counters.firing_rates()["mean"])
    assert found["energy_ratio"] == list(case.counters.energy_ratio())


def test_nothing_seen_is_nothing_counted(las_model: Callable[[str], LasModel]) -> None:
    counters = LasCounterSink(las_model("bert"))
    assert counters.to_json()["by_op"] == []
    assert counters.additions() == {}
    assert counters.energy_ratio() == (0, 0)
    assert set(counters.firing_rates().values()) == {(0, 0)}


def test_records_of_the_other_system_are_refused(
    las_model: Callable[[str], LasModel], tiny_model: IntegerModel
) -> None:
    counters = LasCounterSink(las_model("gpt2"))
    with pytest.raises(TypeError, match="SDLLM"):
        forward(tiny_model, TOKENS, Cache(tiny_model.config.shape), DENSE, counters)
