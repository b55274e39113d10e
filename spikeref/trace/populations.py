"""The populations of a trace that fire, in causal order (TRACE-9)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import TraceError, UsageError
from spikeref.model.las_profile import LasProfile
from spikeref.model.profile import Profile
from spikeref.neurons.binary_train import BinaryTrain, time_steps
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.neurons.spike_numbers import spike_numbers
from spikeref.neurons.trains import virtual_steps
from spikeref.trace.canonical import Place
from spikeref.trace.las_records import LasSpikesOp
from spikeref.trace.reader import TraceFolder
from spikeref.trace.records import OP_CODES, OPS, CacheOp, InputOp, Op

_SPIKING = (*get_args(InputOp), *get_args(CacheOp), *get_args(LasSpikesOp))
SPIKING_OPS = tuple(op for op in OPS if op in _SPIKING)
"""Ops whose records hold spike counts, in causal order: those of SDLLM, then those of LAS."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitTrain:
    """Trains of SDLLM: |c| unit spikes, left-aligned (ENC-5)."""

    counts: NDArray[np.int16]
    """int16 [N]."""
    steps: int
    """Virtual steps D."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """The spikes of one token, layer and op."""

    place: Place
    op: Op
    train: UnitTrain | BinaryTrain
    """Of N neurons; of keys and values N = G·d, neuron head·d + dimension."""
    outliers: NDArray[np.bool_] | None
    """Which neurons fired by their outlier sub-neuron, bool [N]; None in SDLLM."""

    @property
    def counts(self) -> NDArray[Any]:
        """Signed integers [N]."""
        return self.train.counts


def signed_steps(population: Population) -> Iterator[NDArray[Any]]:
    """Yield the spikes of each step: 0 where silent, else their sign, in LAS times n + level."""
    match population.train:
        case UnitTrain(counts=counts, steps=steps):
            yield from virtual_steps(counts, steps)
        case BinaryTrain():
            yield from time_steps(population.train)
        case _:
            assert_never(population.train)


def spike_totals(population: Population) -> tuple[int, int]:
    """Return the numbers of positive and of negative spikes."""
    match population.train:
        case UnitTrain(counts=counts):
            numbers: NDArray[Any] = np.abs(counts)
        case BinaryTrain(counts=counts):
            numbers = spike_numbers(population.train)
        case _:
            assert_never(population.train)
    return (
        int(numbers[counts > 0].sum(dtype=np.int64)),
        int(numbers[counts < 0].sum(dtype=np.int64)),
    )


def spiking_ops(trace: TraceFolder) -> tuple[Op, ...]:
    """Return the ops of a trace that fire, in causal order."""
    held = {OPS[code] for code in np.unique(trace.index["op"]).tolist()}
    return tuple(op for op in SPIKING_OPS if op in held)


def require_counts(trace: TraceFolder) -> None:
    """Refuse a trace without counts: UsageError."""
    if trace.manifest.level == "digest":
        raise UsageError(
            f"{trace.path}: a trace of level digest holds no spikes; write one with counts"
        )


def populations(trace: TraceFolder) -> Iterator[Population]:
    """Yield every population in causal order, one at a time.

    UsageError at level `digest`; TraceError for a count that the profile cannot encode.
    """
    require_counts(trace)
    codes = [OP_CODES[op] for op in SPIKING_OPS]
    for number in np.flatnonzero(np.isin(trace.index["op"], codes)):
        yield _population(trace, int(number))


def population_count(trace: TraceFolder) -> int:
    """Return how many populations `populations` yields."""
    codes = [OP_CODES[op] for op in SPIKING_OPS]
    return int(np.count_nonzero(np.isin(trace.index["op"], codes)))


def find_population(trace: TraceFolder, token: int, layer: int, op: str) -> Population:
    """Return one population; UsageError where the trace has no such record or no counts."""
    require_counts(trace)
    number = trace.find(Place(token, layer, OP_CODES[op])) if op in SPIKING_OPS else None
    if number is None:
        raise UsageError(
            f"{trace.path}: no spikes of token {token}, layer {layer}, {op}; it has tokens 0 to"
            f" {len(trace.manifest.tokens) - 1}, layers 0 to {trace.manifest.layers - 1} and the"
            f" populations {', '.join(spiking_ops(trace))}"
        )
    return _population(trace, number)


def encoder_of(op: str, profile: Profile) -> Encoder:
    """Return the encoder of a population's counts."""
    return profile.cache_encoder() if op in get_args(CacheOp) else profile.encoder()


def _population(trace: TraceFolder, number: int) -> Population:
    match trace.manifest.profile:
        case Profile() as profile:
            return _sdllm_population(trace, number, profile)
        case LasProfile() as profile:
            return _las_population(trace, number, profile)
        case _:
            assert_never(trace.manifest.profile)


def _sdllm_population(trace: TraceFolder, number: int, profile: Profile) -> Population:
    op = trace.op(number)
    counts = trace.fields(number)["counts"].reshape(-1)
    encoder = encoder_of(op, profile)
    length = encoder.train_length
    match encoder.encoding:
        case Encoding.TERNARY:
            low, high = -length, length - 1
        case Encoding.BINARY:
            low, high = 0, length
    _check_range(trace, number, counts, low, high)
    train = UnitTrain(counts=counts, steps=length)
    return Population(place=trace.place(number), op=op, train=train, outliers=None)


def _las_population(trace: TraceFolder, number: int, profile: LasProfile) -> Population:
    fields = trace.fields(number)
    counts, form = fields["counts"].reshape(-1), profile.form
    largest = (2 * form.levels - 1) * ((1 << form.steps) - 1)
    _check_range(trace, number, counts, -largest, largest)
    return Population(
        place=trace.place(number),
        op=trace.op(number),
        train=BinaryTrain(counts=counts, steps=form.steps, levels=form.levels),
        outliers=fields["outliers"].reshape(-1) != 0,
    )


def _check_range(
    trace: TraceFolder, number: int, counts: NDArray[Any], low: int, high: int
) -> None:
    place = trace.place(number)
    for count in counts[(counts < low) | (counts > high)][:1]:
        raise TraceError(
            f"{trace.path}: token {place.token}, layer {place.layer}, {trace.op(number)}: count"
            f" {count} is not in {low} to {high}, the range of the profile"
            f" {trace.manifest.profile.name}"
        )
