"""Spikes of a trace as waves: a VCD file through pyvcd, an optional dependency."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spikeref.errors import UsageError
from spikeref.storage.atomic import atomic_file
from spikeref.trace.populations import Population, find_population, require_counts, signed_steps
from spikeref.trace.reader import TraceFolder

CODES = {0: "00", 1: "01", -1: "11"}
"""A spike as two bits (PACK-2); as a signed number they read 0, 1, -1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """What was written."""

    populations: int
    events: int


def export_vcd(
    trace: TraceFolder, path: str | Path, layer: int, op: str, tokens: Sequence[int] | None = None
) -> Waves:
    """Write the spikes of one layer and op, token after token, to the VCD file `path`.

    One signal a neuron, of two bits (PACK-2), beside `token` and `step`. A time unit is a
    step: step d of the k-th token shown, k from 0, is at time k·D + d − 1. tokens: None for all.
    UsageError: pyvcd is not installed, no such population, or a path that cannot be written.
    """
    vcd = _pyvcd()
    require_counts(trace)
    if Path(path).resolve().is_relative_to(trace.path.resolve()):
        raise UsageError(f"{path}: lies in the trace {trace.path}; name a file outside it")
    chosen = range(len(trace.manifest.tokens)) if tokens is None else tokens
    shown = [find_population(trace, token, layer, op) for token in chosen]
    with (
        atomic_file(path) as temporary,
        temporary.open("w", encoding="ascii") as file,
        vcd.VCDWriter(
            file,
            timescale="1 ns",
            date="",
            version="spikeref",
            comment=f"model {trace.manifest.model_digest}; a time unit is a step",
        ) as writer,
    ):
        events = _write(writer, shown, f"layer{layer}.{op}")
    return Waves(populations=len(shown), events=events)


def _write(writer: Any, shown: list[Population], scope: str) -> int:
    neurons = max((population.counts.size for population in shown), default=0)
    token = writer.register_var(scope, "token", "integer", size=32, init=0)
    step_number = writer.register_var(scope, "step", "integer", size=32, init=0)
    lines = [
        writer.register_var(scope, f"neuron{j}", "wire", size=2, init=CODES[0])
        for j in range(neurons)
    ]
    time = events = 0
    last = np.zeros(neurons, dtype=np.int8)
    for population in shown:
        for step, sizes in enumerate(signed_steps(population), start=1):
            spikes = np.sign(sizes).astype(np.int8)
            writer.change(token, time, population.place.token)
            writer.change(step_number, time, step)
            for neuron in np.flatnonzero(spikes != last).tolist():
                writer.change(lines[neuron], time, CODES[int(spikes[neuron])])
            events += int(np.count_nonzero(spikes))
            last = spikes
            time += 1
    for neuron in np.flatnonzero(last).tolist():
        writer.change(lines[neuron], time, CODES[0])
    writer.close(time + 1)
    return events


def _pyvcd() -> Any:
    try:
        import vcd
    except ImportError:
        raise UsageError(
            "VCD: needs the package pyvcd, which is not installed; pip install 'spikeref[hdl]'"
        ) from None
    return vcd
