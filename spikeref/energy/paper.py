"""Every printed figure of operations and energy beside the one computed here."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from spikeref.energy.decimals import decimal, half_up, places_of
from spikeref.energy.presets import PRESETS, PRINTED_SEQUENCE
from spikeref.energy.printed import (
    JOULES,
    PREFIXES,
    Column,
    PrintedRow,
    PrintedTable,
    counted,
    las_figures,
    sdllm_tables,
    setting_of,
)
from spikeref.energy.setting import joules_each, operations
from spikeref.energy.shapes import macs_by_operator
from spikeref.energy.table import EnergyTable


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFigure:
    """One printed figure beside the computed one."""

    table: str
    row: str
    column: str
    printed: str
    computed: str | None
    """To the digits of the print; None where the figure is only reported."""
    equal: bool | None
    why: str | None
    """Why they differ, why nothing is computed, or on which reading they agree."""
    accounted: bool
    """Equal as it should be; or different as stated, and equal on the reading that is stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Computed:
    text: str
    equal: bool
    remark: str | None = None


def paper_figures(energies: EnergyTable) -> list[PaperFigure]:
    """Return every figure of SDLLM's and LAS's tables, in order of appearance."""
    found = [one for table in sdllm_tables() for one in _table_figures(table, energies)]
    found += [
        PaperFigure(
            table=figure.table,
            row=figure.row,
            column=figure.column,
            printed=figure.printed,
            computed=None,
            equal=None,
            why=f"reported, not compared: {figure.why}",
            accounted=True,
        )
        for figure in las_figures()
    ]
    return found


def _table_figures(table: PrintedTable, energies: EnergyTable) -> Iterator[PaperFigure]:
    for row in table.rows:
        for column, printed in row.figures.items():
            computed = _compute(table, row, column, energies)
            why, accounted = _account(table, row, column, computed, energies)
            yield PaperFigure(
                table=table.name,
                row=_label(row),
                column=_column_name(table, column),
                printed=printed,
                computed=computed.text,
                equal=computed.equal,
                why=why,
                accounted=accounted,
            )


def _account(
    table: PrintedTable,
    row: PrintedRow,
    column: Column,
    computed: _Computed,
    energies: EnergyTable,
) -> tuple[str | None, bool]:
    erratum = row.errata.get(column)
    if computed.equal:
        # An erratum of a figure that agrees would itself be wrong.
        return computed.remark, erratum is None
    if erratum is None:
        return "unexplained", False
    if column == "average" or not row.remedy:
        return erratum, True
    read_as = {"bits": row.bits, "steps": row.steps, "rate": row.rate} | row.remedy
    remedied = _cost(table, row, column, read_as, energies)
    words = ", ".join(f"{name} {value}" for name, value in row.remedy.items())
    return f"{erratum}; with {words}: {remedied.text}", remedied.equal


def _compute(
    table: PrintedTable, row: PrintedRow, column: Column, energies: EnergyTable
) -> _Computed:
    if column == "average":
        return _mean(row)
    stated = {"bits": row.bits, "steps": row.steps, "rate": row.rate}
    return _cost(table, row, column, stated, energies)


def _mean(row: PrintedRow) -> _Computed:
    printed = row.figures["average"]
    places = places_of(printed)
    mean = sum(row.scores, Fraction(0)) / len(row.scores)
    text = decimal(mean, places)
    if text == printed:
        return _Computed(text=text, equal=True)
    halfway = abs(Fraction(printed) - mean) * 10**places == Fraction(1, 2)
    remark = f"the mean {decimal(mean, places + 1)} lies halfway; the print rounds it down"
    return _Computed(text=text, equal=halfway, remark=remark if halfway else None)


def _cost(
    table: PrintedTable,
    row: PrintedRow,
    column: Column,
    stated: dict[str, str | None],
    energies: EnergyTable,
) -> _Computed:
    setting = setting_of(stated["bits"], stated["steps"], stated["rate"])
    unit = PREFIXES[table.flops_unit]
    flops = operations(row_macs(table, row), setting) / unit
    printed = row.figures[column]
    places = places_of(printed)
    if column == "flops":
        text = decimal(flops, places)
        return _Computed(text=text, equal=text == printed)
    each = joules_each(setting, energies) * unit / JOULES[table.power_unit]
    text = decimal(flops * each, places)
    if text == printed:
        return _Computed(text=text, equal=True)
    rounded = half_up(flops, places_of(row.figures["flops"]))
    from_rounded = decimal(rounded * each, places)
    if from_rounded != printed:
        return _Computed(text=text, equal=False)
    shown = decimal(rounded, places_of(row.figures["flops"]))
    remark = (
        f"from the rounded FLOPs, {shown} {table.flops_unit}; from the unrounded ones it is {text}"
    )
    return _Computed(text=from_rounded, equal=True, remark=remark)


def row_macs(table: PrintedTable, row: PrintedRow) -> int:
    """Return the multiply-accumulates that a row counts."""
    preset = PRESETS[row.model]
    macs = macs_by_operator(preset.shape, preset.rule, PRINTED_SEQUENCE)
    chosen = counted(table.scope, row.operator)
    total = sum(value for name, value in macs.items() if chosen is None or name in chosen)
    return total // preset.shape.layers if table.scope == "operator" else total


def _label(row: PrintedRow) -> str:
    """Name a row by what tells it from the others of its table."""
    words = [PRINTED_NAMES[row.model]]
    if row.label != words[0]:
        words.append(row.label)
    if row.bits is not None:
        words.append(row.bits)
    if row.rate is not None:
        words.append(f"D = {row.steps} R = {row.rate}")
    elif row.steps is not None:
        words.append(f"× {row.steps}")
    return " ".join(words)


PRINTED_NAMES = {
    "llama2-7b": "LLaMA2-7B",
    "llama2-13b": "LLaMA2-13B",
    "llama3-8b": "LLaMA3-8B",
    "qwen2.5-14b": "Qwen2.5-14B",
}


def _column_name(table: PrintedTable, column: Column) -> str:
    match column:
        case "flops":
            return f"FLOPs, {table.flops_unit}"
        case "power":
            return f"energy, {table.power_unit}"
        case "average":
            return "average"
