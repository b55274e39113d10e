"""The Python interface: compile, load, run, and the encoders by themselves."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeAlias, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from spikeref.account.counters import CounterSink
from spikeref.arith.widths import magnitude, require_integers
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import compile_checkpoint
from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.dense import DENSE
from spikeref.engine.events import Arrival, Sorted
from spikeref.engine.products import Engine
from spikeref.engine.sparse_addition import add_rows, subtract_rows
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.errors import UsageError
from spikeref.forward.generate import generate
from spikeref.forward.tokens import token_array
from spikeref.model.folder import load_model
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import DEFAULT_PROFILE, Profile, find_profile
from spikeref.neurons import counts as neuron_counts
from spikeref.neurons import trains
from spikeref.neurons.counts import Counts, Encoder, Encoding
from spikeref.trace.sinks import DigestSink, Sink, discard, tee

EngineName: TypeAlias = Literal["dense", "sync", "async"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run gave."""

    tokens: list[int]
    """The prompt."""
    new_tokens: list[int]
    logits: NDArray[np.int32]
    """int32 [T, V], 16 fraction bits, of every token that passed the decoder."""
    counters: CounterSink
    trace_digest: str

    @property
    def decoded_tokens(self) -> list[int]:
        """The tokens that passed the decoder, one for each row of the logits."""
        return (self.tokens + self.new_tokens)[: len(self.logits)]

    @property
    def logits_digest(self) -> str:
        """SHA-256 over the logits, int32 little-endian, row-major."""
        return hashlib.sha256(np.ascontiguousarray(self.logits, dtype="<i4").tobytes()).hexdigest()


def compile_model(
    source: str | Path,
    target: str | Path,
    profile: str | Profile = DEFAULT_PROFILE,
    *,
    acc_bits: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> IntegerModel:
    """Compile a Hugging Face checkpoint folder into the new folder `target` and load it.

    profile: one of model.profile.PROFILES by name, or a Profile. acc_bits: refuse operators whose
    accumulator is not proven to fit. Streams layer by layer. Raises InputError, HeadroomError.
    """
    chosen = find_profile(profile) if isinstance(profile, str) else profile
    with Checkpoint.open(source) as checkpoint:
        compile_checkpoint(checkpoint, target, chosen, acc_bits=acc_bits, progress=progress)
    return load_model(target)


def find_engine(name: EngineName, arrival: Arrival | None = None) -> Engine:
    """Return an engine by name; `arrival` orders the events of "async"."""
    if name not in get_args(EngineName):
        raise UsageError(f"engine {name!r} is unknown; known: {', '.join(get_args(EngineName))}")
    if arrival is not None and not isinstance(arrival, get_args(Arrival)):
        raise UsageError(f"arrival {arrival!r} is not Sorted(), Reversed() or Shuffled(seed)")
    if arrival is not None and name != "async":
        raise UsageError(f"engine {name}: only async has events that arrive in an order")
    match name:
        case "dense":
            return DENSE
        case "sync":
            return SYNCHRONOUS
        case "async":
            return asynchronous(Sorted() if arrival is None else arrival)
        case _:
            assert_never(name)


def run(
    model: IntegerModel,
    tokens: Sequence[int] | NDArray[Any],
    *,
    max_new_tokens: int = 0,
    engine: EngineName = "dense",
    arrival: Arrival | None = None,
    trace: Sink = discard,
) -> RunResult:
    """Run a prompt of token ids, then greedy decoding; return logits, counters and trace digest.

    trace: a sink that sees every record (trace.sinks, trace.folder). TokenError for a bad prompt,
    UsageError for an unknown engine or arrival.
    """
    if max_new_tokens < 0:
        raise UsageError(f"max_new_tokens: {max_new_tokens} is negative")
    digests, counters = DigestSink(), CounterSink(model)
    done = generate(
        model,
        token_array(tokens),
        max_new_tokens,
        find_engine(engine, arrival),
        tee(digests, counters, trace),
    )
    return RunResult(
        tokens=done.tokens,
        new_tokens=done.new_tokens,
        logits=done.logits,
        counters=counters,
        trace_digest=digests.digest(model.digest, done.decoded_tokens),
    )


def encode_counts(
    u: NDArray[Any],
    *,
    bits: int,
    encoding: Literal["ternary", "binary"] = "ternary",
    clip_ratio: Fraction = Fraction(1),
) -> Counts:
    """Return the spike counts of membrane potentials u, integers [..., N] with |u| <= 2^30.

    One scale a row (ENC-2, ENC-3). UsageError for floats, larger potentials, or parameters that
    ENC-1 excludes.
    """
    require_integers("membrane potentials", u)
    if magnitude(u) > 1 << 30:
        raise UsageError("membrane potentials: |u| beyond 2^30 (OP-6)")
    return neuron_counts.encode(u, _encoder(bits, encoding, clip_ratio))


def unfold(
    counts: NDArray[Any], *, bits: int, encoding: Literal["ternary", "binary"] = "ternary"
) -> NDArray[np.int8]:
    """Return the left-aligned spike trains of counts [..., N]: int8 [D, ..., N] (ENC-5)."""
    require_integers("counts", counts)
    return trains.unfold(counts, _encoder(bits, encoding, Fraction(1)).train_length)


def sparse_add(train: NDArray[Any], weights: NDArray[Any]) -> NDArray[np.int64]:
    """Return Σ_d Σ_j s_d[j]·weights[j] by additions alone: int64 [..., M] (ADD-1).

    train: int8 [D, ..., N] in {−1, 0, 1}; weights: integers [N, M] with sums below 2^63.
    """
    require_integers("train", train)
    require_integers("weights", weights)
    if train.ndim < 2 or weights.ndim != 2 or train.shape[-1] != weights.shape[0]:
        raise UsageError(
            f"sparse_add: a train [D, ..., N] and weights [N, M] are needed, got {train.shape}"
            f" and {weights.shape}"
        )
    if magnitude(train) > 1:
        raise UsageError("sparse_add: a train holds −1, 0 and 1 only")
    rows = train.shape[1:-1]
    accumulators = np.zeros((int(np.prod(rows, dtype=np.int64)), weights.shape[1]), dtype=np.int64)
    largest = magnitude(weights)
    for spikes in train.reshape(len(train), len(accumulators), -1):
        for row, accumulator in zip(spikes, accumulators, strict=True):
            add_rows(accumulator, weights, largest, np.flatnonzero(row > 0))
            subtract_rows(accumulator, weights, largest, np.flatnonzero(row < 0))
    return accumulators.reshape(*rows, weights.shape[1])


def _encoder(bits: int, encoding: str, clip_ratio: Fraction) -> Encoder:
    if encoding not in {e.value for e in Encoding}:
        raise UsageError(f"encoding {encoding!r} is unknown; known: ternary, binary")
    return Encoder(bits=bits, encoding=Encoding(encoding), clip_ratio=clip_ratio)
