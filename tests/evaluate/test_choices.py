"""Multiple choice: what is scored, and which choice wins, against plain loops."""

import math

import pytest

from spikeref.api import run
from spikeref.errors import TokenError
from spikeref.evaluate.choice_files import Item, Part
from spikeref.evaluate.choices import Reader, choice_result
from spikeref.evaluate.scoring import Score, score_model
from spikeref.model.layers import IntegerModel


def item(query: Part, *choices: Part, gold: int = 0) -> Item:
    return Item(query=query, choices=choices, gold=gold, where="file, line 3")


def letters(text: str) -> list[int]:
    return [ord(character) for character in text]


def words(text: str) -> list[int]:
    """A beginning, then a token for each word and one for white space at the end."""
    found = [256, *(len(word) for word in text.split())]
    return [*found, 99] if text[-1:].isspace() else found


READER = Reader(positions=12, vocab=288, encode=letters, first_token=256)


def parts(one: Item, reader: Reader = READER) -> list[tuple[str, str]]:
    return [
        ("".join(map(chr, s.tokens[: s.first])), "".join(map(chr, s.tokens[s.first :])))
        for s in reader.stretches(one).stretches
    ]


@pytest.mark.parametrize(
    ("query", "choice", "expected"),
    [
        ("ab", "cd", ("ab", " cd")),
        ("ab ", "cd", ("ab", " cd")),
        ("ab", " cd", ("ab", " cd")),
        ("ab\n", "cd", ("ab", "\ncd")),
        ("", "cd", (chr(256), "cd")),
    ],
)
def test_white_space_at_the_border_is_the_choices(
    query: str, choice: str, expected: tuple[str, str]
) -> None:
    assert parts(item(query, choice, "x"))[0] == expected


def test_texts_are_encoded_together() -> None:
    reader = Reader(positions=12, vocab=288, encode=words, first_token=None)
    made = reader.stretches(item("one three", "seventh word", "x"))
    assert [s.tokens for s in made.stretches] == [(256, 3, 5, 7, 4), (256, 3, 5, 1)]
    assert [s.first for s in made.stretches] == [3, 3]


def test_lengths_are_bytes_of_text_and_numbers_of_ids() -> None:
    assert READER.stretches(item("a", "é", "xyz")).lengths == (2, 3)
    assert READER.stretches(item("a", (1, 2), (3,))).lengths == (2, 1)


def test_a_long_query_loses_its_beginning() -> None:
    made = READER.stretches(item(tuple(range(20)), (30, 31), (40,)))
    assert made.shortened
    assert made.stretches[0].tokens == (*range(10, 20), 30, 31)
    assert made.stretches[1].tokens == (*range(9, 20), 40)
    assert not READER.stretches(item(tuple(range(10)), (30, 31), (40,))).shortened


@pytest.mark.parametrize(
    ("given", "reader", "why"),
    [
        (item("a", "x" * 11, "y"), READER, "a choice of 12 tokens leaves no room"),
        (item((1,), (288,), (2,)), READER, "token 288 at position 1 is out of range"),
        (item((-1,), (2,), (2,)), READER, "token -1 at position 0"),
        (
            item("", "a", "b"),
            Reader(positions=12, vocab=288, encode=letters, first_token=None),
            "the query is empty",
        ),
        (
            item("a", "b", "c"),
            Reader(positions=12, vocab=288, encode=None, first_token=None),
            "no tokenizer.json",
        ),
        (
            item("a", "b", "c"),
            Reader(positions=12, vocab=288, encode=lambda text: [7], first_token=None),
            "no token of its own",
        ),
    ],
)
def test_what_cannot_be_scored_names_its_line(given: Item, reader: Reader, why: str) -> None:
    with pytest.raises(TokenError) as refused:
        reader.stretches(given)
    assert str(refused.value).startswith("file, line 3: ")
    assert why in str(refused.value)


def test_sum_and_mean_may_choose_differently() -> None:
    """Losses 3 and 4 over 1 and 2 bytes: the sum takes the first, the mean the second."""
    made = [READER.stretches(item("q", "a", "bc", gold=gold)) for gold in (0, 1)]
    scores = [Score(nll=3.0), Score(nll=4.0)] * 2
    found = choice_result(made, scores)
    assert (found.correct, found.correct_normalised, found.items) == (1, 1, 2)
    first = choice_result(made[:1], scores[:2])
    assert (first.correct, first.correct_normalised) == (1, 0)


def test_of_equals_the_first_wins() -> None:
    made = [READER.stretches(item("q", "a", "b", "c", gold=1))]
    found = choice_result(made, [Score(nll=5.0), Score(nll=2.0), Score(nll=2.0)])
    assert found.correct == 1


def test_log_likelihoods_of_a_model_against_a_plain_loop(tiny_model: IntegerModel) -> None:
    reader = Reader(positions=256, vocab=288, encode=None, first_token=256)
    items = [
        item((5, 6, 7), (8, 9), (10,), (11, 12, 13), gold=2),
        item((), (40,), (41, 42), gold=0),
    ]
    made = [reader.stretches(one) for one in items]
    scores = score_model(tiny_model, [s for one in made for s in one.stretches])
    plain, correct, normalised = [], 0, 0
    for one in items:
        sums = []
        for choice in one.choices:
            tokens = [*(one.query or (256,)), *choice]
            logits = run(tiny_model, tokens).logits / 65536
            total = 0.0
            for place in range(len(tokens) - len(choice), len(tokens)):
                row = logits[place - 1].tolist()
                total += row[tokens[place]] - math.log(math.fsum(map(math.exp, row)))
            sums.append(total)
        plain += sums
        means = [total / len(choice) for total, choice in zip(sums, one.choices, strict=True)]
        correct += max(range(len(sums)), key=sums.__getitem__) == one.gold
        normalised += max(range(len(means)), key=means.__getitem__) == one.gold
    assert [-score.nll for score in scores] == pytest.approx(plain, rel=1e-12)
    found = choice_result(made, scores)
    assert (found.correct, found.correct_normalised) == (correct, normalised)
