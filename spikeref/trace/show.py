"""A trace for people: what it is of, how much each op fires, and rasters of single records."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spikeref.errors import UsageError
from spikeref.trace.populations import (
    SPIKING_OPS,
    Population,
    UnitTrain,
    populations,
    signed_steps,
    spike_totals,
)
from spikeref.trace.reader import TraceFolder
from spikeref.trace.records import Op

SILENT, POSITIVE, NEGATIVE = "·", "+", "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpFiring:
    """Spikes of one op over all layers and tokens of a trace (COUNT-1, COUNT-2)."""

    op: Op
    positive: int
    """Positive spikes."""
    negative: int
    """Negative spikes."""
    slots: int
    """Neurons times steps; (positive + negative)/slots is the firing rate (ENC-10)."""


def firing(
    trace: TraceFolder, progress: Callable[[int], None] = lambda populations: None
) -> list[OpFiring]:
    """Return the spikes of each op in causal order; empty where the trace stores no counts."""
    if trace.manifest.level == "digest":
        return []
    sums = {op: np.zeros(3, dtype=np.int64) for op in SPIKING_OPS}
    for population in populations(trace):
        slots = population.counts.size * population.train.steps
        sums[population.op] += np.array([*spike_totals(population), slots])
        progress(1)
    return [
        OpFiring(op=op, positive=int(s[0]), negative=int(s[1]), slots=int(s[2]))
        for op, s in sums.items()
        if s[2]
    ]


def summary_lines(trace: TraceFolder, fired: list[OpFiring]) -> list[str]:
    """Return the manifest and the firing rates as lines of text."""
    manifest = trace.manifest
    lines = [
        f"trace    {manifest.trace_digest}",
        f"model    {manifest.model_digest}",
        f"profile  {manifest.profile.name}, {manifest.layers} layers",
        f"engine   {manifest.engine}",
        f"tokens   {len(manifest.tokens)}: {_shortened(manifest.tokens)}",
        f"records  {manifest.records}, level {manifest.level}, {trace.payload.size} payload bytes",
    ]
    if not fired:
        return [*lines, "no spike counts are stored at this level"]
    lines += ["", f"{'population':<20} {'spikes +':>14} {'spikes -':>14} {'firing rate':>12}"]
    for one in fired:
        rate = percent(one.positive + one.negative, one.slots)
        lines.append(f"{one.op:<20} {one.positive:>14} {one.negative:>14} {rate:>12}")
    return lines


def percent(part: int, whole: int) -> str:
    """Return part/whole in percent with two decimals, rounded down: "12.34 %"."""
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02} %"


def raster_lines(population: Population, first: int, end: int) -> list[str]:
    """Return a line for each neuron from `first` to `end` − 1: number, steps, count.

    UsageError where there are no such neurons.
    """
    neurons = population.counts.size
    if not 0 <= first < end or first >= neurons:
        raise UsageError(
            f"neurons {first}:{end}: {population.op} has neurons 0 to {neurons - 1}; give A:B with"
            " A below B"
        )
    shown = population.counts[first:end]
    marks = np.array([SILENT, POSITIVE, NEGATIVE])  # −1 indexes the last.
    spikes = np.stack([step[first:end] for step in signed_steps(population)])
    trains = marks[np.sign(spikes)]
    width = len(str(first + len(shown) - 1))
    place = population.place
    steps = f"{_steps_name(population)} 1 to {population.train.steps}"
    head = (
        f"token {place.token}, layer {place.layer}, {population.op}: neurons {first} to"
        f" {first + len(shown) - 1} of {neurons}, {steps}"
    )
    rows = (
        f"{first + i:>{width}} {''.join(trains[:, i])} {count:>4}"
        for i, count in enumerate(shown.tolist())
    )
    return [head, *rows]


def _steps_name(population: Population) -> str:
    return "virtual steps" if isinstance(population.train, UnitTrain) else "time steps"


def _shortened(tokens: tuple[int, ...]) -> str:
    shown = ", ".join(str(token) for token in tokens[:12])
    return shown + (", …" if len(tokens) > 12 else "")
