"""Prefill and greedy decoding with the cache, of either system (OP-13, LAS-15)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.choice import EngineChoice, las_engine, sdllm_engine
from spikeref.engine.las_products import LasEngine
from spikeref.engine.products import Engine
from spikeref.errors import UsageError
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.embedded import Embedded
from spikeref.forward.las import LasOutput, las_forward, las_forward_embedded
from spikeref.forward.las_cache import LasCache
from spikeref.model.any_model import AnyConfig, AnyModel
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.trace.manifest import GIVEN
from spikeref.trace.sinks import Sink

Prompt = NDArray[np.int64] | Embedded
"""Token ids, int64 [T], or what replaces their rows of the token table (LAS-3)."""

Step = Callable[[Prompt], NDArray[Any]]
"""Passes a prompt of T positions through a decoder after those before; returns logits [T, V]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A prompt, what followed it, and the logits of every token that passed the decoder."""

    tokens: list[int]
    """The prompt; −1 for a position whose embedding was given."""
    new_tokens: list[int]
    logits: NDArray[Any]
    """32-bit integers [T, V], 16 fraction bits: of the prompt and all new tokens but the last."""

    @property
    def decoded_tokens(self) -> list[int]:
        """The tokens that passed the decoder, one for each row of the logits."""
        return (self.tokens + self.new_tokens)[: len(self.logits)]


def generate(
    model: AnyModel, prompt: Prompt, max_new_tokens: int, choice: EngineChoice, sink: Sink
) -> Generation:
    """Run the prompt, then up to max_new_tokens greedy choices (OP-13).

    Stops after an end-of-sequence token and when the positions are used up. TokenError for a bad
    prompt; UsageError for an encoder, or embeddings for a model that takes none.
    """
    return greedy(decoding_step(model, choice, sink), prompt, max_new_tokens, model.config)


def greedy(step: Step, prompt: Prompt, max_new_tokens: int, config: AnyConfig) -> Generation:
    """Run the prompt through a decoder's step, then up to max_new_tokens greedy choices (OP-13)."""
    logits = [step(prompt)]
    new_tokens: list[int] = []
    while len(new_tokens) < max_new_tokens:
        # argmax gives the first, so the lowest, id among equals.
        new_tokens.append(int(np.argmax(logits[-1][-1])))
        ended = new_tokens[-1] in config.eos_token_ids
        full = len(logits[0]) + len(new_tokens) - 1 == config.shape.positions
        if ended or full or len(new_tokens) == max_new_tokens:
            break
        logits.append(step(np.array(new_tokens[-1:], dtype=np.int64)))
    return Generation(
        tokens=[GIVEN] * len(logits[0]) if isinstance(prompt, Embedded) else prompt.tolist(),
        new_tokens=new_tokens,
        logits=np.concatenate(logits),
    )


def decoding_step(model: AnyModel, choice: EngineChoice, sink: Sink) -> Step:
    """Return a step of a decoder whose cache is empty; UsageError for an encoder."""
    match model:
        case IntegerModel():
            return sdllm_step(model, sdllm_engine(choice), sink)
        case LasModel():
            return las_step(model, las_engine(choice), sink)
        case _:
            assert_never(model)


def sdllm_step(model: IntegerModel, engine: Engine, sink: Sink) -> Step:
    """Return a step of a decoder of SDLLM whose cache is empty."""
    cache = Cache(model.config.shape)

    def step(prompt: Prompt) -> NDArray[Any]:
        if isinstance(prompt, Embedded):
            raise UsageError(f"{model.folder}: only a LAS model takes embeddings; give tokens")
        return forward(model, prompt, cache, engine, sink)

    return step


def las_step(model: LasModel, engine: LasEngine, sink: Sink) -> Step:
    """Return a step of a LAS decoder whose cache is empty; UsageError for an encoder."""
    if model.head is None:
        raise UsageError(f"{model.folder}: an encoder gives no logits and no new tokens")
    cache = LasCache(model.config)

    def step(prompt: Prompt) -> NDArray[Any]:
        if isinstance(prompt, Embedded):
            done = las_forward_embedded(model, prompt, cache, engine, sink)
        else:
            done = las_forward(model, prompt, cache, engine, sink)
        assert done.logits is not None
        return done.logits

    return step


def encode(
    model: LasModel,
    prompt: Prompt,
    choice: EngineChoice,
    sink: Sink,
    types: NDArray[np.int64] | None = None,
) -> LasOutput:
    """Return what one pass of a LAS model over a whole prompt gives; TokenError for a bad one.

    types: token types [T], all 0 where None; embeddings take none.
    """
    engine, cache = las_engine(choice), LasCache(model.config)
    if isinstance(prompt, Embedded):
        return las_forward_embedded(model, prompt, cache, engine, sink)
    return las_forward(model, prompt, cache, engine, sink, types)
