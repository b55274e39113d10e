"""Exact counters per layer and op, gathered from trace records (chapter 13)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.model.groups import GROUP_OF, GROUPS, OPERATORS
from spikeref.model.layers import IntegerModel
from spikeref.trace.records import (
    INPUT_OPS,
    AttentionRecord,
    CacheRecord,
    HeadRecord,
    InputRecord,
    LinearRecord,
    QueryRecord,
    Record,
    ResidualRecord,
)

BLOCKS = (8, 16, 32)


@dataclass(slots=True, kw_only=True)
class SpikeCounts:
    """Spikes of one population (COUNT-1 to COUNT-3)."""

    positive_spikes: int = 0
    negative_spikes: int = 0
    slots: int = 0
    neurons: int = 0
    silent_neurons: int = 0
    zero_blocks: dict[int, int] = field(default_factory=lambda: dict.fromkeys(BLOCKS, 0))

    @property
    def spikes(self) -> int:
        """Spikes of either polarity."""
        return self.positive_spikes + self.negative_spikes

    def add(self, other: "SpikeCounts") -> None:
        """Add the counters of another population."""
        self.positive_spikes += other.positive_spikes
        self.negative_spikes += other.negative_spikes
        self.slots += other.slots
        self.neurons += other.neurons
        self.silent_neurons += other.silent_neurons
        for size in BLOCKS:
            self.zero_blocks[size] += other.zero_blocks[size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """Synaptic additions of one product, and how many added a zero weight (COUNT-4, COUNT-5)."""

    synaptic_additions: int
    zero_weights_skipped: int


def count_spikes(counts: NDArray[Any], train_length: int) -> SpikeCounts:
    """Return the counters of populations of N neurons, counts int8 or uint8 [..., N]."""
    rows = counts.reshape(-1, counts.shape[-1]).astype(np.int16)
    silent = rows == 0
    return SpikeCounts(
        positive_spikes=int(np.maximum(rows, np.int16(0)).sum(dtype=np.int64)),
        negative_spikes=-int(np.minimum(rows, np.int16(0)).sum(dtype=np.int64)),
        slots=rows.size * train_length,
        neurons=rows.size,
        silent_neurons=int(np.count_nonzero(silent)),
        zero_blocks={size: zero_blocks(silent, size) for size in BLOCKS},
    )


def zero_blocks(silent: NDArray[np.bool_], size: int) -> int:
    """Return how many aligned blocks of `size` neurons of the rows [R, N] are silent throughout."""
    starts = np.arange(0, silent.shape[1], size)
    return int(np.count_nonzero(np.logical_and.reduceat(silent, starts, axis=1)))


def count_additions(
    by_neuron: NDArray[np.int64], zero_weights: NDArray[np.int32], targets: int
) -> Additions:
    """Return the additions of a linear operator whose sources fired by_neuron [N] spikes.

    zero_weights: int32 [N], zeros in each source's row of `targets` weights.
    """
    skipped = by_neuron * zero_weights.astype(np.int64)
    return Additions(
        synaptic_additions=int(by_neuron.sum(dtype=np.int64)) * targets,
        zero_weights_skipped=int(skipped.sum(dtype=np.int64)),
    )


class CounterSink:
    """Adds up the counters of every record it is given; a trace sink."""

    def __init__(self, model: IntegerModel) -> None:
        """Count for this model, from zero."""
        self._model = model
        self._spikes: dict[tuple[int, str], SpikeCounts] = {}
        self._by_neuron: dict[tuple[int, str], NDArray[np.int64]] = {}
        self._attention: dict[int, int] = {}
        self.saturations: dict[tuple[int, str], int] = {}

    def __call__(self, record: Record) -> None:
        """Add one record."""
        profile = self._model.config.profile
        key = (record.layer, record.op)
        match record:
            case InputRecord():
                self._add(key, count_spikes(record.counts, profile.encoder().train_length))
                size = np.abs(record.counts.astype(np.int16)).sum(axis=0, dtype=np.int64)
                self._by_neuron[key] = size + self._by_neuron.get(key, np.zeros_like(size))
            case CacheRecord():
                self._add(key, count_spikes(record.counts, profile.cache_encoder().train_length))
            case AttentionRecord():
                visible = int(record.key_spikes.sum(dtype=np.int64))
                visible += int(record.value_spikes.sum(dtype=np.int64))
                self._attention[record.layer] = self._attention.get(record.layer, 0) + visible
                self._saturate(key, record.saturations)
            case LinearRecord() | ResidualRecord() | HeadRecord():
                self._saturate(key, record.saturations)
            case QueryRecord():
                pass
            case _:
                raise TypeError(f"{record.op}: a record of LAS; LasCounterSink counts those")

    def spikes(self) -> dict[tuple[int, str], SpikeCounts]:
        """Return the spike counters by (layer, op)."""
        return dict(self._spikes)

    def additions(self) -> dict[tuple[int, str], Additions]:
        """Return the additions of every linear operator and of attention by (layer, op)."""
        found: dict[tuple[int, str], Additions] = {}
        for layer, by_layer in enumerate(self._model.layers):
            for operator in OPERATORS:
                by_neuron = self._by_neuron.get((layer, INPUT_OPS[GROUP_OF[operator]]))
                if by_neuron is None:
                    continue
                synapses = by_layer.synapses(operator)
                found[layer, operator] = count_additions(
                    by_neuron, synapses.zero_weights, synapses.weights.shape[1]
                )
            if layer in self._attention:
                found[layer, "attention"] = Additions(
                    synaptic_additions=self._attention[layer], zero_weights_skipped=0
                )
        return found

    def firing_rates(self) -> dict[str, tuple[int, int]]:
        """Return (spikes, slots) for each linear group, for `kv`, and for all of them as `mean`."""
        sums = {name: SpikeCounts() for name in (*GROUPS, "kv", "mean")}
        group_of: dict[str, str] = {op: group for group, op in INPUT_OPS.items()}
        for (_, op), counted in self._spikes.items():
            sums[group_of.get(op, "kv")].add(counted)
            sums["mean"].add(counted)
        return {name: (total.spikes, total.slots) for name, total in sums.items()}

    def to_json(self) -> dict[str, Any]:
        """Return every counter: totals, then one entry for each layer and op."""
        return counters_json(self._spikes, self.additions(), self.saturations)

    def _add(self, key: tuple[int, str], counted: SpikeCounts) -> None:
        self._spikes.setdefault(key, SpikeCounts()).add(counted)

    def _saturate(self, key: tuple[int, str], count: NDArray[np.int64]) -> None:
        self.saturations[key] = self.saturations.get(key, 0) + int(count.sum(dtype=np.int64))


def counters_json(
    spikes: Mapping[tuple[int, str], SpikeCounts],
    additions: Mapping[tuple[int, str], Additions],
    saturations: Mapping[tuple[int, str], int],
) -> dict[str, Any]:
    """Return counters by (layer, op): totals, then one entry for each layer and op."""
    total = SpikeCounts()
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for key, counted in spikes.items():
        total.add(counted)
        rows[key] = spikes_json(counted)
    for key, one in additions.items():
        rows.setdefault(key, {}).update(asdict(one))
    for key, count in saturations.items():
        rows.setdefault(key, {})["saturations"] = count
    return {
        "total": spikes_json(total)
        | {
            "synaptic_additions": sum(a.synaptic_additions for a in additions.values()),
            "zero_weights_skipped": sum(a.zero_weights_skipped for a in additions.values()),
            "saturations": sum(saturations.values()),
        },
        "by_op": [{"layer": layer, "op": op} | row for (layer, op), row in rows.items()],
    }


def spikes_json(counted: SpikeCounts) -> dict[str, Any]:
    """Return the spike counters of one op or of all."""
    return {
        "positive_spikes": counted.positive_spikes,
        "negative_spikes": counted.negative_spikes,
        "slots": counted.slots,
        "firing_rate": [counted.spikes, counted.slots],
        "neurons": counted.neurons,
        "silent_neurons": counted.silent_neurons,
        "zero_blocks": {str(size): count for size, count in counted.zero_blocks.items()},
    }
