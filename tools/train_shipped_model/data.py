"""Stories as token ids: for training, held out, and for calibration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from tools.train_shipped_model.corpus import Story, labelled_stories, stories
from tools.train_shipped_model.tokenizer import encode_documents, train_tokenizer

TRAIN_SEED, HELDOUT_SEED, CALIBRATION_SEED = 1, 2, 3
HELDOUT_COUNT, CALIBRATION_COUNT = 24, 8
TOKENIZER_STORIES = 10_000
REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED_TOKENIZER = REPOSITORY / "spikeref" / "shipped" / "model" / "tokenizer.json"

CLASS_HELDOUT_COUNT, CLASS_CALIBRATION_COUNT = 360, 16
CLASS_LENGTHS = (40, 48, 56, 64)
"""Lengths to which stories are cut for the classifier, in turn."""


@dataclass(frozen=True)
class Data:
    """The tokenizer, and token ids per story: whole for training, cut short for the others."""

    tokenizer: Tokenizer
    training: list[list[int]]
    heldout: list[list[int]]
    calibration: list[list[int]]


@dataclass(frozen=True)
class LabelledData(Data):
    """The same with the number of each story's shape; training stories have the longest cut."""

    training_labels: list[int]
    heldout_labels: list[int]


def make_data(story_count: int, vocab_size: int, length: int) -> Data:
    """Generate three disjoint sets of stories and encode them with a tokenizer of their own."""
    training = stories(TRAIN_SEED, story_count)
    tokenizer = train_tokenizer(training[:TOKENIZER_STORIES], vocab_size)
    return _encoded(tokenizer, training, length)


def make_shipped_data(story_count: int, length: int) -> Data:
    """Generate the same sets and encode them with the shipped model's tokenizer."""
    return _encoded(shipped_tokenizer(), stories(TRAIN_SEED, story_count), length)


def _encoded(tokenizer: Tokenizer, training: list[str], length: int) -> Data:
    heldout = stories(HELDOUT_SEED, HELDOUT_COUNT, set(training))
    calibration = stories(CALIBRATION_SEED, CALIBRATION_COUNT, {*training, *heldout})
    return Data(
        tokenizer,
        encode_documents(tokenizer, training),
        _cut(encode_documents(tokenizer, heldout), [length]),
        _cut(encode_documents(tokenizer, calibration), [length]),
    )


def make_labelled_data(story_count: int) -> LabelledData:
    """Generate three disjoint sets of stories for the classifier."""
    tokenizer = shipped_tokenizer()
    training = labelled_stories(TRAIN_SEED, story_count)
    seen = {story.text for story in training}
    heldout = labelled_stories(HELDOUT_SEED, CLASS_HELDOUT_COUNT, seen)
    seen |= {story.text for story in heldout}
    calibration = labelled_stories(CALIBRATION_SEED, CLASS_CALIBRATION_COUNT, seen)
    return LabelledData(
        tokenizer,
        class_inputs(tokenizer, training, [max(CLASS_LENGTHS)]),
        class_inputs(tokenizer, heldout, CLASS_LENGTHS),
        class_inputs(tokenizer, calibration, CLASS_LENGTHS),
        [story.shape for story in training],
        [story.shape for story in heldout],
    )


def class_inputs(
    tokenizer: Tokenizer, told: list[Story], lengths: list[int] | tuple[int, ...]
) -> list[list[int]]:
    """Token ids of the beginning of each story, cut to the lengths in turn."""
    return _cut(encode_documents(tokenizer, [story.text for story in told]), lengths)


def shipped_tokenizer() -> Tokenizer:
    """Read the tokenizer of the shipped model."""
    return Tokenizer.from_file(str(SHIPPED_TOKENIZER))


def _cut(documents: list[list[int]], lengths: list[int] | tuple[int, ...]) -> list[list[int]]:
    return [document[: lengths[index % len(lengths)]] for index, document in enumerate(documents)]
