"""Losses and perplexities against math.log and math.exp over plain numbers."""

import math
from pathlib import Path

import numpy as np
import pytest

from spikeref.account.counters import CounterSink
from spikeref.api import run
from spikeref.checkpoint.reader import Checkpoint
from spikeref.errors import TokenError
from spikeref.evaluate.baseline import baseline_logits
from spikeref.evaluate.perplexity import (
    Perplexity,
    checkpoint_perplexity,
    model_perplexity,
)
from spikeref.evaluate.scoring import logit_nll
from spikeref.model.layers import IntegerModel
from tools.synthetic_checkpoint import write_checkpoint

SEQUENCES = [[256, 72, 105, 33], [5], [7, 7], [0, 287, 12]]


def loss(logits: list[float], target: int) -> float:
    return math.log(math.fsum(math.exp(v) for v in logits)) - logits[target]


def test_losses_by_hand() -> None:
    """Logits 0, 1, 2 and 0.5, 0.5, −3."""
    logits = np.array([[0, 65536, 131072], [32768, 32768, -196608]], dtype=np.int32)
    found = logit_nll(logits, np.array([0, 1]))
    expected = [
        math.log(1 + math.exp(1) + math.exp(2)),
        math.log(2 * math.exp(0.5) + math.exp(-3)) - 0.5,
    ]
    assert found.dtype == np.float64
    assert np.allclose(found, expected, rtol=1e-14, atol=0)


def test_equal_logits_say_nothing() -> None:
    found = logit_nll(np.full((1, 288), -(1 << 31), dtype=np.int32), np.array([9]))
    assert math.isclose(found[0], math.log(288), rel_tol=1e-15)


def test_the_widest_logits_neither_overflow_nor_wrap() -> None:
    """Logits −2^15 and just below 2^15: the loss of the lower is their difference."""
    low, high = -(1 << 31), (1 << 31) - 1
    found = logit_nll(np.array([[low, high]] * 2, dtype=np.int32), np.array([0, 1]))
    assert found.tolist() == [65536 - 2**-16, 0.0]


def test_no_logits_have_no_losses() -> None:
    assert logit_nll(np.zeros((0, 3), dtype=np.int32), np.zeros(0, dtype=np.int64)).size == 0


def test_sequences_are_scored_from_their_second_token(tiny_model: IntegerModel) -> None:
    nll = 0.0
    for sequence in SEQUENCES:
        logits = (run(tiny_model, sequence).logits / 65536).tolist()
        nll += sum(loss(row, t) for row, t in zip(logits[:-1], sequence[1:], strict=True))
    told: list[int] = []
    found = model_perplexity(tiny_model, SEQUENCES, CounterSink(tiny_model), told.append)
    assert found.scored_tokens == 3 + 0 + 1 + 2
    assert math.isclose(found.nll, nll, rel_tol=1e-12)
    assert math.isclose(found.perplexity, math.exp(nll / 6), rel_tol=1e-12)
    assert told == [4, 1, 2, 3]


def test_counters_see_every_sequence(tiny_model: IntegerModel) -> None:
    counters = CounterSink(tiny_model)
    model_perplexity(tiny_model, SEQUENCES, counters)
    assert counters.spikes()[0, "qkv_input"].neurons == 64 * (4 + 1 + 2 + 3)
    alone = [run(tiny_model, s).counters.firing_rates()["mean"] for s in SEQUENCES]
    together = sum(spikes for spikes, _ in alone), sum(slots for _, slots in alone)
    assert counters.firing_rates()["mean"] == together


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint("tiny-llama", tmp_path_factory.mktemp("float64") / "c", scale=0.3)


def test_the_baseline_is_scored_alike(source: Path) -> None:
    with Checkpoint.open(source) as checkpoint:
        found = checkpoint_perplexity(checkpoint, SEQUENCES)
        nll = 0.0
        for sequence in SEQUENCES:
            logits = baseline_logits(checkpoint, sequence).tolist()
            nll += sum(loss(row, t) for row, t in zip(logits[:-1], sequence[1:], strict=True))
    assert found.scored_tokens == 6
    assert math.isclose(found.nll, nll, rel_tol=1e-10)


@pytest.mark.parametrize("sequences", [[], [[3]], [[3], [4]]])
def test_nothing_to_score(
    tiny_model: IntegerModel, source: Path, sequences: list[list[int]]
) -> None:
    with pytest.raises(TokenError, match=r"nothing to score: .* at least two tokens"):
        model_perplexity(tiny_model, sequences, CounterSink(tiny_model))
    with (
        Checkpoint.open(source) as checkpoint,
        pytest.raises(TokenError, match="nothing to score"),
    ):
        checkpoint_perplexity(checkpoint, sequences)


def test_tokens_out_of_range_are_refused(tiny_model: IntegerModel) -> None:
    with pytest.raises(TokenError, match="token 288 at position 1 is out of range"):
        model_perplexity(tiny_model, [[1, 288]], CounterSink(tiny_model))


def test_perplexity_by_hand() -> None:
    assert Perplexity(nll=0.0, scored_tokens=4).perplexity == 1
    halved = Perplexity(nll=3 * math.log(2), scored_tokens=3)
    assert math.isclose(halved.perplexity, 2, rel_tol=1e-15)


def test_perplexity_beyond_float64_is_infinite() -> None:
    assert Perplexity(nll=1e4, scored_tokens=10).perplexity == math.inf
    assert Perplexity(nll=7e3, scored_tokens=10).perplexity < math.inf
