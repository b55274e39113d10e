"""Prompts through LAS models: greedy decoding, or one pass of an encoder (LAS-15, OP-13)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.las_products import LasEngine
from spikeref.errors import UsageError
from spikeref.forward.generate import Generation, greedy
from spikeref.forward.las import LasOutput, las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.model.las_layers import LasModel
from spikeref.trace.sinks import Sink


def las_generate(
    model: LasModel,
    prompt: NDArray[np.int64],
    max_new_tokens: int,
    engine: LasEngine,
    sink: Sink,
) -> Generation:
    """Run a decoder's prompt, int64 [T], then up to max_new_tokens steps of greedy decoding.

    UsageError for an encoder; TokenError for a bad prompt.
    """
    if model.head is None:
        raise UsageError(f"{model.folder}: an encoder gives no tokens; run it without new tokens")
    cache = LasCache(model.config)

    def step(tokens: NDArray[np.int64]) -> NDArray[np.int64]:
        logits = las_forward(model, tokens, cache, engine, sink).logits
        assert logits is not None
        return logits

    return greedy(step, prompt, max_new_tokens, model.config)


def encode(model: LasModel, tokens: NDArray[np.int64], engine: LasEngine, sink: Sink) -> LasOutput:
    """Return what one pass over tokens, int64 [T], gives."""
    return las_forward(model, tokens, LasCache(model.config), engine, sink)
