"""THM-8: decoding with the cache gives the integers of one pass (ATT-12)."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.dense import DENSE
from spikeref.engine.events import Shuffled
from spikeref.engine.products import Engine
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.layers import IntegerModel
from spikeref.trace.sinks import DigestSink

TOKENS = np.array([256, 3, 77, 200, 3, 15, 16, 17, 256, 0, 287, 99], dtype=np.int64)


def run(
    model: IntegerModel, tokens: NDArray[np.int64], cuts: list[int], engine: Engine
) -> tuple[NDArray[np.int32], DigestSink]:
    """Logits [T, V] and record digests of the tokens, passed in chunks that end at the cuts."""
    cache, sink = Cache(model.config.shape), DigestSink()
    bounds = [0, *sorted(set(cuts) - {0, tokens.size}), tokens.size]
    logits = [
        forward(model, tokens[start:stop], cache, engine, sink) for start, stop in pairwise(bounds)
    ]
    return np.concatenate(logits), sink


@pytest.fixture(scope="session")
def whole(tiny_model: IntegerModel) -> tuple[NDArray[np.int32], DigestSink]:
    """One pass over all tokens with the definition."""
    return run(tiny_model, TOKENS, [], DENSE)


@settings(max_examples=12)
@given(cuts=st.lists(st.integers(1, TOKENS.size - 1), max_size=TOKENS.size))
def test_any_split_into_chunks(
    tiny_model: IntegerModel, whole: tuple[NDArray[np.int32], DigestSink], cuts: list[int]
) -> None:
    """Every record of every token, not only the logits."""
    logits, sink = run(tiny_model, TOKENS, cuts, DENSE)
    np.testing.assert_array_equal(logits, whole[0])
    assert sink.digests == whole[1].digests


@pytest.mark.parametrize("cuts", [[], [1, 2, 3, 4, 5], [3]])
def test_engines_that_walk_spikes(
    tiny_model: IntegerModel, whole: tuple[NDArray[np.int32], DigestSink], cuts: list[int]
) -> None:
    count = 6
    expected = {p: d for p, d in whole[1].digests.items() if p.token < count}
    for engine in (SYNCHRONOUS, asynchronous(Shuffled(1), 64)):
        logits, sink = run(tiny_model, TOKENS[:count], cuts, engine)
        np.testing.assert_array_equal(logits, whole[0][:count])
        assert sink.digests == expected


@settings(max_examples=6)
@given(length=st.integers(1, TOKENS.size - 1), token=st.integers(0, 287))
def test_no_signal_depends_on_a_later_token(
    tiny_model: IntegerModel,
    whole: tuple[NDArray[np.int32], DigestSink],
    length: int,
    token: int,
) -> None:
    """Whatever follows: the records of the first tokens stay what they are."""
    changed = np.append(TOKENS[:length], np.int64(token))
    _, sink = run(tiny_model, changed, [], DENSE)
    kept = {p: d for p, d in sink.digests.items() if p.token < length}
    assert kept == {p: d for p, d in whole[1].digests.items() if p.token < length}
