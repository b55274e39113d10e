"""The FLOPs and energy columns of the papers' tables, as data."""

import json
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.resources import files
from typing import Any, Literal, TypeAlias, assert_never

from spikeref.energy.setting import Floating, Quantised, Setting, Spiking
from spikeref.energy.shapes import CountedOperator
from spikeref.neurons.counts import Encoding

Column: TypeAlias = Literal["flops", "power", "average"]
Scope: TypeAlias = Literal["all", "qkv", "operator"]
"""What a table counts: the whole model; q, k and v of all layers; one operator of one layer."""

PREFIXES = {"T": 10**12, "G": 10**9}
JOULES = {"J": Fraction(1), "mJ": Fraction(1, 1000)}
TERNARY_BITS = "1.58"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedRow:
    """One row of a printed table; every figure as its digits stand in print."""

    label: str
    model: str
    """Name of a preset."""
    operator: CountedOperator | None
    bits: str | None
    """Weights-activations, 1.58 for ternary and 1 for binary spikes; None for binary32."""
    steps: str | None
    rate: str | None
    figures: dict[Column, str]
    scores: tuple[Fraction, ...]
    """What the average is of."""
    errata: dict[Column, str] = field(default_factory=dict)
    """Why a figure does not follow from its row."""
    remedy: dict[str, str] = field(default_factory=dict)
    """What of the row to read otherwise, so that the figures of `errata` follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedTable:
    """One printed table."""

    name: str
    title: str
    note: str
    scope: Scope
    flops_unit: str
    power_unit: str
    rows: tuple[PrintedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFigure:
    """A printed figure that nothing here can compute."""

    table: str
    row: str
    column: str
    printed: str
    why: str


def sdllm_tables() -> tuple[PrintedTable, ...]:
    """Return SDLLM's tables in order of appearance."""
    return tuple(
        PrintedTable(
            name=f"SDLLM {stated['table']}",
            title=stated["title"],
            note=stated["note"],
            scope=stated["scope"],
            flops_unit=stated["flops_unit"],
            power_unit=stated["power_unit"],
            rows=tuple(_row(row) for row in stated["rows"]),
        )
        for stated in _data("sdllm.json")["tables"]
    )


def las_figures() -> tuple[ReportedFigure, ...]:
    """Return what LAS prints about energy."""
    return tuple(
        ReportedFigure(**(stated | {"table": f"LAS {stated['table']}"}))
        for stated in _data("las.json")["rows"]
    )


def setting_of(bits: str | None, steps: str | None, rate: str | None) -> Setting:
    """Return the setting that the columns bits, D and R of a row describe."""
    if bits is None:
        return Floating()
    weights, _, acts = bits.partition("-")
    match acts:
        case "1.58" | "1":
            if steps is None or rate is None:
                raise ValueError(f"{bits}: a spiking row needs steps and rate")
            return Spiking(
                weight_bits=int(weights),
                encoding=Encoding.TERNARY if acts == TERNARY_BITS else Encoding.BINARY,
                steps=Fraction(steps),
                rate=Fraction(rate),
            )
        case _:
            return Quantised(
                weight_bits=int(weights), act_bits=int(acts), steps=Fraction(steps or "1")
            )


def counted(scope: Scope, operator: CountedOperator | None) -> tuple[CountedOperator, ...] | None:
    """Return the operators that a row counts; None for all."""
    match scope:
        case "all":
            return None
        case "qkv":
            return ("q", "k", "v")
        case "operator":
            if operator is None:
                raise ValueError("a row of one operator must name it")
            return (operator,)
        case _:
            assert_never(scope)


def _data(name: str) -> dict[str, Any]:
    text = (files("spikeref.energy") / "data" / name).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _row(stated: dict[str, Any]) -> PrintedRow:
    columns: tuple[Column, ...] = ("flops", "power", "average")
    scores = stated.get("scores", "").split()
    return PrintedRow(
        label=stated["row"],
        model=stated["model"],
        operator=stated.get("operator"),
        bits=stated.get("bits"),
        steps=stated.get("steps"),
        rate=stated.get("rate"),
        figures={column: stated[column] for column in columns if column in stated},
        scores=tuple(Fraction(score) for score in scores if score != "-"),
        errata=stated.get("errata", {}),
        remedy=stated.get("remedy", {}),
    )
