"""Files of multiple-choice items: one JSON object a line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from spikeref.errors import TokenError
from spikeref.storage.canonical import parse_json

Part: TypeAlias = str | tuple[int, ...]
"""Text, or token ids."""

SPELLINGS = (("query", "choices", "gold"), ("ctx", "endings", "label"))
"""Names of the three members: the usual ones, and those of HellaSwag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A query, its choices, and which of them is right."""

    query: Part
    choices: tuple[Part, ...]
    """At least two, all text or all token ids, none empty."""
    gold: int
    where: str
    """File and line, for messages."""


def read_choices(path: str | Path) -> list[Item]:
    """Return the items of a file; blank lines are passed over.

    Members other than the three are ignored. TokenError names file and line and what is wrong.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise TokenError(f"{path}: cannot be read ({fault.strerror})") from fault
    items = [
        _item(line, f"{path}, line {number}")
        for number, line in enumerate(content.split(b"\n"), start=1)
        if line.strip()
    ]
    if not items:
        raise TokenError(f"{path}: holds no item; one JSON object a line is needed")
    return items


def _item(line: bytes, where: str) -> Item:
    value = parse_json(line, where, TokenError)
    if not isinstance(value, dict):
        raise TokenError(f"{where}: a JSON object is needed")
    names = next((names for names in SPELLINGS if names[1] in value), SPELLINGS[0])
    for name in names:
        if name not in value:
            raise TokenError(f"{where}: has no {name!r}; query, choices and gold are needed")
    query, choices, gold = (value[name] for name in names)
    if not isinstance(choices, list) or len(choices) < 2:
        raise TokenError(f"{where}: {names[1]}: a list of at least two choices is needed")
    parts = tuple(_part(choice, f"{where}: {names[1]}, number {i}")
                  for i, choice in enumerate(choices))  # fmt: skip
    if not all(parts):
        raise TokenError(f"{where}: {names[1]}: a choice is empty")
    if len({type(part) for part in parts}) != 1:
        raise TokenError(f"{where}: {names[1]}: all choices must be text, or all token ids")
    return Item(
        query=_part(query, f"{where}: {names[0]}"),
        choices=parts,
        gold=_index(gold, len(parts), f"{where}: {names[2]}"),
        where=where,
    )


def _part(value: Any, where: str) -> Part:
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise TokenError(f"{where}: is not valid text (half of a surrogate pair)")
        return value
    if isinstance(value, list) and all(type(token) is int for token in value):
        return tuple(value)
    raise TokenError(f"{where}: text or a list of token ids is needed")


def _index(value: Any, choices: int, where: str) -> int:
    # HellaSwag as it is distributed has its labels as strings.
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if type(value) is not int or not 0 <= value < choices:
        raise TokenError(f"{where}: {value!r} given; 0 to {choices - 1} are possible")
    return value
