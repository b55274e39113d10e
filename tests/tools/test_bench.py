"""The benchmark's own arithmetic: interleaving, ratios, targets, reports, and its random model."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spikeref.api import run
from spikeref.engine.dense import DENSE
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import decoder_layers, forward
from spikeref.model.config import ModelShape
from spikeref.model.layers import IntegerModel
from spikeref.ops.embedding import embed
from spikeref.trace.records import InputRecord, Record
from spikeref.trace.sinks import DigestSink, collect
from spikeref.vectors.reader import Suite
from spikeref.vectors.writer import write_suite
from tools.bench.__main__ import MEASUREMENTS, NAMES, main, measured_rows
from tools.bench.checking import judging, large_cases, write_output
from tools.bench.child import ChildFailedError, spikeref_cost
from tools.bench.decoding import AttentionTimer
from tools.bench.dense import recorded_products, ways
from tools.bench.machine import describe_machine
from tools.bench.plan import Measurement, Plan
from tools.bench.random_model import column_bound, random_model, random_weights
from tools.bench.report import (
    Figure,
    Relation,
    Row,
    Target,
    Unmeasured,
    report_json,
    row_lines,
    status,
)
from tools.bench.spiking_population import ENCODER, spikes_in, spiking_counts
from tools.bench.timing import Spread, interleave, ratio, spread, timed

SHAPE = ModelShape(
    vocab=40,
    hidden=64,
    intermediate=172,
    layers=2,
    heads=4,
    kv_heads=2,
    head_dim=16,
    positions=24,
    sliding_windows=(None, 4),
)
PLAN = Plan(quick=True, threads=1)


@pytest.fixture(scope="module")
def model() -> IntegerModel:
    return random_model(SHAPE)


class TestTiming:
    def test_calls_change_places_every_round_and_the_warm_up_is_dropped(self) -> None:
        ran: list[str] = []

        def call(name: str) -> int:
            ran.append(name)
            return len(ran)

        results = interleave({"a": lambda: call("a"), "b": lambda: call("b")}, 2, pause=0)
        assert ran == ["a", "b", "b", "a", "a", "b"]
        assert results == {"a": [4, 5], "b": [3, 6]}

    def test_without_a_warm_up_every_round_counts(self) -> None:
        numbers = iter(range(9))
        results = interleave({"a": lambda: next(numbers)}, 2, pause=0, warm_up=False)
        assert results == {"a": [0, 1]}

    def test_a_timed_call_gives_the_difference_of_its_clock(self) -> None:
        times: Iterator[float] = iter([10.0, 12.5])
        assert timed(lambda: None, lambda: next(times))() == 2.5

    def test_ratios_are_taken_pair_by_pair(self) -> None:
        """The ratio of the medians would be 2/2."""
        assert ratio([1.0, 2.0, 9.0], [2.0, 1.0, 3.0]) == Spread(median=2.0, low=0.5, high=3.0)

    def test_sides_of_unequal_length_are_refused(self) -> None:
        with pytest.raises(ValueError, match="longer"):
            ratio([1.0], [1.0, 2.0])

    def test_a_spread(self) -> None:
        assert spread([4.0, 1.0, 2.0, 9.0]) == Spread(median=3.0, low=1.0, high=9.0)


def figure(value: float, target: Target | None) -> Figure:
    return Figure(
        name="a figure",
        spread=Spread(median=value, low=value - 1, high=value + 1),
        target=target,
        beside={"side s": 0.25},
    )


class TestReport:
    @pytest.mark.parametrize(
        ("relation", "below", "equal", "above"),
        [
            ("<", "met", "missed", "missed"),
            ("<=", "met", "met", "missed"),
            (">=", "missed", "met", "met"),
        ],
    )
    def test_a_target_is_met_by_the_median(
        self, relation: Relation, below: str, equal: str, above: str
    ) -> None:
        target = Target(relation=relation, value=2.0)
        found = [status(figure(value, target)) for value in (1.99, 2.0, 2.01)]
        assert found == [below, equal, above]

    def test_what_has_no_value_is_neither_met_nor_missed(self) -> None:
        target = Target(relation="<=", value=1.0)
        assert status(figure(1.0, None)) == "no target"
        assert status(Unmeasured(name="f", reason="absent", target=target)) == "not measured"
        assert status(Unmeasured(name="f", reason="broke", failed=True)) == "failed"

    def test_lines_state_value_range_target_and_standing(self) -> None:
        target = Target(relation="<=", value=1.5)
        row = Row(
            name="dense", figures=[figure(2.0, target), Unmeasured(name="g", reason="absent")]
        )
        first, beside, absent = row_lines(row)
        assert "2 (1 to 3), target <= 1.5: missed" in first
        assert beside.strip() == "side s 0.25"
        assert absent.endswith("not measured: absent")

    def test_json_holds_what_the_lines_say(self) -> None:
        row = Row(
            name="r",
            figures=[
                figure(2.0, Target(relation=">=", value=1.5)),
                Unmeasured(name="g", reason="absent"),
            ],
        )
        report = json.loads(json.dumps(report_json(describe_machine(), [row], quick=True)))
        assert report["quick"] is True
        assert report["machine"]["numpy"] == np.__version__
        assert report["machine"]["cores"] >= 1
        assert report["rows"][0]["figures"] == [
            {
                "name": "a figure",
                "status": "met",
                "target": ">= 1.5",
                "unit": "ratio",
                "median": 2.0,
                "min": 1.0,
                "max": 3.0,
                "beside": {"side s": 0.25},
            },
            {"name": "g", "status": "not measured", "target": None, "reason": "absent"},
        ]


class TestRows:
    def test_names_are_distinct(self) -> None:
        assert len(set(NAMES)) == len(NAMES)

    def test_only_what_is_named_is_measured(self) -> None:
        def measure(plan: Plan) -> list[Row]:
            return [Row(name=name, figures=[figure(1.0, None)]) for name in ("a", "b")]

        target = Target(relation="<", value=1.0)
        both = Measurement(rows={"a": target, "b": target}, measure=measure)
        assert [row.name for row in measured_rows(PLAN, ["b"], [both])] == ["b"]
        assert list(measured_rows(PLAN, ["c"], [both])) == []

    def test_a_failure_is_reported_and_the_others_still_run(self) -> None:
        def fail(plan: Plan) -> list[Row]:
            raise ChildFailedError("spikeref demo failed: no model")

        def measure(plan: Plan) -> list[Row]:
            return [Row(name="b", figures=[figure(1.0, None)])]

        target = Target(relation="<", value=1.0)
        measurements = [
            Measurement(rows={"a": target}, measure=fail),
            Measurement(rows={"b": target}, measure=measure),
        ]
        first, second = measured_rows(PLAN, ["a", "b"], measurements)
        assert [status(f) for f in first.figures] == ["failed"]
        assert "no model" in row_lines(first)[0]
        assert second.name == "b"

    def test_quick_skips_memory_and_says_so(self) -> None:
        (row,) = measured_rows(PLAN, ["memory"], MEASUREMENTS)
        assert "not measured: skipped by --quick" in row_lines(row)[0]

    def test_an_unknown_row_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            main(["--only", "speed"])
        assert ended.value.code == 2
        assert "'speed' is unknown" in capsys.readouterr().err


class TestChecking:
    def test_wrong_output_fails_in_every_case(self, tmp_path: Path) -> None:
        (tmp_path / "suite").mkdir()
        write_suite(tmp_path / "suite", "core", large_cases(2))
        suite = Suite.open(tmp_path / "suite")
        for wrong, failures in ((False, 0), (True, 2)):
            folder = tmp_path / f"out-{failures}"
            write_output(suite, folder, wrong=wrong)
            judging(suite, folder, failures)()
            with pytest.raises(AssertionError, match="are wrong"):
                judging(suite, folder, 1)()

    def test_it_is_a_row_with_the_target_of_the_contract(self) -> None:
        (measurement,) = [m for m in MEASUREMENTS if "check" in m.rows]
        assert measurement.rows["check"] == Target(relation=">=", value=200.0)


class TestChild:
    def test_cost_of_a_command(self) -> None:
        cost = spikeref_cost("--version")
        assert cost.wall > 0
        assert cost.cpu > 0
        assert 1 < cost.peak_mb < 4096

    def test_peak_memory_is_not_that_of_the_caller(self) -> None:
        held = np.ones(1 << 27, dtype=np.int8)
        assert spikeref_cost("--version").peak_mb < held.nbytes / (1 << 20)

    def test_a_failing_command_is_named_with_its_reason(self) -> None:
        with pytest.raises(ChildFailedError, match=r"spikeref run failed: .*no-such-model"):
            spikeref_cost("run", "no-such-model", "--tokens", "1")


class TestRandomModel:
    def test_engines_agree_on_it(self, model: IntegerModel) -> None:
        tokens = [3, 1, 4, 1, 5]
        dense = run(model, tokens, max_new_tokens=3)
        others = [run(model, tokens, max_new_tokens=3, engine=name) for name in ("sync", "async")]
        assert dense.logits.shape == (7, SHAPE.vocab)
        assert [other.trace_digest for other in others] == [dense.trace_digest] * 2

    def test_its_signals_have_the_sizes_of_a_real_model(self, model: IntegerModel) -> None:
        """Neurons fire, not all at the full range, and nothing saturates."""
        records: list[Record] = []
        forward(model, np.arange(20), Cache(SHAPE), DENSE, collect(records))
        inputs = [r for r in records if isinstance(r, InputRecord)]
        rates = [np.abs(r.counts.astype(np.int64)).mean() / ENCODER.train_length for r in inputs]
        assert 0.1 < min(rates) <= max(rates) < 0.5
        saturations = [r.saturations for r in records if hasattr(r, "saturations")]
        assert not np.concatenate(saturations).any()

    def test_weights_stay_in_range_and_the_bound_is_reached_by_no_more(self) -> None:
        weights = random_weights(300, 5, 7, np.random.default_rng(0))
        assert np.abs(weights).max() <= 7
        columns = [sum(abs(int(w)) for w in column) for column in weights.T]
        assert column_bound(weights, 8) == 8 * max(columns)

    def test_the_layers_alone_are_the_pass_without_embedding_and_head(
        self, model: IntegerModel
    ) -> None:
        tokens = np.arange(6)
        records: list[Record] = []
        forward(model, tokens, Cache(SHAPE), DENSE, collect(records))
        x = embed(tokens, model.embedding, model.config.profile.ties).values
        alone: list[Record] = []
        cache = Cache(SHAPE)
        out = decoder_layers(model, x, cache, DENSE, collect(alone))
        assert cache.length == 6
        assert [r.op for r in alone] == [r.op for r in records[1:-1]]
        residual = records[-2]
        assert residual.op == "mlp_residual"
        np.testing.assert_array_equal(out, residual.residual)

    def test_the_recorded_products_are_those_of_the_pass(self, model: IntegerModel) -> None:
        x = embed(np.arange(6), model.embedding, model.config.profile.ties).values
        records: list[Record] = []
        decoder_layers(model, x, Cache(SHAPE), DENSE, collect(records))
        sums = [getattr(r, "accumulator") for r in records if hasattr(r, "accumulator")]  # noqa: B009
        found = [product.call(DENSE) for product in recorded_products(model, x)]
        # Attention keeps what its values mix to; its scores are rescaled at once.
        kept = [array for array in found if array.shape != (6, SHAPE.heads, 6)]
        assert len(found) - len(kept) == SHAPE.layers
        assert len(kept) == len(sums) == 8 * SHAPE.layers
        for one, other in zip(kept, sums, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_operations_are_two_for_each_pair_of_a_product(self, model: IntegerModel) -> None:
        x = embed(np.arange(6), model.embedding, model.config.profile.ties).values
        hidden, heads, width = SHAPE.hidden, SHAPE.heads, SHAPE.head_dim
        group = 2 * SHAPE.kv_heads * width * hidden
        layer = 2 * hidden * hidden + group + 3 * hidden * SHAPE.intermediate
        attention = 2 * heads * width * 6
        found = sum(product.operations for product in recorded_products(model, x))
        assert found == 2 * 6 * SHAPE.layers * (layer + attention)

    def test_both_ways_have_the_same_trace(self, model: IntegerModel) -> None:
        x = embed(np.arange(6), model.embedding, model.config.profile.ties).values
        found = []
        for way in ways().values():
            sink = DigestSink()
            way(lambda engine, sink=sink: decoder_layers(model, x, Cache(SHAPE), engine, sink))
            found.append(sink.digest(model.digest, list(range(6))))
        assert len(found) == 2
        assert found[0] == found[1]

    def test_attention_is_timed_between_the_cached_values_and_its_record(
        self, model: IntegerModel
    ) -> None:
        timer = AttentionTimer()
        forward(model, np.arange(6), Cache(SHAPE), DENSE, timer)
        assert timer.seconds > 0


def test_the_population_fires_at_the_stated_rate() -> None:
    counts = spiking_counts(4)
    assert counts.shape == (4, 4096)
    rate = spikes_in(counts) / (counts.size * ENCODER.train_length)
    assert rate == pytest.approx(0.27, abs=0.01)
