"""The signals of a model of either system, observed on tokens (COUNT-7)."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from spikeref.account.las_ranges import LasRangeSink
from spikeref.account.ranges import RangeSink, SignalWidth
from spikeref.engine.dense import DENSE
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.forward.tokens import token_array
from spikeref.model.any_model import AnyModel
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel


def observed_signals(model: AnyModel, sequences: Iterable[Sequence[int]]) -> list[SignalWidth]:
    """Return every signal that token sequences show, each run from an empty cache.

    TokenError for a sequence that the model does not take.
    """
    match model:
        case IntegerModel():
            sink = RangeSink()
            for sequence in sequences:
                forward(model, token_array(sequence), Cache(model.config.shape), DENSE, sink)
            return sink.signals(model)
        case LasModel():
            las_sink = LasRangeSink(model)
            for sequence in sequences:
                cache = LasCache(model.config)
                las_forward(model, token_array(sequence), cache, LAS_DENSE, las_sink)
            return las_sink.signals()
        case _:
            assert_never(model)
