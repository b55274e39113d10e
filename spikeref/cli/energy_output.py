"""What `spikeref energy` prints: JSON objects and tables."""

from dataclasses import asdict
from fractions import Fraction
from textwrap import wrap
from typing import Any, assert_never

from spikeref.cli.command import FAILED, FINE, Outcome
from spikeref.energy.breakdown import Breakdown, Cost, CostRow, by_op
from spikeref.energy.paper import PaperFigure
from spikeref.energy.setting import (
    Floating,
    Quantised,
    Setting,
    Spiking,
    WeightedSpiking,
    energy,
    operations,
)
from spikeref.energy.shapes import CountedOperator, CountingRule, rule_name
from spikeref.energy.table import EnergyTable
from spikeref.trace.manifest import Manifest


def model_outcome(
    name: str,
    sequence: int,
    counting: tuple[CountingRule, str],
    macs: dict[CountedOperator, int],
    setting: Setting,
    table: EnergyTable,
) -> Outcome:
    """Return what a model's shape costs under a setting, beside binary32."""
    rule, reason = counting
    total = sum(macs.values())
    flops, joules = operations(total, setting), energy(total, setting, table)
    baseline = energy(total, Floating(), table)
    lines = [
        f"model     {name}, {sequence} tokens",
        f"counting  {rule_name(rule)}: {reason}",
        f"setting   {setting_text(setting)}",
        f"table     {table_text(table)}",
        "",
        f"{'operator':<10} {'MACs':>20} {'FLOPs':>12} {'energy, J':>12}",
    ]
    for operator, each in [*macs.items(), ("all", total)]:
        cost = operations(each, setting), energy(each, setting, table)
        lines.append(f"{operator:<10} {each:>20,} {short(cost[0]):>12} {short(cost[1]):>12}")
    lines += ["", f"binary32  {short(Fraction(total))} FLOPs, {short(baseline)} J"]
    lines.append(f"ratio     {float(joules / baseline):.4f} of its energy")
    return Outcome(
        json={
            "model": name,
            "sequence": sequence,
            "rule": rule_name(rule),
            "rule_reason": reason,
            "setting": setting_text(setting),
            "energy_table_pj": _table_json(table),
            "macs": total,
            "flops": float(flops),
            "energy_j": float(joules),
            "float_energy_j": float(baseline),
            "energy_ratio": float(joules / baseline),
            "by_operator": {
                operator: {
                    "macs": each,
                    "flops": float(operations(each, setting)),
                    "energy_j": float(energy(each, setting, table)),
                }
                for operator, each in macs.items()
            },
        },
        lines=lines,
    )


def paper_outcome(figures: list[PaperFigure]) -> Outcome:
    """Return every printed figure; status 1 where one is not accounted for."""
    equal = sum(figure.equal is True for figure in figures)
    differ = sum(figure.equal is False for figure in figures)
    open_ones = sum(not figure.accounted for figure in figures)
    summary = f"{equal} equal, {differ} different, {len(figures) - equal - differ} only reported"
    return Outcome(
        json={
            "equal": equal,
            "different": differ,
            "reported": len(figures) - equal - differ,
            "unaccounted": open_ones,
            "rows": [asdict(figure) for figure in figures],
        },
        lines=[*_paper_lines(figures), "", f"{summary}, {open_ones} not accounted for"],
        status=FAILED if open_ones else FINE,
    )


def paper_table(figures: list[PaperFigure]) -> list[str]:
    """Return the figures as a Markdown table."""
    lines = ["| table | row | figure | printed | computed | equal | why |"]
    lines.append("|---|---|---|---|---|---|---|")
    for figure in figures:
        equal = {True: "yes", False: "no", None: ""}[figure.equal]
        lines.append(
            f"| {figure.table} | {figure.row} | {figure.column} | {figure.printed} |"
            f" {figure.computed or ''} | {equal} | {figure.why or ''} |"
        )
    return lines


def _paper_lines(figures: list[PaperFigure]) -> list[str]:
    """Return the figures as a table for a terminal, each reason on a line of its own."""
    width = max(len(figure.row) for figure in figures)
    lines: list[str] = []
    table = None
    for figure in figures:
        if figure.table != table:
            table = figure.table
            lines += ["", f"{table:<{width}}  {'':<20}{'printed':>8} {'computed':>8}  equal"]
        equal = {True: "yes", False: "NO", None: ""}[figure.equal]
        lines.append(
            f"{figure.row:<{width}}  {figure.column:<20}{figure.printed:>8}"
            f" {figure.computed or '–':>8}  {equal}".rstrip()
        )
        if figure.why is not None:
            lines += wrap(figure.why, 92, initial_indent="    ", subsequent_indent="    ")
    return lines[1:]


