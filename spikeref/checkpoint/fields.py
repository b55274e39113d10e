"""Typed look-ups in a JSON object that somebody else wrote."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NoReturn

from spikeref.errors import CheckpointError

_MAX_EXPONENT = 64
"""A number beyond 10^±64 is a mistake, and as an exact fraction it could fill the memory."""

_MAX_DIGITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """A JSON object (floats as Decimals, see parse_json) and the words that name its place."""

    values: Mapping[str, Any]
    where: str

    def refuse(self, what: str) -> NoReturn:
        """Raise CheckpointError, `where` first."""
        raise CheckpointError(f"{self.where}: {what}")

    def has(self, key: str) -> bool:
        """Whether `key` is there and not null."""
        return self.values.get(key) is not None

    def size(self, key: str, *, most: int, default: int | None = None) -> int:
        """An integer in 1 .. most; absent or null gives `default`, and is refused without one."""
        if not self.has(key):
            if default is None:
                self.refuse(f"{key} is missing")
            return default
        value = self.values[key]
        if type(value) is not int:
            self.refuse(f"{key} must be an integer, not {_shown(value)}")
        if not 1 <= value <= most:
            self.refuse(f"{key} is {_shown(value)}, outside 1 .. {most}")
        return value

    def index(self, key: str, *, default: int) -> int:
        """An integer >= 0; absent or null gives `default`."""
        if not self.has(key):
            return default
        value = self.values[key]
        if type(value) is not int or value < 0:
            self.refuse(f"{key} must be an integer from 0, not {_shown(value)}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """A boolean; absent or null gives `default`."""
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse(f"{key} must be true or false, not {_shown(value)}")
        return value

    def positive(self, key: str, *, default: Fraction | None = None) -> Fraction:
        """A number > 0 as the exact fraction of its digits; absent or null gives `default`."""
        if not self.has(key):
            if default is None:
                self.refuse(f"{key} is missing")
            return default
        value = self.values[key]
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.refuse(f"{key} must be a number, not {_shown(value)}")
        exact = Decimal(value)
        if not exact > 0:
            self.refuse(f"{key} must be above 0, not {_shown(value)}")
        if abs(exact.adjusted()) > _MAX_EXPONENT or len(exact.as_tuple().digits) > _MAX_DIGITS:
            self.refuse(f"{key} is {_shown(value)}, out of all proportion")
        return Fraction(exact)

    def text(self, key: str) -> str | None:
        """A string; absent or null gives None."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            self.refuse(f"{key} must be a string, not {_shown(value)}")
        return value

    def object(self, key: str) -> "Fields | None":
        """A JSON object; absent or null gives None."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse(f"{key} must be an object, not {_shown(value)}")
        return Fields(values=value, where=f"{self.where}: {key}")

    def token_ids(self, key: str, *, vocab: int) -> tuple[int, ...]:
        """A token id, a list of them, or nothing, each below `vocab`."""
        value = self.values.get(key)
        ids = [] if value is None else value if isinstance(value, list) else [value]
        for token in ids:
            if type(token) is not int or not 0 <= token < vocab:
                self.refuse(f"{key} holds {_shown(token)}, no id below vocab_size {vocab}")
        return tuple(ids)


def _shown(value: object) -> str:
    text = f"{value:.6E}" if isinstance(value, Decimal) and len(str(value)) > 40 else None
    try:
        text = text or (str(value) if isinstance(value, Decimal) else repr(value))
    except ValueError:  # an integer beyond Python's limit of digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."
