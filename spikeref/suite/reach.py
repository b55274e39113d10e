"""Which functions of the plain device each case runs."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import FrameType
from typing import Any

from spikeref.suite.execute import PlainCase, outcome_of
from spikeref.suite.plant import HOME, forget, original, sources


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A function or method of a module, with what is nested in it; "" is the module's own level."""

    file: str
    function: str


@dataclass(frozen=True, slots=True)
class Extent:
    """The lines of a function, decorators included."""

    name: str
    first: int
    last: int


@cache
def extents(file: str) -> tuple[Extent, ...]:
    """Return the outermost functions and the methods of a module of the device."""
    return tuple(_extents(ast.parse(sources()[file]), ""))


def _extents(node: ast.AST, prefix: str) -> Iterator[Extent]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            lines = [child.lineno, *(d.lineno for d in child.decorator_list)]
            yield Extent(f"{prefix}{child.name}", min(lines), child.end_lineno or child.lineno)
        elif isinstance(child, ast.ClassDef):
            yield from _extents(child, f"{prefix}{child.name}.")


def place_of(file: str, line: int) -> Place:
    """Return the place of a line."""
    inside = (e.name for e in extents(file) if e.first <= line <= e.last)
    return Place(file, next(inside, ""))


def reached(case: PlainCase) -> tuple[frozenset[Place], str]:
    """Run a case on the conforming device; return what it runs, and the outcome."""
    codes: set[tuple[str, int]] = set()

    def record(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            codes.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    forget()
    before = sys.getprofile()
    sys.setprofile(record)
    try:
        outcome = outcome_of(original(), case)
    finally:
        sys.setprofile(before)
    known = {str(HOME / file): file for file in sources()}
    places = {place_of(known[name], line) for name, line in codes if name in known}
    # What stands outside functions runs when the module loads, so it may touch all its functions.
    return frozenset(places | {Place(place.file, "") for place in places}), outcome
