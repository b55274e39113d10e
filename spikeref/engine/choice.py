"""Engines by name, the same three for both systems (chapter 10)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never, get_args

from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.dense import DENSE
from spikeref.engine.events import Arrival, Sorted
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.engine.products import Engine
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.errors import UsageError

EngineName: TypeAlias = Literal["dense", "sync", "async"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """An engine by name; `arrival` orders the events of "async", None for sorted.

    UsageError for an unknown name, and for an arrival that is none or has no events to order.
    """

    name: EngineName = "dense"
    arrival: Arrival | None = None

    def __post_init__(self) -> None:
        """Check both."""
        if self.name not in get_args(EngineName):
            known = ", ".join(get_args(EngineName))
            raise UsageError(f"engine {self.name!r} is unknown; known: {known}")
        if self.arrival is not None and not isinstance(self.arrival, get_args(Arrival)):
            raise UsageError(
                f"arrival {self.arrival!r} is not Sorted(), Reversed() or Shuffled(seed)"
            )
        if self.arrival is not None and self.name != "async":
            raise UsageError(f"engine {self.name}: only async has events that arrive in an order")


def sdllm_engine(choice: EngineChoice) -> Engine:
    """Return the engine of SDLLM that a choice names."""
    match choice.name:
        case "dense":
            return DENSE
        case "sync":
            return SYNCHRONOUS
        case "async":
            return asynchronous(Sorted() if choice.arrival is None else choice.arrival)
        case _:
            assert_never(choice.name)


def las_engine(choice: EngineChoice) -> LasEngine:
    """Return the engine of LAS that a choice names."""
    match choice.name:
        case "dense":
            return LAS_DENSE
        case "sync":
            return LAS_SYNCHRONOUS
        case "async":
            return las_asynchronous(Sorted() if choice.arrival is None else choice.arrival)
        case _:
            assert_never(choice.name)
