"""Very short stories from a fixed grammar: the same seed gives the same stories everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from random import Random

from tools.train_shipped_model.cast import choose_cast
from tools.train_shipped_model.grammar import below, expand, finish
from tools.train_shipped_model.sentences import SENTENCES
from tools.train_shipped_model.shapes import SHAPE_SENTENCES, SHAPES
from tools.train_shipped_model.vocabulary import WORDS

_RULES = WORDS | SENTENCES | SHAPE_SENTENCES


@dataclass(frozen=True)
class Story:
    """One story, and the number of its shape in ``SHAPES``."""

    text: str
    shape: int


def tell_story(rng: Random) -> Story:
    """One story: a single paragraph of about 100 words."""
    shape = below(rng, len(SHAPES))
    return Story(finish(expand(SHAPES[shape], _RULES | choose_cast(rng), rng)), shape)


def stories(seed: int, count: int, exclude: AbstractSet[str] = frozenset()) -> list[str]:
    """``count`` different stories drawn from ``seed``, none of them in ``exclude``."""
    return [story.text for story in labelled_stories(seed, count, exclude)]


def labelled_stories(seed: int, count: int, exclude: AbstractSet[str] = frozenset()) -> list[Story]:
    """The same stories with the numbers of their shapes."""
    return list(islice(_new_stories(Random(seed), exclude), count))


def _new_stories(rng: Random, exclude: AbstractSet[str]) -> Iterator[Story]:
    seen: set[str] = set(exclude)
    while True:
        story = tell_story(rng)
        if story.text not in seen:
            seen.add(story.text)
            yield story
