"""THM-18: a LAS decoder's cache gives the integers of one pass, in any chunks (LAS-7, ATT-12)."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.engine.events import Shuffled
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.model.las_layers import LasModel
from spikeref.trace.sinks import DigestSink

TOKENS = np.array([256, 3, 77, 200, 3, 15, 16, 17, 256, 0, 287, 99], dtype=np.int64)
DECODERS = ("gpt2", "opt", "llama", "mistral", "qwen2")


def run(
    model: LasModel, tokens: NDArray[np.int64], cuts: list[int], engine: LasEngine
) -> tuple[NDArray[np.int64], DigestSink]:
    """Logits [T, V] and record digests of the tokens, passed in chunks that end at the cuts."""
    cache, sink = LasCache(model.config), DigestSink()
    bounds = [0, *sorted(set(cuts) - {0, tokens.size}), tokens.size]
    logits = []
    for start, stop in pairwise(bounds):
        done = las_forward(model, tokens[start:stop], cache, engine, sink)
        assert done.logits is not None
        logits.append(done.logits)
    assert cache.length == tokens.size
    return np.concatenate(logits), sink


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=5)
@given(cuts=st.lists(st.integers(1, TOKENS.size - 1), max_size=TOKENS.size))
def test_any_split_into_chunks(
    las_model: Callable[[str], LasModel], name: str, cuts: list[int]
) -> None:
    """Every record of every token, not only the logits."""
    model = las_model(name)
    logits, sink = run(model, TOKENS, cuts, LAS_DENSE)
    whole, expected = run(model, TOKENS, [], LAS_DENSE)
    np.testing.assert_array_equal(logits, whole)
    assert sink.digests == expected.digests


@pytest.mark.parametrize("name", DECODERS)
def test_engines_that_walk_spikes(las_model: Callable[[str], LasModel], name: str) -> None:
    model = las_model(name)
    count = 5
    whole, expected = run(model, TOKENS[:count], [], LAS_DENSE)
    for engine in (LAS_SYNCHRONOUS, las_asynchronous(Shuffled(1), 64)):
        logits, sink = run(model, TOKENS[:count], [1, 3], engine)
        np.testing.assert_array_equal(logits, whole)
        assert sink.digests == expected.digests


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=4)
@given(length=st.integers(1, TOKENS.size - 1), token=st.integers(0, 287))
def test_no_signal_depends_on_a_later_token(
    las_model: Callable[[str], LasModel], name: str, length: int, token: int
) -> None:
    model = las_model(name)
    _, sink = run(model, np.append(TOKENS[:length], np.int64(token)), [], LAS_DENSE)
    _, whole = run(model, TOKENS, [], LAS_DENSE)
    kept = {p: d for p, d in sink.digests.items() if p.token < length}
    assert kept == {p: d for p, d in whole.digests.items() if p.token < length}
