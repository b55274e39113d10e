"""The Python interface: compile, load, run, and the encoders by themselves."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spikeref.account.any_counters import AnyCounterSink, counter_sink
from spikeref.account.las_counters import LasCounterSink
from spikeref.arith.widths import magnitude, require_integers
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.any_compile import compile_any
from spikeref.engine.choice import EngineChoice, EngineName
from spikeref.engine.events import Arrival
from spikeref.engine.sparse_addition import add_rows, subtract_rows
from spikeref.errors import RangeError, UsageError
from spikeref.forward.embedded import Embedded
from spikeref.forward.generate import Prompt, encode, generate
from spikeref.forward.tokens import token_array
from spikeref.model.any_model import AnyModel, AnyProfile
from spikeref.model.any_profile import find_any_profile
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.profile import DEFAULT_PROFILE
from spikeref.neurons import counts as neuron_counts
from spikeref.neurons import trains
from spikeref.neurons.counts import Counts, Encoder, Encoding
from spikeref.ops.embedding import FRACTION_BITS
from spikeref.trace.manifest import GIVEN
from spikeref.trace.sinks import DigestSink, Sink, discard, tee


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run gave."""

    tokens: list[int]
    """The prompt."""
    new_tokens: list[int]
    logits: NDArray[Any]
    """32-bit integers [T, V], 16 fraction bits, of every token that passed the decoder."""
    counters: AnyCounterSink
    trace_digest: str

    @property
    def decoded_tokens(self) -> list[int]:
        """The tokens that passed the decoder, one for each row of the logits."""
        return (self.tokens + self.new_tokens)[: len(self.logits)]

    @property
    def logits_digest(self) -> str:
        """SHA-256 over the logits, int32 little-endian, row-major."""
        return hashlib.sha256(np.ascontiguousarray(self.logits, dtype="<i4").tobytes()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedResult:
    """What one pass through a LAS model gave: integers with 16 fraction bits but for `pooled`."""

    tokens: list[int]
    states: NDArray[np.int64]
    """The last hidden states, int64 [T, N]."""
    pooled: NDArray[np.int64] | None
    """Of an encoder with a pooler, int64 [N] with 20 fraction bits."""
    scores: NDArray[np.int64] | None
    """Of a classifier, int64 [classes]."""
    counters: LasCounterSink
    trace_digest: str

    @property
    def embedding(self) -> NDArray[np.float64]:
        """The mean of the hidden states over the tokens, float64 [N]."""
        states = np.ldexp(self.states.astype(np.float64), -FRACTION_BITS)
        return np.asarray(states.mean(axis=0))

    @property
    def states_digest(self) -> str:
        """SHA-256 over the hidden states, int64 little-endian, row-major."""
        return hashlib.sha256(np.ascontiguousarray(self.states, dtype="<i8").tobytes()).hexdigest()


def compile_model(
    source: str | Path,
    target: str | Path,
    profile: str | AnyProfile = DEFAULT_PROFILE,
    *,
    acc_bits: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AnyModel:
    """Compile a Hugging Face checkpoint folder into the new folder `target` and load it.

    profile: one of model.any_profile.ALL_PROFILES by name, or a profile of either system.
    acc_bits: refuse operators whose accumulator is not proven to fit. Streams layer by layer.
    Raises InputError, HeadroomError.
    """
    chosen = find_any_profile(profile) if isinstance(profile, str) else profile
    with Checkpoint.open(source) as checkpoint:
        compile_any(checkpoint, target, chosen, acc_bits=acc_bits, progress=progress)
    return load_model(target)


def run(
    model: AnyModel,
    tokens: Sequence[int] | NDArray[Any] | Embedded,
    *,
    max_new_tokens: int = 0,
    engine: EngineName = "dense",
    arrival: Arrival | None = None,
    trace: Sink = discard,
) -> RunResult:
    """Run a prompt through a decoder, then greedy decoding; return logits, counters, trace digest.

    tokens: ids, or what replaces their embeddings (LAS only). trace: a sink that sees every record
    (trace.sinks, trace.folder). TokenError for a bad prompt; UsageError for an encoder (`embed`
    runs those), an unknown engine or arrival.
    """
    if max_new_tokens < 0:
        raise UsageError(f"max_new_tokens: {max_new_tokens} is negative")
    digests, counters = DigestSink(), counter_sink(model)
    done = generate(
        model,
        _prompt(tokens),
        max_new_tokens,
        EngineChoice(name=engine, arrival=arrival),
        tee(digests, counters, trace),
    )
    return RunResult(
        tokens=done.tokens,
        new_tokens=done.new_tokens,
        logits=done.logits,
        counters=counters,
        trace_digest=digests.digest(model.digest, done.decoded_tokens),
    )


def embed(
    model: AnyModel,
    tokens: Sequence[int] | NDArray[Any] | Embedded,
    *,
    engine: EngineName = "dense",
    arrival: Arrival | None = None,
    token_types: Sequence[int] | None = None,
    trace: Sink = discard,
) -> EmbedResult:
    """Run a prompt through a LAS model once; return the last hidden states and what heads give.

    token_types: one for each token id, all 0 where None. TokenError for a bad prompt; UsageError
    for a model of SDLLM, an unknown engine or arrival.
    """
    if not isinstance(model, LasModel):
        raise UsageError(f"{model.folder}: a model of SDLLM; only LAS models give hidden states")
    digests, counters = DigestSink(), LasCounterSink(model)
    prompt = _prompt(tokens)
    choice = EngineChoice(name=engine, arrival=arrival)
    types = None if token_types is None else token_array(token_types)
    done = encode(model, prompt, choice, tee(digests, counters, trace), types)
    ids = [GIVEN] * len(done.states) if isinstance(prompt, Embedded) else prompt.tolist()
    return EmbedResult(
        tokens=ids,
        states=done.states,
        pooled=done.pooled,
        scores=done.scores,
        counters=counters,
        trace_digest=digests.digest(model.digest, ids),
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
    """Return the left-aligned spike trains of counts [..., N]: int8 [D, ..., N] (ENC-5).

    UsageError for floats, a count beyond D, or a binary count below 0.
    """
    require_integers("counts", counts)
    encoder = _encoder(bits, encoding, Fraction(1))
    lowest = int(counts.min(initial=0))
    if encoder.encoding is Encoding.BINARY and lowest < 0:
        raise UsageError(f"binary counts: {lowest} is negative (ENC-3)")
    return trains.unfold(counts, encoder.train_length)


def sparse_add(train: NDArray[Any], weights: NDArray[Any]) -> NDArray[np.int64]:
    """Return Σ_d Σ_j s_d[j]·weights[j] by additions alone: int64 [..., M] (ADD-1).

    train: int8 [D, ..., N] in {−1, 0, 1}; weights: integers [N, M]. RangeError where
    D·N·max|W| >= 2^63, so that a sum could wrap.
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
    largest = magnitude(weights)
    bound = len(train) * len(weights) * largest
    if bound >= 1 << 63:
        raise RangeError("sparse_add: sums of up to D·N·max|W|", bound, 64, "ADD-1")
    rows = train.shape[1:-1]
    accumulators = np.zeros((int(np.prod(rows, dtype=np.int64)), weights.shape[1]), dtype=np.int64)
    for spikes in train.reshape(len(train), len(accumulators), len(weights)):
        for row, accumulator in zip(spikes, accumulators, strict=True):
            add_rows(accumulator, weights, largest, np.flatnonzero(row > 0))
            subtract_rows(accumulator, weights, largest, np.flatnonzero(row < 0))
    return accumulators.reshape(*rows, weights.shape[1])


def _prompt(tokens: Sequence[int] | NDArray[Any] | Embedded) -> Prompt:
    return tokens if isinstance(tokens, Embedded) else token_array(tokens)


def _encoder(bits: int, encoding: str, clip_ratio: Fraction) -> Encoder:
    if encoding not in {e.value for e in Encoding}:
        raise UsageError(f"encoding {encoding!r} is unknown; known: ternary, binary")
    return Encoder(bits=bits, encoding=Encoding(encoding), clip_ratio=clip_ratio)
