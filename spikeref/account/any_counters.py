"""The counters that fit a model of either system."""

from typing import TypeAlias, assert_never

from spikeref.account.counters import CounterSink
from spikeref.account.las_counters import LasCounterSink
from spikeref.model.any_model import AnyModel
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel

AnyCounterSink: TypeAlias = CounterSink | LasCounterSink


def counter_sink(model: AnyModel) -> AnyCounterSink:
    """Return counters for runs of a model, from zero."""
    match model:
        case IntegerModel():
            return CounterSink(model)
        case LasModel():
            return LasCounterSink(model)
        case _:
            assert_never(model)
