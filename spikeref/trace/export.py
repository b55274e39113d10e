"""Address events of a trace: JSON lines and packed 64-bit words (TRACE-9)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.events import (
    COUNT_PACKETS,
    END_OFFSET,
    EPOCH_BITS,
    EPOCH_OFFSET,
    Events,
    pack_events,
)
from spikeref.engine.las_events import WEIGHTED_PACKETS, weighted_step
from spikeref.errors import UsageError
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.storage.atomic import atomic_file
from spikeref.trace.populations import Population, UnitTrain, populations, signed_steps
from spikeref.trace.reader import TraceFolder

ExportFormat: TypeAlias = Literal["jsonl", "packed"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export wrote."""

    populations: int
    events: int
    """Spikes; end markers are not counted."""


def export_events(
    trace: TraceFolder,
    path: str | Path,
    form: ExportFormat,
    progress: Callable[[int], None] = lambda populations: None,
) -> Exported:
    """Write every spike of `trace` to the file `path`, which appears whole or not at all.

    Memory: the counts of one population and one step of its train. UsageError: a trace of
    level `digest`, or a `path` that cannot be written or lies in the trace itself; TraceError for
    a count that the profile cannot encode.
    """
    if Path(path).resolve().is_relative_to(trace.path.resolve()):
        raise UsageError(f"{path}: lies in the trace {trace.path}; name a file outside it")
    epoch = events = 0
    with atomic_file(path) as temporary, temporary.open("wb") as out:
        for population in populations(trace):
            fired = 0
            for step, spikes in enumerate(spikes_by_step(population), start=1):
                out.write(_step_bytes(population, step, spikes, epoch, form))
                fired += int(np.count_nonzero(spikes))
            if form == "packed":
                out.write(_end_marker(population, fired, epoch))
            epoch += 1
            events += fired
            progress(1)
    return Exported(populations=epoch, events=events)


def spikes_by_step(population: Population) -> Iterator[NDArray[Any]]:
    """Yield the spikes of steps 1 … up to the last at which some neuron may fire, integers [N]."""
    for spikes in signed_steps(population):
        if isinstance(population.train, UnitTrain) and not spikes.any():
            # Trains are left-aligned (ENC-5): nothing fires later.
            return
        yield spikes


def _step_bytes(
    population: Population, step: int, spikes: NDArray[Any], epoch: int, form: ExportFormat
) -> bytes:
    match form:
        case "jsonl":
            return _lines(population, step, spikes)
        case "packed":
            return _words(pack_events(_events(population, step, spikes), epoch)[:-1])
        case _:
            assert_never(form)


def _lines(population: Population, step: int, spikes: NDArray[Any]) -> bytes:
    place, source = population.place, np.flatnonzero(spikes)
    head = (
        f'{{"token":{place.token},"layer":{place.layer},"op":"{population.op}",'
        f'"step":{step},"source":'
    )
    tails = _tails(population, source, spikes)
    return "".join(
        [f"{head}{j}{tail}" for j, tail in zip(source.tolist(), tails, strict=True)]
    ).encode()


def _tails(population: Population, source: NDArray[np.int64], spikes: NDArray[Any]) -> list[str]:
    """Return the members behind `source` of spikes [N], each with its line's end."""
    polarity = np.sign(spikes[source]).tolist()
    match population.train:
        case UnitTrain():
            return [f',"polarity":{sign}}}\n' for sign in polarity]
        case BinaryTrain(levels=levels):
            level = (np.abs(spikes[source]) - levels).tolist()
            outlier = _outliers(population)[source].astype(np.int8).tolist()
            return [
                f',"polarity":{sign},"level":{k},"outlier":{o}}}\n'
                for sign, k, o in zip(polarity, level, outlier, strict=True)
            ]
        case _:
            assert_never(population.train)


def _events(population: Population, step: int, spikes: NDArray[Any]) -> Events:
    """Return the spikes [N] of one step in the fields of their packets."""
    match population.train:
        case UnitTrain():
            source = np.flatnonzero(spikes)
            return Events(
                source=source,
                step=np.full(source.size, step, dtype=np.int64),
                negative=spikes[source] < 0,
            )
        case BinaryTrain(levels=levels):
            return weighted_step(spikes, step, levels, _outliers(population))
        case _:
            assert_never(population.train)


def _outliers(population: Population) -> NDArray[np.bool_]:
    assert population.outliers is not None
    return population.outliers


def _words(words: NDArray[np.uint64]) -> bytes:
    return words.astype("<u8", copy=False).tobytes()


def _end_marker(population: Population, events: int, epoch: int) -> bytes:
    """Return the end marker of EVENT-1 or NEUR-9; pack_events makes one for one step only."""
    bits = COUNT_PACKETS.count_bits
    if isinstance(population.train, BinaryTrain):
        bits = WEIGHTED_PACKETS.count_bits
    tag = (epoch % (1 << EPOCH_BITS)) << EPOCH_OFFSET
    word = tag | 1 << END_OFFSET | events % (1 << bits)
    return word.to_bytes(8, "little")
