"""Prefill and greedy decoding with the cache (OP-13)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.products import Engine
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.any_model import AnyConfig
from spikeref.model.layers import IntegerModel
from spikeref.trace.sinks import Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A prompt, what followed it, and the logits of every token that passed the decoder."""

    tokens: list[int]
    """The prompt."""
    new_tokens: list[int]
    logits: NDArray[Any]
    """32-bit integers [T, V], 16 fraction bits: of the prompt and all new tokens but the last."""

    @property
    def decoded_tokens(self) -> list[int]:
        """The tokens that passed the decoder, one for each row of the logits."""
        return (self.tokens + self.new_tokens)[: len(self.logits)]


Step = Callable[[NDArray[np.int64]], NDArray[Any]]
"""Passes tokens [T] through a model after those before; returns their logits, integers [T, V]."""


def generate(
    model: IntegerModel,
    prompt: NDArray[np.int64],
    max_new_tokens: int,
    engine: Engine,
    sink: Sink,
) -> Generation:
    """Run the prompt, int64 [T], then up to max_new_tokens steps of greedy decoding.

    Stops after an end-of-sequence token and when the positions are used up. TokenError for a bad
    prompt.
    """
    cache = Cache(model.config.shape)

    def step(tokens: NDArray[np.int64]) -> NDArray[Any]:
        return forward(model, tokens, cache, engine, sink)

    return greedy(step, prompt, max_new_tokens, model.config)


def greedy(
    step: Step, prompt: NDArray[np.int64], max_new_tokens: int, config: AnyConfig
) -> Generation:
    """Run the prompt, int64 [T], then up to max_new_tokens greedy choices (OP-13)."""
    logits = [step(prompt)]
    new_tokens: list[int] = []
    while len(new_tokens) < max_new_tokens:
        # argmax gives the first, so the lowest, id among equals.
        new_tokens.append(int(np.argmax(logits[-1][-1])))
        ended = new_tokens[-1] in config.eos_token_ids
        full = len(prompt) + len(new_tokens) - 1 == config.shape.positions
        if ended or full or len(new_tokens) == max_new_tokens:
            break
        logits.append(step(np.array(new_tokens[-1:], dtype=np.int64)))
    return Generation(tokens=prompt.tolist(), new_tokens=new_tokens, logits=np.concatenate(logits))
