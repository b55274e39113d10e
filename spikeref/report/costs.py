"""The energy of a traced run: additions that were made, beside the idealisation."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from spikeref.energy.breakdown import Breakdown, CostRow, by_op, summed
from spikeref.energy.table import EnergyTable
from spikeref.report.markup import Cell, Markup, figure, gallery, paragraph, table
from spikeref.report.overview import layer_name
from spikeref.report.pictures import NEGATIVE, POSITIVE, picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cost_parts(found: Breakdown, table_pj: EnergyTable, layers: int) -> list[Markup]:
    """Return a sentence, bars and tables by product and by layer."""
    total = found.total
    ratio = float(total.exact.energy_j / total.float_energy_j)
    ops = by_op(found.rows)
    numbers = sorted({row.layer for row in found.rows if row.layer is not None})
    in_layers = [
        summed([row for row in found.rows if row.layer == layer], layer, "") for layer in numbers
    ]
    names = [layer_name(layer, layers) for layer in numbers]
    long_names = [f"layer {name}" if name.isdecimal() else name for name in names]
    mac, accumulate = float(table_pj.mac_pj), float(table_pj.accumulate_pj)
    sentence = (
        f"The spikes of this run made {int(total.exact.additions):,} synaptic additions,"
        f" {_joules(total.exact.energy_j)} J; firing rate × steps × MACs gives"
        f" {_joules(total.ideal.energy_j)} J, binary32 {_joules(total.float_energy_j)} J. The run"
        f" takes {ratio:.4f} of binary32's energy, at {mac:g} pJ a multiply-accumulate and"
        f" {accumulate:g} pJ an accumulate."
    )
    return [
        paragraph(sentence),
        gallery(
            [
                _bars("energy-ops", "Energy by product", ops, [row.op for row in ops]),
                _bars("energy-layers", "Energy by layer", in_layers, long_names),
            ]
        ),
        table("Energy by product", _HEADS, [_line(row.op, row) for row in [*ops, total]]),
        table(
            "Energy by layer",
            ("layer", *_HEADS[1:]),
            [_line(name, row) for name, row in zip(names, in_layers, strict=True)],
        ),
    ]


_HEADS = (
    "product", "additions made", "energy, J", "R·D·MACs", "energy of these, J", "MACs",
    "binary32, J",
)  # fmt: skip


def _line(name: str, row: CostRow) -> list[Cell]:
    return [
        name,
        int(row.exact.additions),
        _joules(row.exact.energy_j),
        f"{float(row.ideal.additions):,.0f}",
        _joules(row.ideal.energy_j),
        row.macs,
        _joules(row.float_energy_j),
    ]


def _joules(value: Fraction) -> str:
    return f"{float(value):.3e}"


def _unit(largest: Fraction) -> tuple[str, int]:
    """Return the unit in which the largest of some energies reads well, and how many make 1 J."""
    units = {"J": 1, "mJ": 10**3, "µJ": 10**6, "nJ": 10**9}
    fitting = ((unit, number) for unit, number in units.items() if largest * number >= 1)
    return next(fitting, ("pJ", 10**12))


def _bars(ident: str, title: str, rows: Sequence[CostRow], names: Sequence[str]) -> Markup:
    most = max(rows, key=lambda row: row.exact.energy_j)
    name = names[rows.index(most)]
    description = (
        f"Two bars each, in joules: of the additions made, and of firing rate × steps × MACs."
        f" Most is taken by {name}, {_joules(most.exact.energy_j)} J. The table has"
        " every figure."
    )

    unit, per_joule = _unit(max(most.exact.energy_j, most.ideal.energy_j))

    def draw(canvas: "Figure") -> None:
        axes = canvas.add_subplot()
        places = range(len(rows))
        sides = ((-0.2, POSITIVE, "additions made"), (0.2, NEGATIVE, "R·D·MACs"))
        for (shift, colour, label), kind in zip(sides, ("exact", "ideal"), strict=True):
            sizes = [float(getattr(row, kind).energy_j * per_joule) for row in rows]
            axes.barh(
                [i + shift for i in places], sizes, 0.38, color=colour, label=label, clip_on=False
            )
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.set_xlabel(f"energy, {unit}")
        canvas.legend(loc="outside upper right", ncols=2)

    height = min(9.0, 1.2 + 0.27 * len(rows))
    return figure(picture(ident, title, description, height, draw), f"{title}.", description)
