"""Figures against their targets, as lines for people and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, assert_never

from tools.bench.timing import Spread

Relation: TypeAlias = Literal["<", "<=", ">="]
Status: TypeAlias = Literal["met", "missed", "no target", "not measured", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a figure should be."""

    relation: Relation
    value: float

    def met_by(self, figure: float) -> bool:
        """Return whether `figure` reaches the target."""
        match self.relation:
            case "<":
                return figure < self.value
            case "<=":
                return figure <= self.value
            case ">=":
                return figure >= self.value
            case _:
                assert_never(self.relation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure that was measured; its median counts."""

    name: str
    spread: Spread
    unit: str = ""
    """Empty for a ratio."""
    target: Target | None = None
    beside: Mapping[str, float] = field(default_factory=dict)
    """Medians that the figure was made from, by name and unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmeasured:
    """A figure without a value: something it needs is absent, or what it runs went wrong."""

    name: str
    reason: str
    target: Target | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one measurement found."""

    name: str
    figures: Sequence[Figure | Unmeasured]


def status(figure: Figure | Unmeasured) -> Status:
    """Return how a figure stands to its target."""
    match figure:
        case Unmeasured():
            return "failed" if figure.failed else "not measured"
        case Figure():
            if figure.target is None:
                return "no target"
            return "met" if figure.target.met_by(figure.spread.median) else "missed"
        case _:
            assert_never(figure)


def row_lines(row: Row) -> list[str]:
    """Return a row for people, one line a figure and one for what it was made from."""
    lines = []
    for figure in row.figures:
        target = "" if figure.target is None else f", target {_target_text(figure.target)}"
        match figure:
            case Unmeasured():
                value = f"{status(figure)}: {figure.reason}"
                lines.append(f"{row.name:11} {figure.name:40} {value}{target}")
            case Figure():
                s, unit = figure.spread, figure.unit and f" {figure.unit}"
                value = f"{_number(s.median)}{unit} ({_number(s.low)} to {_number(s.high)})"
                stand = "" if figure.target is None else f": {status(figure)}"
                lines.append(f"{row.name:11} {figure.name:40} {value}{target}{stand}")
                beside = [f"{name} {_number(v)}" for name, v in figure.beside.items()]
                lines += [f"{'':11}   {', '.join(beside)}"] if beside else []
            case _:
                assert_never(figure)
    return lines


def report_json(machine: Mapping[str, Any], rows: Sequence[Row], *, quick: bool) -> dict[str, Any]:
    """Return the whole report as one JSON object."""
    return {
        "machine": dict(machine),
        "quick": quick,
        "rows": [
            {"name": row.name, "figures": [_figure_json(figure) for figure in row.figures]}
            for row in rows
        ],
    }


def _figure_json(figure: Figure | Unmeasured) -> dict[str, Any]:
    common: dict[str, Any] = {
        "name": figure.name,
        "status": status(figure),
        "target": None if figure.target is None else _target_text(figure.target),
    }
    match figure:
        case Unmeasured():
            return common | {"reason": figure.reason}
        case Figure():
            return common | {
                "unit": figure.unit or "ratio",
                "median": figure.spread.median,
                "min": figure.spread.low,
                "max": figure.spread.high,
                "beside": dict(figure.beside),
            }
        case _:
            assert_never(figure)


def _target_text(target: Target) -> str:
    return f"{target.relation} {target.value:g}"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
