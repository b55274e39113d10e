"""Sliding windows: each token scored once, with the context that was promised, by a plain loop."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.account.any_counters import counter_sink
from spikeref.api import run
from spikeref.checkpoint.reader import Checkpoint
from spikeref.errors import TokenError, UsageError
from spikeref.evaluate.baseline import baseline_logits
from spikeref.evaluate.perplexity import checkpoint_perplexity, model_perplexity
from spikeref.evaluate.stretches import FittedWindow, Stretch, Window, cut, stretches_digest
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from tests.evaluate.sources import checkpoint_of

TEXT = [(37 * i * i + 11 * i) % 288 for i in range(23)]


@given(st.integers(1, 60), st.integers(2, 20), st.data())
def test_each_token_is_scored_once_on_enough(length: int, size: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(1, size - 1))
    sequence = list(range(length))
    scored = []
    for stretch in FittedWindow(size=size, stride=stride).stretches(sequence):
        start = stretch.tokens[0]
        assert list(stretch.tokens) == sequence[start : start + len(stretch.tokens)]
        assert 1 <= len(stretch.tokens) <= size
        for token in stretch.tokens[stretch.first :]:
            # Token t is element t, so this many tokens stand before it.
            assert token - start >= min(token, size - stride)
            scored.append(token)
    assert scored == sequence[1:]


def test_a_sequence_that_fits_is_one_stretch() -> None:
    made = list(FittedWindow(size=4, stride=2).stretches([5, 6, 7, 8]))
    assert made == [Stretch(tokens=(5, 6, 7, 8), first=1)]


def test_windows_by_hand() -> None:
    """W = 4, S = 3, seven tokens."""
    made = list(FittedWindow(size=4, stride=3).stretches([0, 1, 2, 3, 4, 5, 6]))
    assert made == [Stretch(tokens=(0, 1, 2, 3), first=1), Stretch(tokens=(3, 4, 5, 6), first=1)]


def test_defaults() -> None:
    assert Window().fitted(256) == FittedWindow(size=256, stride=128)
    assert Window(size=9).fitted(256) == FittedWindow(size=9, stride=4)
    assert Window(stride=200).fitted(256) == FittedWindow(size=256, stride=200)


@pytest.mark.parametrize(
    ("window", "why"),
    [
        (Window(size=1), "--window: 1 given, 2 to the model's 8"),
        (Window(size=9), "--window: 9 given"),
        (Window(size=4, stride=4), "--stride: 4 given, 1 to 3"),
        (Window(stride=0), "--stride: 0 given, 1 to 7"),
    ],
)
def test_windows_that_a_model_cannot_take(window: Window, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        window.fitted(8)


def test_one_position_scores_no_token() -> None:
    with pytest.raises(TokenError, match="one position"):
        cut([[1, 2]], Window(), 1, 9)


def test_every_token_is_checked_before_any_is_scored() -> None:
    with pytest.raises(TokenError, match="sequence 1: token 9 at position 5 is out of range"):
        cut([[1, 2], [0, 0, 0, 0, 0, 9]], Window(), 2, 9)


def test_the_digest_tells_windows_apart() -> None:
    windows = [Window(), Window(size=4), Window(size=4, stride=1), Window(size=5, stride=1)]
    sequences: list[list[list[int]]] = [[TEXT], [TEXT[:-1]], [TEXT[:9], TEXT[9:]]]
    digests = {
        stretches_digest(cut(given, window, 8, 288)) for window in windows for given in sequences
    }
    assert len(digests) == len(windows) * len(sequences)


def plain_loss(rows: Callable[[list[int]], list[list[float]]], size: int, stride: int) -> float:
    """Score TEXT token by token, each on the window that first holds it."""
    total = 0.0
    for place in range(1, len(TEXT)):
        # Window k ends before k·S + W.
        window = max(0, math.ceil((place + 1 - size) / stride))
        logits = rows(TEXT[window * stride : place])[-1]
        top = max(logits)
        total += top + math.log(math.fsum(math.exp(v - top) for v in logits)) - logits[TEXT[place]]
    return total


def model_rows(model: IntegerModel | LasModel) -> Callable[[list[int]], list[list[float]]]:
    return lambda tokens: (np.asarray(run(model, tokens).logits) / 65536).tolist()


@pytest.mark.parametrize(("size", "stride"), [(8, 4), (5, 1), (7, 6), (23, 3)])
def test_a_model_of_sdllm_against_a_plain_loop(
    tiny_model: IntegerModel, size: int, stride: int
) -> None:
    told: list[int] = []
    found = model_perplexity(
        tiny_model,
        [TEXT, [3]],
        counter_sink(tiny_model),
        told.append,
        Window(size=size, stride=stride),
    )
    assert found.scored_tokens == len(TEXT) - 1
    assert math.isclose(found.nll, plain_loss(model_rows(tiny_model), size, stride), rel_tol=1e-12)
    assert sum(told) >= len(TEXT) + 1


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_model_of_las_against_a_plain_loop(
    las_model: Callable[[str], LasModel], name: str
) -> None:
    model = las_model(name)
    found = model_perplexity(model, [TEXT], counter_sink(model), window=Window(size=8, stride=5))
    assert math.isclose(found.nll, plain_loss(model_rows(model), 8, 5), rel_tol=1e-12)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_the_baseline_against_a_plain_loop(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    with Checkpoint.open(checkpoint_of(tmp_path_factory, name)) as checkpoint:
        found = checkpoint_perplexity(checkpoint, [TEXT], window=Window(size=8, stride=5))
        loss = plain_loss(lambda t: baseline_logits(checkpoint, t).tolist(), 8, 5)
    assert math.isclose(found.nll, loss, rel_tol=1e-10)


def test_longer_text_than_positions_slides_by_half(
    tmp_path_factory: pytest.TempPathFactory, las_model: Callable[[str], LasModel]
) -> None:
    """GPT-2 of 32 positions."""
    model = las_model("gpt2")
    text = (TEXT * 4)[:75]
    by_default = model_perplexity(model, [text], counter_sink(model))
    stated = model_perplexity(model, [text], counter_sink(model), window=Window(size=32, stride=16))
    assert by_default == stated
    assert by_default.scored_tokens == 74
    with Checkpoint.open(checkpoint_of(tmp_path_factory, "gpt2")) as checkpoint:
        assert checkpoint_perplexity(checkpoint, [text]).scored_tokens == 74
