"""A small template language and its seeded expansion.

A rule is a text with three constructs:

* ``a|b|c`` at the top level, or ``[a|b|c]`` anywhere: one alternative, each equally likely;
* ``{name}``: the rule of that name, expanded afresh at every use;
* plain text.

:func:`expand` gives raw text; :func:`finish` turns raw text into prose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

_TOKEN = re.compile(r"\[|\]|\||\{[a-z_]+\}|[^\[\]|{}]+")
_SPACE_BEFORE_MARK = re.compile(r" +([.,!?;:>])")
_SPACE_AFTER_QUOTE = re.compile(r"< +")
_CAPITAL = re.compile(r"((?:^|/ |\^|<)[<^]*)([a-z])")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou])")


@dataclass(frozen=True)
class Slot:
    """A reference to another rule."""

    name: str


@dataclass(frozen=True)
class Choice:
    """Alternatives of equal probability."""

    options: tuple[Sequence[Part], ...]


Part = str | Slot | Choice


@cache
def parse(text: str) -> Choice:
    """Parse a rule; raise ``ValueError`` when its brackets do not match."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise ValueError(f"malformed rule: {text!r}")
    choice, end = _parse_choice(tokens, 0)
    if end != len(tokens):
        raise ValueError(f"unexpected ']' in rule: {text!r}")
    return choice


def _parse_choice(tokens: Sequence[str], start: int) -> tuple[Choice, int]:
    options: list[list[Part]] = [[]]
    at = start
    while at < len(tokens) and tokens[at] != "]":
        token = tokens[at]
        if token == "[":
            inner, at = _parse_choice(tokens, at + 1)
            if at == len(tokens):
                raise ValueError("unclosed '[' in rule")
            options[-1].append(inner)
        elif token == "|":
            options.append([])
        elif token[0] == "{":
            options[-1].append(Slot(token[1:-1]))
        else:
            options[-1].append(token)
        at += 1
    return Choice(tuple(tuple(option) for option in options)), at


def below(rng: Random, bound: int) -> int:
    """Draw a uniform integer in ``[0, bound)``.

    ``Random.random`` is the only method whose sequence Python promises to keep across versions.
    """
    return int(rng.random() * bound)


def expand(text: str, rules: Mapping[str, str], rng: Random) -> str:
    """Expand a rule text to raw text, drawing every choice from ``rng``."""
    out: list[str] = []
    _expand_into(out, parse(text), rules, rng)
    return "".join(out)


def _expand_into(out: list[str], choice: Choice, rules: Mapping[str, str], rng: Random) -> None:
    options = choice.options
    option = options[below(rng, len(options))] if len(options) > 1 else options[0]
    for part in option:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, Slot):
            _expand_into(out, parse(rules[part.name]), rules, rng)
        else:
            _expand_into(out, part, rules, rng)


def finish(raw: str) -> str:
    """Turn raw text into prose.

    ``/`` separates sentences, ``<`` and ``>`` are quotation marks, ``^`` asks for a capital.
    The first letter of a sentence and of a quotation becomes a capital, ``a`` becomes ``an``
    before a vowel letter, and runs of white space become one space.
    """
    sentences = (" ".join(piece.split()) for piece in raw.split("/"))
    text = "/ ".join(sentence for sentence in sentences if sentence)
    text = _SPACE_AFTER_QUOTE.sub("<", _SPACE_BEFORE_MARK.sub(r"\1", text))
    text = _CAPITAL.sub(lambda found: found[1] + found[2].upper(), text)
    text = _ARTICLE.sub(r"\1n ", text)
    return text.replace("/ ", " ").replace("^", "").replace("<", '"').replace(">", '"')
