"""How counts are distributed: symmetric against asymmetric ones of the same potentials."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikeref.model.profile import Profile
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.counts import Encoder, Encoding, encode
from spikeref.neurons.spike_numbers import spike_numbers
from spikeref.report.markup import Markup, figure
from spikeref.report.pictures import NEGATIVE, POSITIVE, picture, whole_numbers
from spikeref.trace.canonical import Place
from spikeref.trace.populations import UnitTrain, encoder_of, find_population
from spikeref.trace.reader import TraceFolder
from spikeref.trace.records import OP_CODES
from spikeref.trace.show import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARGINS = (0.75, 0.1, 0.45, 0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How many neurons of a population have each value, over some tokens."""

    name: str
    """What is counted, and how."""
    stored: bool
    """Whether the trace itself holds it; else it was encoded anew from stored potentials."""
    values: tuple[int, ...]
    """In a row, ascending."""
    numbers: tuple[int, ...]
    """Neurons, as long as `values`."""
    steps: int
    """Of a train."""
    spikes: int

    @property
    def neurons(self) -> int:
        """All of them, over all tokens."""
        return sum(self.numbers)


def histograms(trace: TraceFolder, layer: int, op: str, tokens: range) -> list[Histogram]:
    """Return the histograms of a population: both encodings at level `full` of SDLLM, else one.

    The one that the trace stores comes first; empty where the trace lacks the population.
    """
    numbers = [trace.find(Place(token, layer, OP_CODES[op])) for token in tokens]
    held = [(token, n) for token, n in zip(tokens, numbers, strict=True) if n is not None]
    if not held:
        return []
    trains = [find_population(trace, token, layer, op).train for token, _ in held]
    profile = trace.manifest.profile
    if not isinstance(profile, Profile):
        return [_weighted([train for train in trains if isinstance(train, BinaryTrain)])]
    encoder = encoder_of(op, profile)
    counts = np.stack([train.counts for train in trains if isinstance(train, UnitTrain)])
    found = [_of_counts(counts, encoder, stored=True)]
    potentials = [trace.fields(number).get("potential") for _, number in held]
    if all(one is not None for one in potentials):
        other = replace(encoder, encoding=_other(encoder.encoding))
        # The other encoding of what the trace encoded, head by head in the cache.
        found.append(_of_counts(encode(np.stack(potentials), other).counts, other, stored=False))  # type: ignore[arg-type]
    return found


def _other(encoding: Encoding) -> Encoding:
    return Encoding.BINARY if encoding is Encoding.TERNARY else Encoding.TERNARY


def _of_counts(counts: NDArray[Any], encoder: Encoder, *, stored: bool) -> Histogram:
    if encoder.encoding is Encoding.TERNARY:
        allowed = range(-(1 << (encoder.bits - 1)), 1 << (encoder.bits - 1))
        name = "symmetric, ternary spikes"
    else:
        allowed = range(encoder.levels + 1)
        name = "asymmetric, binary spikes"
    flat = counts.astype(np.int64).reshape(-1)
    return Histogram(
        name=name,
        stored=stored,
        values=tuple(allowed),
        numbers=_numbers(flat, allowed),
        steps=encoder.train_length,
        spikes=int(np.abs(flat).sum(dtype=np.int64)),
    )


def _weighted(trains: list[BinaryTrain]) -> Histogram:
    """Return how many neurons fire so many weighted spikes."""
    fired = np.concatenate([spike_numbers(train).reshape(-1) for train in trains])
    steps = trains[0].steps
    return Histogram(
        name="weighted spikes of a neuron",
        stored=True,
        values=tuple(range(steps + 1)),
        numbers=_numbers(fired, range(steps + 1)),
        steps=steps,
        spikes=int(fired.sum(dtype=np.int64)),
    )


def _numbers(values: NDArray[np.int64], allowed: range) -> tuple[int, ...]:
    shifted = values - np.int64(allowed.start)
    return tuple(np.bincount(shifted, minlength=len(allowed)).tolist())


def histogram_figure(found: list[Histogram], layer: int, op: str) -> Markup:
    """Return the histograms of one population as a figure."""
    title = f"{op}, layer {layer}"
    description = " ".join(_sentence(one) for one in found)
    ident = f"histogram-{layer}-{op.replace('_', '-')}"
    height = 0.4 + 1.5 * len(found)
    drawn = picture(
        ident, f"Counts of {title}", description, height, lambda f: _draw(f, found), margins=MARGINS
    )
    return figure(drawn, f"{title}.", description)


def _sentence(one: Histogram) -> str:
    silent = dict(zip(one.values, one.numbers, strict=True))[0]
    again = "" if one.stored else " (encoded anew from the stored potentials)"
    rate, quiet = percent(one.spikes, one.neurons * one.steps), percent(silent, one.neurons)
    return (
        f"{one.name[0].upper()}{one.name[1:]}{again}: {rate} of {one.steps} steps fire, {quiet} of"
        f" {one.neurons:,} neurons are silent."
    )


def _draw(canvas: "Figure", found: list[Histogram]) -> None:
    panels = canvas.subplots(len(found), squeeze=False, gridspec_kw={"hspace": 0.5})[:, 0]
    for axes, one in zip(panels, found, strict=True):
        colour = NEGATIVE if "asymmetric" in one.name else POSITIVE
        axes.bar(one.values, one.numbers, color=colour, width=0.85, clip_on=False)
        axes.set_title(one.name, fontsize=9, loc="left")
        axes.set_ylabel("neurons")
        axes.set_xlim(one.values[0] - 0.7, one.values[-1] + 0.7)
        whole_numbers(axes.xaxis, 8)
        whole_numbers(axes.yaxis, 4)
    axes.set_xlabel("count" if "spikes of" not in one.name else "spikes")
