"""Address events of a trace: JSON lines and packed 64-bit words (TRACE-9)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.events import (
    END_OFFSET,
    EPOCH_BITS,
    EPOCH_OFFSET,
    SOURCE_BITS,
    Events,
    pack_events,
)
from spikeref.errors import UsageError
from spikeref.neurons.trains import virtual_steps
from spikeref.storage.atomic import atomic_file
from spikeref.trace.populations import Population, populations
from spikeref.trace.reader import TraceFolder

ExportFormat: TypeAlias = Literal["jsonl", "packed"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export wrote."""

    populations: int
    events: int
    """Spikes; end markers are not counted."""


def export_events(trace: TraceFolder, path: str | Path, form: ExportFormat) -> Exported:
    """Write every spike of `trace` to the file `path`, which appears whole or not at all.

    Memory: the counts of one population and one virtual step of its train. UsageError: a trace of
    level `digest`, or a `path` that cannot be written or lies in the trace itself; TraceError for
    a count that the profile cannot encode.
    """
    if Path(path).resolve().is_relative_to(trace.path.resolve()):
        raise UsageError(f"{path}: lies in the trace {trace.path}; name a file outside it")
    epoch = events = 0
    with atomic_file(path) as temporary, temporary.open("wb") as out:
        for population in populations(trace):
            fired = 0
            for step in spikes_by_step(population):
                out.write(_step_bytes(population, step, epoch, form))
                fired += step.source.size
            if form == "packed":
                out.write(_end_marker(fired, epoch))
            epoch += 1
            events += fired
    return Exported(populations=epoch, events=events)


def spikes_by_step(population: Population) -> Iterator[Events]:
    """Yield the spikes of each virtual step at which some neuron fires, in order of source."""
    steps = virtual_steps(population.counts, population.train_length)
    for number, spikes in enumerate(steps, start=1):
        source = np.flatnonzero(spikes)
        if source.size == 0:
            # Trains are left-aligned (ENC-5): nothing fires later.
            return
        yield Events(
            source=source,
            step=np.full(source.size, number, dtype=np.int64),
            negative=spikes[source] < 0,
        )


def _step_bytes(population: Population, step: Events, epoch: int, form: ExportFormat) -> bytes:
    match form:
        case "jsonl":
            return _lines(population, step)
        case "packed":
            return _words(pack_events(step, epoch)[:-1])
        case _:
            assert_never(form)


def _lines(population: Population, step: Events) -> bytes:
    place = population.place
    head = (
        f'{{"token":{place.token},"layer":{place.layer},"op":"{population.op}",'
        f'"step":{step.step[0]},"source":'
    )
    tails = (',"polarity":1}\n', ',"polarity":-1}\n')
    fired = zip(step.source.tolist(), step.negative.tolist(), strict=True)
    return "".join([f"{head}{source}{tails[negative]}" for source, negative in fired]).encode()


def _words(words: NDArray[np.uint64]) -> bytes:
    return words.astype("<u8", copy=False).tobytes()


def _end_marker(events: int, epoch: int) -> bytes:
    """Return the end marker of EVENT-1; pack_events makes one for the events of one step only."""
    tag = (epoch % (1 << EPOCH_BITS)) << EPOCH_OFFSET
    word = tag | 1 << END_OFFSET | events % (1 << SOURCE_BITS)
    return word.to_bytes(8, "little")
