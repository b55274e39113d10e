"""Energy of a traced run: what its spikes did, beside firing rate × steps × MACs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import assert_never

from spikeref.energy.observed import Firing, Observed, firing_by_place, observe_sdllm
from spikeref.energy.observed_las import observe_las
from spikeref.energy.table import EnergyTable
from spikeref.errors import UsageError
from spikeref.model.any_model import AnyModel
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import LasProfile
from spikeref.model.profile import Profile
from spikeref.trace.reader import TraceFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Additions, the operations that they are in binary32 ones, joules."""

    additions: Fraction
    flops: Fraction
    energy_j: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """One product of one layer, or a sum of them."""

    layer: int | None
    op: str
    spikes: int
    slots: int
    macs: int
    exact: Cost
    """Of the synaptic additions that were made."""
    ideal: Cost
    """R·D·MACs additions, with one rate R for all products (SDLLM appendix A)."""
    float_energy_j: Fraction
    """Of binary32 multiply-accumulates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """A traced run."""

    rows: tuple[CostRow, ...]
    """By layer, then op."""
    total: CostRow
    """Spikes and slots are those of all populations, each once."""


def trace_breakdown(trace: TraceFolder, model: AnyModel | None, table: EnergyTable) -> Breakdown:
    """Return what a trace cost.

    model: the compiled model, which a trace of LAS needs; of SDLLM the trace tells its shapes.
    UsageError: level `digest`, another model's trace, a trace of LAS without its model.
    """
    if model is not None and model.digest != trace.manifest.model_digest:
        raise UsageError(f"{trace.path}: a trace of another model than {model.folder}")
    firing = firing_by_place(trace)
    observed = _observe(trace, model, firing)
    spikes = sum(one.spikes for one in firing.values())
    slots = sum(one.slots for one in firing.values())
    rows = tuple(cost_row(one, Fraction(spikes, slots), table) for one in observed)
    # Several operators share one input, whose spikes a total holds once.
    total = replace(summed(rows, None, "total"), spikes=spikes, slots=slots)
    return Breakdown(rows=rows, total=total)


def _observe(
    trace: TraceFolder, model: AnyModel | None, firing: dict[tuple[int, str], Firing]
) -> list[Observed]:
    match trace.manifest.profile:
        case Profile() as profile:
            return observe_sdllm(trace, profile, firing)
        case LasProfile(form=form):
            if not isinstance(model, LasModel):
                raise UsageError(
                    f"{trace.path}: a trace of LAS does not tell its model's shapes; give the"
                    " compiled model with --model-folder"
                )
            return observe_las(trace, model, form, firing)
        case _:
            assert_never(trace.manifest.profile)


def cost_row(one: Observed, rate: Fraction, table: EnergyTable) -> CostRow:
    """Return the costs of one product in a run of firing rate `rate`."""

    def cost(additions: Fraction) -> Cost:
        flops = additions * one.factor
        return Cost(additions=additions, flops=flops, energy_j=flops * table.accumulate)

    return CostRow(
        layer=one.layer,
        op=one.op,
        spikes=one.spikes,
        slots=one.slots,
        macs=one.macs,
        exact=cost(Fraction(one.additions)),
        ideal=cost(rate * one.steps * one.macs),
        float_energy_j=one.macs * table.mac,
    )


def summed(rows: Sequence[CostRow], layer: int | None, op: str) -> CostRow:
    """Return the sum of rows."""
    return CostRow(
        layer=layer,
        op=op,
        spikes=sum(row.spikes for row in rows),
        slots=sum(row.slots for row in rows),
        macs=sum(row.macs for row in rows),
        exact=_sum(row.exact for row in rows),
        ideal=_sum(row.ideal for row in rows),
        float_energy_j=sum((row.float_energy_j for row in rows), Fraction(0)),
    )


def by_op(rows: Sequence[CostRow]) -> list[CostRow]:
    """Return the rows summed over layers, in order of appearance."""
    ops = dict.fromkeys(row.op for row in rows)
    return [summed([row for row in rows if row.op == op], None, op) for op in ops]


def _sum(costs: Iterable[Cost]) -> Cost:
    whole = Cost(additions=Fraction(0), flops=Fraction(0), energy_j=Fraction(0))
    for one in costs:
        whole = Cost(
            additions=whole.additions + one.additions,
            flops=whole.flops + one.flops,
            energy_j=whole.energy_j + one.energy_j,
        )
    return whole
