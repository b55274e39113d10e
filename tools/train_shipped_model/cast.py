"""Chooses what stays fixed within one story: the characters, the places and the things."""

from __future__ import annotations

from random import Random

from tools.train_shipped_model import vocabulary as words
from tools.train_shipped_model.grammar import below

_PRONOUNS = {"girl": ("she", "her", "her", "herself"), "boy": ("he", "him", "his", "himself")}
_HUMAN_SHARE = 0.45


def pick_distinct(entries: str, count: int, rng: Random) -> list[str]:
    """``count`` different entries of a ``|``-separated list."""
    left = entries.split("|")
    return [left.pop(below(rng, len(left))) for _ in range(count)]


def choose_cast(rng: Random) -> dict[str, str]:
    """Draw the rules bound for one story; :mod:`.sentences` says what each name means."""
    season, next_season = _seasons(rng)
    obj, food, elder = (
        pick_distinct(entries, 1, rng)[0] for entries in (words.THINGS, words.FOODS, words.ELDERS)
    )
    animal = pick_distinct(words.ANIMALS, 1, rng)[0]
    adjective = pick_distinct(words.THING_ADJECTIVES, 1, rng)[0]
    bound = {
        "season": season,
        "season_next": next_season,
        "season_scene": f"{{{season}_scene}}",
        "obj": obj,
        "rescued": f"{adjective} {animal}",
        "oadj": pick_distinct(words.THING_ADJECTIVES, 1, rng)[0],
        "project": pick_distinct(words.PROJECTS, 1, rng)[0],
        "food": food,
        "elder": elder,
    }
    return bound | _characters(rng) | _places(rng)


def _seasons(rng: Random) -> tuple[str, str]:
    seasons = words.SEASONS.split("|")
    index = below(rng, len(seasons))
    return seasons[index], seasons[(index + 1) % len(seasons)]


def _characters(rng: Random) -> dict[str, str]:
    # Different pronouns keep "he" and "she" unambiguous inside a story.
    sexes = ("girl", "boy") if rng.random() < 0.5 else ("boy", "girl")
    animals = pick_distinct(words.ANIMALS, 2, rng)
    bound: dict[str, str] = {}
    for prefix, name_key, sex, animal in zip(("", "f"), ("h", "f"), sexes, animals, strict=True):
        names = words.GIRL_NAMES if sex == "girl" else words.BOY_NAMES
        bound[name_key] = pick_distinct(names, 1, rng)[0]
        bound[f"{prefix}kind"] = sex if rng.random() < _HUMAN_SHARE else animal
        pronouns = zip(("he", "him", "his", "him_self"), _PRONOUNS[sex], strict=True)
        bound |= {f"{prefix}{role}": pronoun for role, pronoun in pronouns}
    return bound


def _places(rng: Random) -> dict[str, str]:
    bound: dict[str, str] = {}
    for prefix, phrase in zip("pq", pick_distinct(words.PLACES, 2, rng), strict=True):
        preposition, noun = phrase.split(" the ", 1)
        bound[f"{prefix}prep"] = preposition
        bound[f"{prefix}noun"] = noun
    bound["prep"] = bound.pop("pprep")
    return bound
