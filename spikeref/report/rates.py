"""Firing rates by layer and population."""

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from spikeref.energy.observed import Firing
from spikeref.report.markup import Cell, Markup, figure, table
from spikeref.report.overview import layer_name
from spikeref.report.pictures import picture
from spikeref.trace.show import OpFiring, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Firings = Mapping[tuple[int, str], Firing]


def rate_parts(fired: list[OpFiring], firing: Firings, layers: int) -> list[Markup]:
    """Return a table by population, and a picture and a table by layer and population.

    layers: of the model; populations behind them stand in a row of their own.
    """
    ops: list[str] = [one.op for one in fired]
    rows = sorted({layer for layer, _ in firing})
    names = [layer_name(layer, layers) for layer in rows]
    parts = [table("By population, over all layers and tokens", _HEADS, _op_rows(fired))]
    # A population behind the last layer alone would make a picture of empty places.
    inside = [op for op in ops if any((layer, op) in firing for layer in range(layers))]
    body = [layer for layer in rows if layer < layers]
    if body and inside:
        parts.append(_heat_figure(firing, body, inside))
    by_layer = [
        [name, *(_rate(firing.get((layer, op))) for op in ops)]
        for layer, name in zip(rows, names, strict=True)
    ]
    parts.append(table("Firing rate by layer and population", ["layer", *ops], by_layer))
    return parts


_HEADS = ("population", "spikes +", "spikes −", "slots", "firing rate")


def _op_rows(fired: list[OpFiring]) -> list[list[Cell]]:
    rows: list[list[Cell]] = [
        _op_row(one.op, one.positive, one.negative, one.slots) for one in fired
    ]
    positive, negative = sum(o.positive for o in fired), sum(o.negative for o in fired)
    slots = sum(one.slots for one in fired)
    return [*rows, _op_row("all", positive, negative, slots)]


def _op_row(name: str, positive: int, negative: int, slots: int) -> list[Cell]:
    return [name, positive, negative, slots, percent(positive + negative, slots)]


def _rate(one: Firing | None) -> str:
    return "–" if one is None else percent(one.spikes, one.slots)


def _heat_figure(firing: Firings, rows: list[int], ops: list[str]) -> Markup:
    values = np.full((len(rows), len(ops)), np.nan)
    for i, layer in enumerate(rows):
        for j, op in enumerate(ops):
            one = firing.get((layer, op))
            if one is not None:
                values[i, j] = 100 * one.spikes / one.slots
    drawn_ones = [key for key in firing if key[0] in rows and key[1] in ops]
    highest = max(drawn_ones, key=lambda key: Fraction(firing[key].spikes, firing[key].slots))
    lowest = min(drawn_ones, key=lambda key: Fraction(firing[key].spikes, firing[key].slots))
    description = (
        f"Layers {rows[0]} to {rows[-1]} downwards, populations to the right. The highest rate is"
        f" {_rate(firing[highest])}, of {highest[1]} in layer {highest[0]}; the lowest"
        f" {_rate(firing[lowest])}, of {lowest[1]} in layer {lowest[0]}. The table has every"
        " figure."
    )

    def draw(canvas: "Figure") -> None:
        axes = canvas.add_subplot()
        image = axes.imshow(values, cmap="Blues", vmin=0, aspect="auto", interpolation="none")
        axes.set_ylabel("layer")
        step = -(-len(rows) // 16)
        axes.set_yticks(range(0, len(rows), step), [str(layer) for layer in rows[::step]])
        axes.set_xticks(range(len(ops)), ops, rotation=40, ha="right", rotation_mode="anchor")
        canvas.colorbar(image, ax=axes, label="firing rate, %")

    height = min(6.0, 1.8 + 0.22 * len(rows))
    drawn = picture(
        "rates", "Firing rate by layer and population", description, height, draw, width=4.4
    )
    return figure(drawn, "Firing rate by layer and population.", description)
