"""Every engine gives the plain sums (ENG-1 to ENG-4, ENG-8)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.dense import DENSE
from spikeref.engine.events import EventQueue, Shuffled, Sorted, events_of, pack_events
from spikeref.engine.products import Engine
from spikeref.engine.sparse_addition import GATHERED_ROWS, add_rows, subtract_rows
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.errors import UsageError
from spikeref.neurons.counts import Encoder, Encoding
from tests.engine.populations import (
    every_engine,
    product_by_python,
    random_counts,
    synaptic_of,
)

ENGINES = every_engine()
ENCODERS = [
    Encoder(bits=2, encoding=Encoding.TERNARY),
    Encoder(bits=4, encoding=Encoding.TERNARY),
    Encoder(bits=4, encoding=Encoding.TERNARY, clip_ratio=Fraction(9, 10)),
    Encoder(bits=8, encoding=Encoding.TERNARY, clip_ratio=Fraction(1, 2)),
    Encoder(bits=4, encoding=Encoding.BINARY),
    Encoder(bits=8, encoding=Encoding.BINARY),
]
HEADS = 4
NAMES = [f"{e.encoding.value}-{e.bits}-{e.largest_count}" for e in ENCODERS]
CACHE_ENCODERS = ENCODERS[:4]


def random_weights(sources: int, targets: int) -> NDArray[np.int8]:
    rng = np.random.default_rng(targets)
    return rng.integers(-127, 127, size=(sources, targets), endpoint=True).astype(np.int8)


@pytest.mark.parametrize("engine", [e for _, e in ENGINES], ids=[name for name, _ in ENGINES])
class TestEveryEngine:
    @pytest.mark.parametrize("encoder", ENCODERS, ids=NAMES)
    def test_project(self, engine: Engine, encoder: Encoder) -> None:
        for tokens, sources, targets in ((2, 9, 5), (1, 1, 1)):
            counts = random_counts(encoder, (tokens, sources), seed=sources)
            weights = random_weights(sources, targets)
            found = engine.project(counts, synaptic_of(weights, encoder), encoder)
            assert found.tolist() == product_by_python(counts, weights)

    def test_project_more_sources_than_are_gathered_at_once(self, engine: Engine) -> None:
        encoder, sources = ENCODERS[1], 3 * GATHERED_ROWS + 5
        counts = random_counts(encoder, (1, sources), seed=8)
        counts[counts == 0] = 7
        weights = random_weights(sources, 3)
        found = engine.project(counts, synaptic_of(weights, encoder), encoder)
        assert found.tolist() == product_by_python(counts, weights)

    @pytest.mark.parametrize("groups", [HEADS, HEADS // 2])
    @pytest.mark.parametrize("encoder", CACHE_ENCODERS, ids=NAMES[:4])
    def test_score(self, engine: Engine, encoder: Encoder, groups: int) -> None:
        counts = random_counts(encoder, (6, groups, 4), seed=1)
        limit = (1 << 23) - 1
        rng = np.random.default_rng(2)
        queries = rng.integers(-limit, limit, size=(3, HEADS, 4), endpoint=True)
        queries[0, 1] = [limit, -limit, limit, -limit]
        found = engine.score(queries, counts, encoder)
        for head in range(HEADS):
            expected = product_by_python(queries[:, head], counts[:, head * groups // HEADS].T)
            assert found[:, head].tolist() == expected

    @pytest.mark.parametrize("groups", [HEADS, HEADS // 2])
    @pytest.mark.parametrize("encoder", CACHE_ENCODERS, ids=NAMES[:4])
    def test_mix(self, engine: Engine, encoder: Encoder, groups: int) -> None:
        counts = random_counts(encoder, (6, groups, 4), seed=3)
        rng = np.random.default_rng(4)
        addends = rng.integers(0, 1 << 28, size=(3, HEADS, 6), endpoint=True)
        addends[0, 1] = 1 << 28
        found = engine.mix(addends, counts, encoder)
        for head in range(HEADS):
            expected = product_by_python(addends[:, head], counts[:, head * groups // HEADS])
            assert found[:, head].tolist() == expected

    def test_an_empty_population_adds_nothing(self, engine: Engine) -> None:
        encoder = ENCODERS[1]
        counts = np.zeros((2, 0), dtype=np.int8)
        weights = np.zeros((0, 3), dtype=np.int8)
        found = engine.project(counts, synaptic_of(weights, encoder), encoder)
        assert found.tolist() == [[0, 0, 0]] * 2
        assert engine.project(
            np.zeros((0, 2), dtype=np.int8),
            synaptic_of(np.ones((2, 3), dtype=np.int8), encoder),
            encoder,
        ).shape == (0, 3)

    def test_a_silent_population_adds_nothing(self, engine: Engine) -> None:
        encoder = ENCODERS[1]
        weights = np.full((4, 3), 7, dtype=np.int8)
        counts = np.zeros((1, 4), dtype=np.int8)
        assert not engine.project(counts, synaptic_of(weights, encoder), encoder).any()
        silent = counts[:, None]
        assert not engine.score(np.full((1, 1, 4), 9, dtype=np.int64), silent, encoder).any()
        assert not engine.mix(np.full((1, 1, 1), 9, dtype=np.int64), silent, encoder).any()


@settings(max_examples=40)
@given(data=st.data())
def test_engines_agree_on_anything(data: st.DataObject) -> None:
    encoder = data.draw(st.sampled_from(ENCODERS))
    sources, targets = data.draw(st.integers(0, 20)), data.draw(st.integers(1, 6))
    seed = data.draw(st.integers(0, 1 << 20))
    counts = random_counts(encoder, (2, sources), seed)
    weights = np.random.default_rng(seed).integers(-7, 8, size=(sources, targets)).astype(np.int8)
    synaptic = synaptic_of(weights, encoder)
    queue = asynchronous(Shuffled(seed), data.draw(st.integers(1, 50)))
    expected = DENSE.project(counts, synaptic, encoder).tolist()
    assert SYNCHRONOUS.project(counts, synaptic, encoder).tolist() == expected
    assert queue.project(counts, synaptic, encoder).tolist() == expected


@pytest.mark.parametrize("count", [0, 1, GATHERED_ROWS, GATHERED_ROWS + 1, 5 * GATHERED_ROWS + 3])
@pytest.mark.parametrize("largest", [1, 127, 511, 512, 1 << 30])
def test_runs_of_gathered_rows_do_not_wrap(count: int, largest: int) -> None:
    """All rows at their largest: int16 partial sums only where 64 of them fit."""
    weights = np.array([[largest, -largest]], dtype=np.int64)
    weights = weights.astype(np.int8 if largest < 128 else np.int64)
    sources = np.zeros(count, dtype=np.int64)
    accumulator = np.array([5, -5], dtype=np.int64)
    add_rows(accumulator, weights, largest, sources)
    assert accumulator.tolist() == [5 + count * largest, -5 - count * largest]
    subtract_rows(accumulator, weights, largest, sources)
    assert accumulator.tolist() == [5, -5]


def test_epochs_of_an_engine_are_numbered_in_order() -> None:
    """One epoch a token and product: a shuffled order is that of the next epoch number."""
    encoder = ENCODERS[1]
    counts = random_counts(encoder, (2, 12), seed=5)
    first = asynchronous(Shuffled(3), 4096)
    weights = np.ones((12, 1), dtype=np.int8)
    first.project(counts, synaptic_of(weights, encoder), encoder)
    first.score(np.ones((1, 1, 12), dtype=np.int64), counts[:1, None], encoder)
    orders = []
    for epoch in range(3):
        queue = EventQueue(epoch, Shuffled(3), 4096)
        queue.push(pack_events(events_of(counts[0], encoder), epoch))
        orders.append([e.source.tolist() for e in queue.batches(12, encoder.train_length)])
    assert orders[0] != orders[1] != orders[2]


def test_an_abandoned_epoch_leaves_no_trace() -> None:
    """ENG-8: stop in mid-train, then compute; the result is that of a fresh engine."""
    encoder = ENCODERS[1]
    counts = random_counts(encoder, (1, 30), seed=6)
    weights = np.random.default_rng(0).integers(-7, 8, size=(30, 4)).astype(np.int8)
    synaptic = synaptic_of(weights, encoder)
    expected = DENSE.project(counts, synaptic, encoder)
    queue = EventQueue(0, Sorted(), 3)
    queue.push(pack_events(events_of(counts[0], encoder), 0))
    next(queue.batches(30, encoder.train_length))
    engine = asynchronous(Sorted(), 3)
    for _ in range(2):
        np.testing.assert_array_equal(engine.project(counts, synaptic, encoder), expected)


def test_a_batch_holds_an_event_at_least() -> None:
    encoder = ENCODERS[1]
    engine = asynchronous(Sorted(), 0)
    with pytest.raises(UsageError, match="batches of 0"):
        engine.score(np.ones((1, 1, 2), dtype=np.int64), np.ones((1, 1, 2), dtype=np.int8), encoder)
