"""Likelihoods and continuations of texts, against plain loops over logits."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from spikeref.api import run
from spikeref.errors import ModelError, TokenError, UsageError
from spikeref.evaluate.text_scoring import TextScorer
from spikeref.forward.text import encode_text
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel

STATEMENT = "hello, world of spikes"


def row_loss(row: list[float], target: int) -> float:
    return math.log(math.fsum(map(math.exp, row))) - row[target]


def test_a_continuation(tiny_model: IntegerModel) -> None:
    found = TextScorer(tiny_model).likelihood("hello ", "you")
    before = encode_text(tiny_model.folder, "hello")
    whole = encode_text(tiny_model.folder, "hello you")
    logits = (run(tiny_model, whole).logits / 65536).tolist()
    places = range(len(before), len(whole))
    assert found.logprob == pytest.approx(-sum(row_loss(logits[t - 1], whole[t]) for t in places))
    assert found.greedy == all(logits[t - 1].index(max(logits[t - 1])) == whole[t] for t in places)


def test_the_greedy_continuation_is_greedy(tiny_model: IntegerModel) -> None:
    """Where its text has the tokens that were chosen."""
    scorer = TextScorer(tiny_model)
    checked = 0
    for start in map(chr, range(97, 123)):
        chosen = run(tiny_model, encode_text(tiny_model.folder, start), max_new_tokens=1)
        token = chosen.new_tokens[0]
        if 33 <= token < 127:
            assert scorer.likelihood(start, chr(token)).greedy
            assert not scorer.likelihood(start, chr(token ^ 1)).greedy
            checked += 1
    assert checked


def test_a_long_context_loses_its_beginning(tiny_model: IntegerModel) -> None:
    """256 positions; one token is scored on the 255 before it."""
    scorer = TextScorer(tiny_model)
    text = "abcdefg" * 60
    found = scorer.likelihood(text, "x")
    whole = encode_text(tiny_model.folder, text + "x")[-256:]
    logits = (run(tiny_model, whole).logits / 65536).tolist()
    assert found.logprob == pytest.approx(-row_loss(logits[-2], whole[-1]))


def test_a_whole_text(tiny_model: IntegerModel) -> None:
    whole = encode_text(tiny_model.folder, STATEMENT)
    first = tiny_model.config.bos_token_id
    assert first is not None
    tokens = whole if whole[0] == first else [first, *whole]
    logits = (run(tiny_model, tokens).logits / 65536).tolist()
    expected = -sum(row_loss(logits[t - 1], tokens[t]) for t in range(1, len(tokens)))
    assert TextScorer(tiny_model).rolling(STATEMENT) == pytest.approx(expected)


def test_a_longer_text_than_positions(tiny_model: IntegerModel) -> None:
    """Pieces of 255 scored tokens, the last on all 255 before its own last."""
    text = "abcdefghij" * 30
    first = tiny_model.config.bos_token_id
    assert first is not None
    whole = encode_text(tiny_model.folder, text)
    tokens = whole if whole[0] == first else [first, *whole]
    assert 256 < len(tokens) < 511
    total = 0.0
    for piece, scored in ((tokens[:256], 255), (tokens[-256:], len(tokens) - 256)):
        logits = (run(tiny_model, piece).logits / 65536).tolist()
        total -= sum(row_loss(logits[t - 1], piece[t]) for t in range(256 - scored, 256))
    assert TextScorer(tiny_model).rolling(text) == pytest.approx(total)


def test_decoding_stops_at_a_text(tiny_model: IntegerModel) -> None:
    scorer = TextScorer(tiny_model)
    plain = scorer.continuation("hello", [], 12)
    done = run(tiny_model, encode_text(tiny_model.folder, "hello"), max_new_tokens=12)
    assert len(done.new_tokens) <= 12
    assert len(plain) > 2
    stop = plain[2]
    assert scorer.continuation("hello", [stop, "\x00never"], 12) == plain[: plain.index(stop)]


@pytest.mark.parametrize("number", [0, 256])
def test_too_many_new_tokens(tiny_model: IntegerModel, number: int) -> None:
    with pytest.raises(UsageError, match="do not fit"):
        TextScorer(tiny_model).continuation("a", [], number)


def test_what_cannot_be_scored(tiny_model: IntegerModel) -> None:
    scorer = TextScorer(tiny_model)
    for continuation in ("", "x" * 300):
        with pytest.raises(TokenError, match="cannot be scored"):
            scorer.likelihood("a", continuation)


def test_a_model_without_tokenizer(las_model: Callable[[str], LasModel], tmp_path: Path) -> None:
    from dataclasses import replace

    with pytest.raises(ModelError, match=r"no tokenizer\.json"):
        TextScorer(replace(las_model("llama"), folder=tmp_path))
