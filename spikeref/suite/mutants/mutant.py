"""A planted fault as data, and how it is applied."""

from dataclasses import dataclass
from types import CodeType

from spikeref.errors import VectorError
from spikeref.suite.plant import HOME, sources
from spikeref.suite.reach import Place, extents, place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One small wrong text in the plain device."""

    id: str
    """Words of a–z and 0–9 joined by hyphens."""
    operator: str
    """The operation of CONF-9 at which it must first be seen."""
    clauses: tuple[str, ...]
    """The clauses that it breaks."""
    file: str
    """Module below spikeref/device."""
    function: str = ""
    """Function or method in which `before` stands once; "" where it stands once in the file."""
    before: str
    after: str
    why: str
    """The mistake in the world that it stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalent:
    """A wrong text that no case can show, and why."""

    mutant: Mutant
    proof: str


def planted_source(mutant: Mutant) -> str:
    """Return the source with the fault; VectorError unless `before` stands exactly once."""
    source = sources()[mutant.file]
    start = _position(mutant, source)
    return source[:start] + mutant.after + source[start + len(mutant.before) :]


def planted(mutant: Mutant) -> CodeType:
    """Return the compiled module with the fault."""
    return compile(planted_source(mutant), str(HOME / mutant.file), "exec")


def site_of(mutant: Mutant) -> Place:
    """Return where the fault stands."""
    source = sources()[mutant.file]
    return place_of(mutant.file, 1 + source.count("\n", 0, _position(mutant, source)))


def _position(mutant: Mutant, source: str) -> int:
    lines = source.splitlines(keepends=True)
    first, last = 1, len(lines)
    if mutant.function:
        named = [e for e in extents(mutant.file) if e.name == mutant.function]
        if not named:
            raise VectorError(f"mutant {mutant.id}: {mutant.file} has no {mutant.function}")
        first, last = named[0].first, named[0].last
    start = len("".join(lines[: first - 1]))
    text = "".join(lines[first - 1 : last])
    if text.count(mutant.before) != 1:
        raise VectorError(
            f"mutant {mutant.id}: {mutant.before!r} stands {text.count(mutant.before)} times in"
            f" {mutant.file} {mutant.function}"
        )
    return start + text.index(mutant.before)


def fault(
    identity: str, operator: str, clauses: str, place: str, before: str, after: str, why: str
) -> Mutant:
    """Return a mutant; `clauses` are joined by blanks, `place` is FILE or FILE:FUNCTION."""
    file, _, function = place.partition(":")
    return Mutant(
        id=identity,
        operator=operator,
        clauses=tuple(clauses.split()),
        file=file,
        function=function,
        before=before,
        after=after,
        why=why,
    )