def trace_outcome(manifest: Manifest, found: Breakdown, table: EnergyTable) -> Outcome:
    """Return what a trace's spikes cost, beside the idealisation and binary32."""
    total = found.total
    ratio = total.exact.energy_j / total.float_energy_j
    head = f"{'':>14}{'made':>16} {'J':>10} {'R·D·MACs':>16} {'J':>10} {'binary32 J':>10}"
    lines = [
        f"trace        {manifest.trace_digest}",
        f"profile      {manifest.profile.name}, {len(manifest.tokens)} tokens",
        f"firing rate  {total.spikes / total.slots:.4f}",
        f"table        {table_text(table)}",
        "",
        "synaptic additions that were made, and firing rate × steps × MACs",
        f"layer op{head[8:]}",
        *(_trace_line(row) for row in found.rows),
        *(_trace_line(row) for row in by_op(found.rows)),
        _trace_line(total),
        "",
        f"{float(ratio):.4f} of binary32's energy",
    ]
    return Outcome(
        json={
            "trace_digest": manifest.trace_digest,
            "model_digest": manifest.model_digest,
            "profile": manifest.profile.name,
            "tokens": len(manifest.tokens),
            "energy_table_pj": _table_json(table),
            "firing_rate": [total.spikes, total.slots],
            **_row_json(total),
            "energy_ratio": float(ratio),
            "by_op": [
                {"layer": row.layer, "op": row.op, "firing_rate": [row.spikes, row.slots]}
                | _row_json(row)
                for row in found.rows
            ],
        },
        lines=lines,
    )


def _row_json(row: CostRow) -> dict[str, Any]:
    return {
        "macs": row.macs,
        "synaptic_additions": int(row.exact.additions),
        "flops": float(row.exact.flops),
        "energy_j": float(row.exact.energy_j),
        "ideal": _cost_json(row.ideal),
        "float_energy_j": float(row.float_energy_j),
    }


def _cost_json(cost: Cost) -> dict[str, float]:
    return {
        "synaptic_additions": float(cost.additions),
        "flops": float(cost.flops),
        "energy_j": float(cost.energy_j),
    }


def _trace_line(row: CostRow) -> str:
    layer = "all" if row.layer is None else row.layer
    exact, ideal = row.exact, row.ideal
    return (
        f"{layer:>5} {row.op:<14}{int(exact.additions):>10,} {float(exact.energy_j):>10.2e}"
        f" {float(ideal.additions):>16,.0f} {float(ideal.energy_j):>10.2e}"
        f" {float(row.float_energy_j):>10.2e}"
    )


def setting_text(setting: Setting) -> str:
    """Return a setting in words."""
    match setting:
        case Floating():
            return "binary32 multiply-accumulates"
        case Quantised(weight_bits=weights, act_bits=acts, steps=steps):
            passes = "" if steps == 1 else f", {float(steps):g} passes"
            return f"{weights}-{acts} bit multiply-accumulates{passes}"
        case Spiking(weight_bits=weights, encoding=encoding, steps=steps, rate=rate):
            return (
                f"{encoding.value} spikes, {weights}-bit weights, D = {float(steps):g},"
                f" R = {float(rate):g}"
            )
        case WeightedSpiking(spikes_per_neuron=spikes):
            return f"weighted spikes, {float(spikes):g} per neuron"
        case _:
            assert_never(setting)


def table_text(table: EnergyTable) -> str:
    """Return an energy table in words."""
    mac, accumulate = float(table.mac_pj), float(table.accumulate_pj)
    return f"{mac:g} pJ a multiply-accumulate, {accumulate:g} pJ an accumulate"


def short(value: Fraction) -> str:
    """Return four digits with an exponent of ten: 7.459e+11."""
    return f"{float(value):.3e}"


def _table_json(table: EnergyTable) -> dict[str, float]:
    return {"mac": float(table.mac_pj), "accumulate": float(table.accumulate_pj)}
