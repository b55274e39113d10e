"""The populations of a trace that fire: inputs, keys and values, in causal order (TRACE-9)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import TraceError, UsageError
from spikeref.model.profile import Profile
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.trace.canonical import Place
from spikeref.trace.reader import TraceFolder
from spikeref.trace.records import OP_CODES, OPS, CacheOp, InputOp, Op

SpikingOp: TypeAlias = InputOp | CacheOp
SPIKING_OPS = tuple(op for op in OPS if op in (*get_args(InputOp), *get_args(CacheOp)))
"""Ops whose records hold spike counts, in causal order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """The spike counts of one token, layer and op."""

    place: Place
    op: Op
    counts: NDArray[np.int16]
    """int16 [N]; of keys and values N = G·d, neuron head·d + dimension."""
    train_length: int
    """Virtual steps D of their trains."""


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


def find_population(trace: TraceFolder, token: int, layer: int, op: str) -> Population:
    """Return one population; UsageError where the trace has no such record or no counts."""
    require_counts(trace)
    number = trace.find(Place(token, layer, OP_CODES[op])) if op in SPIKING_OPS else None
    if number is None:
        raise UsageError(
            f"{trace.path}: no spikes of token {token}, layer {layer}, {op}; it has tokens 0 to"
            f" {len(trace.manifest.tokens) - 1}, layers 0 to {trace.manifest.layers - 1} and the"
            f" populations {', '.join(SPIKING_OPS)}"
        )
    return _population(trace, number)


def encoder_of(op: str, profile: Profile) -> Encoder:
    """Return the encoder of a population's counts."""
    return profile.cache_encoder() if op in get_args(CacheOp) else profile.encoder()


def _population(trace: TraceFolder, number: int) -> Population:
    op, place = trace.op(number), trace.place(number)
    counts = trace.fields(number)["counts"].reshape(-1)
    encoder = encoder_of(op, trace.manifest.profile)
    length = encoder.train_length
    match encoder.encoding:
        case Encoding.TERNARY:
            low, high = -length, length - 1
        case Encoding.BINARY:
            low, high = 0, length
    for count in counts[(counts < low) | (counts > high)][:1]:
        raise TraceError(
            f"{trace.path}: token {place.token}, layer {place.layer}, {op}: count {count} is not"
            f" in {low} to {high}, the range of the profile {trace.manifest.profile.name}"
        )
    return Population(place=place, op=op, counts=counts, train_length=length)
