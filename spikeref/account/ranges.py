"""Observed ranges of every signal beside its proven width (COUNT-7)."""

from dataclasses import dataclass
from typing import cast, get_args

from spikeref.account.widths import proven_bits
from spikeref.arith.widths import minimum_bits
from spikeref.model.layers import IntegerModel
from spikeref.trace.records import Record, SdllmOp, SdllmRecord

TALLIES = frozenset({"saturations", "key_spikes", "value_spikes"})
"""Fields that count what happened; no device carries them as signals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalWidth:
    """One signal of one layer: the width that is proven for it, and what was seen of it."""

    layer: int
    op: SdllmOp
    signal: str
    proven_bits: int
    observed_min: int
    observed_max: int

    @property
    def observed_bits(self) -> int:
        """The width that the observed range needs."""
        return minimum_bits(self.observed_min, self.observed_max)


class RangeSink:
    """Keeps the smallest and largest value of every field of every record; a trace sink."""

    def __init__(self) -> None:
        """Start with nothing observed."""
        self.ranges: dict[tuple[int, SdllmOp, str], tuple[int, int]] = {}

    def __call__(self, record: Record) -> None:
        """Widen the ranges by one record."""
        if not isinstance(record, get_args(SdllmRecord)):
            raise TypeError(f"{record.op}: widths of LAS records are not stated")
        self._widen(cast("SdllmRecord", record))

    def _widen(self, record: SdllmRecord) -> None:
        for name in record.fields:
            if name in TALLIES:
                continue
            array = getattr(record, name)
            low, high = int(array.min()), int(array.max())
            key = (record.layer, record.op, name)
            seen = self.ranges.get(key, (low, high))
            self.ranges[key] = min(seen[0], low), max(seen[1], high)

    def signals(self, model: IntegerModel) -> list[SignalWidth]:
        """Return every observed signal with its proven width, in order of appearance."""
        return [
            SignalWidth(
                layer=layer,
                op=op,
                signal=name,
                proven_bits=proven_bits(model, layer, op, name),
                observed_min=low,
                observed_max=high,
            )
            for (layer, op, name), (low, high) in self.ranges.items()
        ]
