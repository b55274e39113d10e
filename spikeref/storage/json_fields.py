"""Typed access to the members of a foreign JSON object."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from spikeref.errors import SpikerefError

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


@dataclass(frozen=True, slots=True)
class JsonFields:
    """The members of a JSON object; a refusal is an `error` that names `where` and the member."""

    value: dict[str, Any]
    where: str
    error: type[SpikerefError]

    def get(self, name: str, kind: type[T]) -> T:
        """Return member `name`, of exactly type `kind`."""
        found = self.value.get(name)
        if type(found) is not kind:
            raise self.error(f"{self.where}: {name} is missing or not of type {kind.__name__}")
        return found

    def text(self, name: str) -> str:
        """Return a string member."""
        return self.get(name, str)

    def integer(self, name: str) -> int:
        """Return an integer member; a boolean is none."""
        return self.get(name, int)

    def text_or_none(self, name: str) -> str | None:
        """Return a string member that may be null or missing."""
        return None if self.value.get(name) is None else self.text(name)

    def integer_or_none(self, name: str) -> int | None:
        """Return an integer member that may be null or missing."""
        return None if self.value.get(name) is None else self.integer(name)

    def boolean(self, name: str) -> bool:
        """Return a boolean member."""
        return self.get(name, bool)

    def mapping(self, name: str) -> "JsonFields":
        """Return an object member as fields of its own."""
        return JsonFields(self.get(name, dict), f"{self.where}: {name}", self.error)

    def integers(self, name: str) -> tuple[int, ...]:
        """Return a list of integers."""
        values = self.get(name, list)
        if not all(type(v) is int for v in values):
            raise self.error(f"{self.where}: {name} must hold integers")
        return tuple(values)

    def variant(self, name: str, kind: type[E]) -> E:
        """Return the enum member whose value the string names."""
        try:
            return kind(self.text(name))
        except ValueError:
            known = ", ".join(str(v.value) for v in kind)
            raise self.error(
                f"{self.where}: {name} is {self.value[name]!r}; known: {known}"
            ) from None
