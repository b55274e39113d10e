"""Spike rasters: neurons by step, token after token."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikeref.report.markup import Markup, figure
from spikeref.report.pictures import NEGATIVE, POSITIVE, RULE, picture, whole_numbers
from spikeref.trace.canonical import Place
from spikeref.trace.populations import UnitTrain, find_population, signed_steps
from spikeref.trace.reader import TraceFolder
from spikeref.trace.records import OP_CODES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST_NEURONS = 128
LARGEST_COLUMNS = 192
"""Tokens times steps, so that a raster stays an image of few points."""
LARGEST_TOKENS = 16
MARGINS = (0.65, 0.1, 0.45, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raster:
    """The first neurons of one population of a layer, over some tokens."""

    layer: int
    op: str
    tokens: range
    steps: int
    steps_name: str
    first_neuron: int
    neurons: int
    """All that the population has."""
    spikes: NDArray[np.int8]
    """−1, 0 or 1, int8 [neurons shown, tokens · steps]."""


def raster_of(
    trace: TraceFolder, layer: int, op: str, tokens: range, first_neuron: int = 0
) -> Raster | None:
    """Return the raster of a population, or None where the trace lacks it at the first token.

    tokens: positions in a row, as many of them as a raster holds.
    """
    columns: list[NDArray[np.int8]] = []
    shown = neurons = steps = 0
    name = ""
    for token in tokens:
        if trace.find(Place(token, layer, OP_CODES[op])) is None:
            break
        found = find_population(trace, token, layer, op)
        steps, neurons = found.train.steps, found.counts.size
        if shown and (shown + 1) * steps > LARGEST_COLUMNS:
            break
        name = "virtual step" if isinstance(found.train, UnitTrain) else "time step"
        kept = slice(first_neuron, first_neuron + LARGEST_NEURONS)
        columns += [np.sign(step[kept]).astype(np.int8) for step in signed_steps(found)]
        shown += 1
        if shown == LARGEST_TOKENS:
            break
    if not shown:
        return None
    return Raster(
        layer=layer,
        op=op,
        tokens=tokens[:shown],
        steps=steps,
        steps_name=name,
        first_neuron=first_neuron,
        neurons=neurons,
        spikes=np.stack(columns, axis=1),
    )


def raster_figure(raster: Raster, prefix: str = "raster", whose: str = "") -> Markup:
    """Return a raster as a figure; whose: the trace that it is of, where there are two."""
    first, last = raster.tokens[0], raster.tokens[-1]
    shown = len(raster.spikes)
    span = f"token {first}" if first == last else f"tokens {first} to {last}"
    title = f"{whose}{raster.op}, layer {raster.layer}, {span}"
    positive = int(np.count_nonzero(raster.spikes > 0))
    negative = int(np.count_nonzero(raster.spikes < 0))
    silent = int(np.count_nonzero(~raster.spikes.any(axis=1)))
    last_neuron = raster.first_neuron + shown - 1
    description = (
        f"Neurons {raster.first_neuron} to {last_neuron} of {raster.neurons} downwards,"
        f" {raster.steps} {raster.steps_name}s of each token to the right:"
        f" {positive:,} positive and {negative:,} negative spikes, {silent} of these neurons"
        f" silent throughout."
    )
    ident = f"{prefix}-{raster.layer}-{raster.op.replace('_', '-')}"
    drawn = picture(
        ident, f"Raster of {title}", description, 2.7, lambda f: _draw(f, raster), margins=MARGINS
    )
    return figure(drawn, f"{title}.", description)


def _draw(canvas: "Figure", raster: Raster) -> None:
    axes = canvas.add_subplot()
    shown, columns = raster.spikes.shape
    top = raster.first_neuron
    axes.imshow(
        _coloured(raster.spikes),
        interpolation="none",
        aspect="auto",
        extent=(0, columns, top + shown - 0.5, top - 0.5),
    )
    axes.set_ylabel("neuron")
    whole_numbers(axes.yaxis, 7)
    tokens = list(raster.tokens)
    if len(tokens) == 1:
        axes.set_xlabel(raster.steps_name)
        axes.set_xticks(np.arange(columns) + 0.5, [str(i + 1) for i in range(columns)])
        if columns > 20:
            kept = range(0, columns, -(-columns // 16))
            axes.set_xticks([i + 0.5 for i in kept], [str(i + 1) for i in kept])
        return
    axes.set_xlabel(f"token, {raster.steps} {raster.steps_name}s each")
    middles = np.arange(len(tokens)) * raster.steps + raster.steps / 2
    axes.set_xticks(middles, [str(token) for token in tokens])
    axes.tick_params(axis="x", length=0)
    for number in range(1, len(tokens)):
        axes.axvline(number * raster.steps, color=RULE, linewidth=0.4)


def _coloured(spikes: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return the colours of spikes, uint8 [N, columns, 3]; −1 indexes the last."""
    colours = ["#ffffff", POSITIVE, NEGATIVE]
    palette = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]
    return np.array(palette, dtype=np.uint8)[spikes]
