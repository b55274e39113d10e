"""Prefill and greedy decoding with the cache (OP-13)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.products import Engine
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.layers import IntegerModel
from spikeref.trace.sinks import Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A prompt, what followed it, and the logits of every token that passed the decoder."""

    tokens: list[int]
    """The prompt."""
    new_tokens: list[int]
    logits: NDArray[np.int32]
    """int32 [T, V], 16 fraction bits: of the prompt and of all new tokens but the last."""

    @property
    def decoded_tokens(self) -> list[int]:
        """The tokens that passed the decoder, one for each row of the logits."""
        return (self.tokens + self.new_tokens)[: len(self.logits)]


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
    logits = [forward(model, prompt, cache, engine, sink)]
    new_tokens: list[int] = []
    while len(new_tokens) < max_new_tokens:
        # argmax gives the first, so the lowest, id among equals.
        new_tokens.append(int(np.argmax(logits[-1][-1])))
        ended = new_tokens[-1] in model.config.eos_token_ids
        full = cache.length == model.config.shape.positions
        if ended or full or len(new_tokens) == max_new_tokens:
            break
        step = np.array(new_tokens[-1:], dtype=np.int64)
        logits.append(forward(model, step, cache, engine, sink))
    return Generation(tokens=prompt.tolist(), new_tokens=new_tokens, logits=np.concatenate(logits))
