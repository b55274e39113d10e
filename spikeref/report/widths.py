"""The observed range of every stored signal beside the width that is proven or declared for it."""

from dataclasses import dataclass

import numpy as np

from spikeref.account.ranges import TALLIES
from spikeref.account.widths import proven_bits
from spikeref.arith.widths import minimum_bits
from spikeref.model.layers import IntegerModel
from spikeref.report.markup import Bar, Cell, Markup, Text, table
from spikeref.report.overview import layer_name
from spikeref.trace.canonical import TYPE_CODES
from spikeref.trace.reader import TraceFolder
from spikeref.trace.records import SDLLM_OPS
from spikeref.trace.stored import FIELD_TYPES

COUNTED = TALLIES | {"probability_spikes"}
"""Fields that count what happened; no device carries them as signals."""

NO_OBSERVATION = (np.iinfo(np.int64).max, np.iinfo(np.int64).min)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSignal:
    """One signal, in the layer that comes nearest to its width."""

    op: str
    signal: str
    layer: int
    low: int
    high: int
    proven: int | None
    """Bits, by the model; None where no width is proven."""

    @property
    def bits(self) -> int:
        """What the observed range needs in two's complement."""
        return minimum_bits(self.low, self.high)

    @property
    def declared(self) -> int:
        """Bits of the trace format's field (TRACE-2)."""
        return 8 * TYPE_CODES[FIELD_TYPES[self.op][self.signal]]

    @property
    def width(self) -> int:
        """The proven width, or the declared one."""
        return self.declared if self.proven is None else self.proven


def observed_ranges(trace: TraceFolder) -> dict[tuple[str, str, int], tuple[int, int]]:
    """Return the smallest and largest value of each stored signal by (op, signal, layer)."""
    ranges: dict[tuple[str, str, int], tuple[int, int]] = {}
    for number in range(len(trace)):
        op, layer = trace.op(number), trace.place(number).layer
        for name, array in trace.fields(number).items():
            if name in COUNTED or not array.size:
                continue
            low, high = ranges.get((op, name, layer), NO_OBSERVATION)
            ranges[op, name, layer] = min(low, int(array.min())), max(high, int(array.max()))
    return ranges


def observed_signals(trace: TraceFolder, model: IntegerModel | None) -> list[ObservedSignal]:
    """Return every stored signal once, in order of appearance."""
    nearest: dict[tuple[str, str], ObservedSignal] = {}
    for (op, name, layer), (low, high) in observed_ranges(trace).items():
        one = ObservedSignal(
            op=op, signal=name, layer=layer, low=low, high=high,
            proven=None if model is None else _proven(model, layer, op, name),
        )  # fmt: skip
        other = nearest.setdefault((op, name), one)
        if one.width - one.bits < other.width - other.bits:
            nearest[op, name] = one
    return list(nearest.values())


def _proven(model: IntegerModel, layer: int, op: str, name: str) -> int | None:
    if op not in SDLLM_OPS:
        return None
    return proven_bits(model, layer, op, name)


def width_table(found: list[ObservedSignal], layers: int) -> Markup:
    """Return the signals as a table with a bar of observed bits in the width."""
    proven = any(one.proven is not None for one in found)
    kind = "proven bits" if proven else "declared bits"
    columns = ("population", "signal", "layer", "least", "largest", "observed bits", kind, "used")
    rows: list[list[Cell]] = [
        [
            Text(words=one.op), Text(words=one.signal),
            Text(words=layer_name(one.layer, layers)),
            one.low, one.high, one.bits, one.width,
            Bar(part=min(one.bits, one.width), whole=one.width),
        ]
        for one in found
    ]  # fmt: skip
    return table("Observed ranges, each in the layer nearest to its width", columns, rows)
