"""Observed ranges of every signal beside its proven width (COUNT-7)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast, get_args

from numpy.typing import NDArray

from spikeref.account.widths import proven_bits
from spikeref.arith.widths import minimum_bits
from spikeref.model.layers import IntegerModel
from spikeref.trace.records import Op, Record, SdllmOp, SdllmRecord

TALLIES = frozenset({"saturations", "key_spikes", "value_spikes", "probability_spikes"})
"""Fields that count what happened; no device carries them as signals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalWidth:
    """One signal of one layer: the width that is proven for it, and what was seen of it."""

    layer: int
    op: Op
    signal: str
    proven_bits: int
    observed_min: int
    observed_max: int

    @property
    def observed_bits(self) -> int:
        """The width that the observed range needs."""
        return minimum_bits(self.observed_min, self.observed_max)


class Ranges:
    """Smallest and largest value by layer, op and signal."""

    def __init__(self) -> None:
        """Start with nothing observed."""
        self._seen: dict[tuple[int, Op, str], tuple[int, int]] = {}

    def widen(self, layer: int, op: Op, signal: str, values: NDArray[Any]) -> None:
        """Take in integers of any shape, at least one."""
        low, high = int(values.min()), int(values.max())
        seen = self._seen.get((layer, op, signal), (low, high))
        self._seen[layer, op, signal] = min(seen[0], low), max(seen[1], high)

    def signals(self, proven: Callable[[int, Any, str], int]) -> list[SignalWidth]:
        """Return every signal with its proven width, in order of appearance."""
        return [
            SignalWidth(
                layer=layer,
                op=op,
                signal=name,
                proven_bits=proven(layer, op, name),
                observed_min=low,
                observed_max=high,
            )
            for (layer, op, name), (low, high) in self._seen.items()
        ]


class RangeSink:
    """Keeps the smallest and largest value of every field of every record; a trace sink."""

    def __init__(self) -> None:
        """Start with nothing observed."""
        self._ranges = Ranges()

    def __call__(self, record: Record) -> None:
        """Widen the ranges by one record."""
        if not isinstance(record, get_args(SdllmRecord)):
            raise TypeError(f"{record.op}: a record of LAS; LasRangeSink takes those")
        kept = cast("SdllmRecord", record)
        for name in kept.fields:
            if name not in TALLIES:
                self._ranges.widen(kept.layer, kept.op, name, getattr(kept, name))

    def signals(self, model: IntegerModel) -> list[SignalWidth]:
        """Return every observed signal with its proven width, in order of appearance."""

        def proven(layer: int, op: SdllmOp, name: str) -> int:
            return proven_bits(model, layer, op, name)

        return self._ranges.signals(proven)
