"""The stories and their classes, and the two checkpoints that the tests keep."""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from spikeref.checkpoint.classic_config import ClassicConfig
from spikeref.checkpoint.reader import Checkpoint
from tools.train_shipped_model.configs import bert_config, gpt2_config
from tools.train_shipped_model.corpus import labelled_stories, stories
from tools.train_shipped_model.data import (
    CLASS_CALIBRATION_COUNT,
    CLASS_HELDOUT_COUNT,
    CLASS_LENGTHS,
    HELDOUT_SEED,
    SHIPPED_TOKENIZER,
    class_inputs,
    shipped_tokenizer,
)
from tools.train_shipped_model.shapes import SHAPE_NAMES, SHAPES
from tools.train_shipped_model.sizes import BertSizes, Gpt2Sizes

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
LARGEST_FOLDER = 700_000
NAMES = ("gpt2", "bert")

PHRASES = {
    "building something": "wanted to build a",
    "a noise in the night": "It was only",
    "a journey": "set out with",
    "a boast and a contest": "The prize was",
    "a quarrel": "both were",
    "a present earned": "wanted to give",
    "a skill learned": "wanted to learn to",
    "a hidden box": "to a box near a",
    "a sick friend": "and could not",
}
"""What every story of a shape says."""


def read(name: str, file: str) -> Any:
    return json.loads((CHECKPOINTS / name / file).read_text(encoding="utf-8"))


def test_classes_change_no_story() -> None:
    told = labelled_stories(7, 200, {stories(7, 1)[0]})
    assert [story.text for story in told] == stories(7, 201)[1:]
    assert {story.shape for story in told} == set(range(len(SHAPES)))


def test_stories_are_of_their_class() -> None:
    assert len(set(SHAPE_NAMES)) == len(SHAPES)
    for story in labelled_stories(8, 300):
        assert PHRASES.get(SHAPE_NAMES[story.shape], "") in story.text


def test_gpt2_has_the_stated_shape() -> None:
    sizes = Gpt2Sizes()
    assert read("gpt2", "config.json") == gpt2_config(sizes)
    with Checkpoint.open(CHECKPOINTS / "gpt2") as opened:
        source = opened.source
        assert isinstance(source, ClassicConfig)
        assert source.family == "gpt2"
        assert (source.layers, source.heads, source.head_dim) == (3, 3, 32)
        assert opened.shape("transformer.wpe.weight") == (128, 96)
        assert opened.shape("transformer.h.2.attn.c_attn.weight") == (96, 288)
        assert opened.shape("transformer.h.2.mlp.c_proj.weight") == (240, 96)
        assert f"{opened.parameters:,} parameters" in card("gpt2")


def test_bert_has_the_stated_shape() -> None:
    sizes = BertSizes()
    assert read("bert", "config.json") == bert_config(sizes)
    with Checkpoint.open(CHECKPOINTS / "bert") as opened:
        source = opened.source
        assert isinstance(source, ClassicConfig)
        assert source.family == "bert"
        assert (source.layers, source.heads, source.head_dim) == (3, 4, 24)
        assert source.labels == len(SHAPES)
        assert opened.shape("bert.embeddings.token_type_embeddings.weight") == (2, 96)
        assert opened.shape("bert.encoder.layer.2.output.dense.weight") == (96, 176)
        assert opened.shape("classifier.weight") == (14, 96)
        assert f"{opened.parameters:,} parameters" in card("bert")


def card(name: str) -> str:
    return (CHECKPOINTS / name / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_files_are_small_and_share_the_tokenizer(name: str) -> None:
    folder = CHECKPOINTS / name
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LARGEST_FOLDER
    assert (folder / "tokenizer.json").read_bytes() == SHIPPED_TOKENIZER.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_norms_were_trained(name: str) -> None:
    gain, bias = {
        "gpt2": ("transformer.ln_f.weight", "transformer.ln_f.bias"),
        "bert": ("bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.bias"),
    }[name]
    with Checkpoint.open(CHECKPOINTS / name) as opened:
        assert len(set(opened.vector(gain).tolist())) > 10
        assert len(set(opened.vector(bias).tolist())) > 10


@pytest.mark.parametrize(("name", "longest"), [("gpt2", 128), ("bert", max(CLASS_LENGTHS))])
def test_sequences_are_different_stories(name: str, longest: int) -> None:
    heldout, calibration = read(name, "heldout.json"), read(name, "calibration.json")
    everything = [tuple(sequence) for sequence in chain(heldout, calibration)]
    assert len(set(everything)) == len(everything)
    assert max(map(len, everything)) == longest
    for sequence in everything:
        assert sequence[0] == 0
        assert all(0 < token < 512 for token in sequence[1:])


def test_classes_of_the_heldout_sequences_are_the_shapes_of_their_stories() -> None:
    told = labelled_stories(HELDOUT_SEED, CLASS_HELDOUT_COUNT)
    assert read("bert", "heldout_labels.json") == [story.shape for story in told]
    expected = class_inputs(shipped_tokenizer(), told, CLASS_LENGTHS)
    assert read("bert", "heldout.json") == expected
    assert len(read("bert", "calibration.json")) == CLASS_CALIBRATION_COUNT
