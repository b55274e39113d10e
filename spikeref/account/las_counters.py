"""Exact counters of LAS per layer and op, gathered from trace records (LAS-19)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.account.counters import (
    BLOCKS,
    Additions,
    SpikeCounts,
    count_additions,
    counters_json,
    zero_blocks,
)
from spikeref.model.las_assembly import INPUT_ROLES
from spikeref.model.las_layers import LasModel, WideSynapses
from spikeref.model.layers import DyadicRows
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.spike_numbers import spike_numbers
from spikeref.trace.las_records import (
    LasActivationRecord,
    LasAttentionRecord,
    LasGatedRecord,
    LasLinearRecord,
    LasNormRecord,
    LasResidualRecord,
    LasSpikesRecord,
)
from spikeref.trace.records import Record

INPUT_OF_ROLE = {
    "attention_input": "las_qkv_input", "o_input": "las_o_input", "mlp_input": "las_mlp_input",
    "activation": "las_down_input",
}  # fmt: skip
GROUPS = {"las_qkv_input": "qkv", "las_o_input": "o", "las_mlp_input": "gate_up",
          "las_down_input": "down", "las_query_spikes": "kv", "las_key_spikes": "kv",
          "las_value_spikes": "kv"}  # fmt: skip
"""Names under which firing rates are given, as SDLLM's; other spikes count in the mean only."""

HEAD_ROWS = 1 << 12
"""Rows of a head looked at together."""


class LasCounterSink:
    """Adds up the counters of every record it is given; a trace sink."""

    def __init__(self, model: LasModel) -> None:
        """Count for this model, from zero."""
        self._model = model
        self._spikes: dict[tuple[int, str], SpikeCounts] = {}
        self._by_neuron: dict[tuple[int, str], NDArray[np.int64]] = {}
        self._attention: dict[int, int] = {}
        self._query_spikes: dict[int, NDArray[np.int64]] = {}
        self.saturations: dict[tuple[int, str], int] = {}

    def __call__(self, record: Record) -> None:
        """Add one record."""
        match record:
            case LasSpikesRecord():
                self._add_spikes(record)
                self._saturate(record.layer, record.op, record.saturations)
            case LasAttentionRecord():
                self._add_attention(record)
                self._saturate(record.layer, record.op, record.saturations)
            case LasResidualRecord() | LasNormRecord() | LasLinearRecord() | LasGatedRecord():
                self._saturate(record.layer, record.op, record.saturations)
            case LasActivationRecord():
                pass
            case _:
                raise TypeError(f"{record.op}: a record of SDLLM; CounterSink counts those")

    def spikes(self) -> dict[tuple[int, str], SpikeCounts]:
        """Return the spike counters by (layer, op)."""
        return dict(self._spikes)

    def additions(self) -> dict[tuple[int, str], Additions]:
        """Return the additions of every operator and of attention by (layer, op)."""
        found: dict[tuple[int, str], Additions] = {}
        for saw in self._saws():
            by_neuron = self._by_neuron[saw.layer, saw.given]
            found[saw.layer, saw.op] = count_additions(by_neuron, saw.zero_weights(), saw.targets)
        for layer, additions in self._attention.items():
            found[layer, "las_attention"] = Additions(
                synaptic_additions=additions, zero_weights_skipped=0
            )
        return found

    def _saws(self) -> Iterator["_Saw"]:
        """Yield every operator whose input has been counted."""
        model, last = self._model, len(self._model.layers)
        synapses = [
            (index, f"las_{operator}", INPUT_OF_ROLE[INPUT_ROLES[operator]], made)
            for index, layer in enumerate(model.layers)
            for operator, made in layer.operators.items()
        ]
        outer = (("las_pooler", "las_head_input", model.pooler),
                 ("las_classifier", "las_classifier_input", model.classifier))  # fmt: skip
        synapses += [(last, op, given, made) for op, given, made in outer if made is not None]
        for layer, op, given, made in synapses:
            if (layer, given) in self._by_neuron:
                targets = made.weights.shape[1]
                yield _Saw(layer, op, given, targets, partial(_stated_zeros, made))
        if model.head is not None and (last, "las_head_input") in self._by_neuron:
            zeros = partial(_zero_mantissas, model.head)
            yield _Saw(last, "las_head", "las_head_input", len(model.head.mantissas), zeros)

    def firing_rates(self) -> dict[str, tuple[int, int]]:
        """Return (spikes, slots) for each linear group, for heads as `kv`, `mean` for all."""
        sums = {name: SpikeCounts() for name in ("qkv", "o", "gate_up", "down", "kv", "mean")}
        for (_, op), counted in self._spikes.items():
            if op in GROUPS:
                sums[GROUPS[op]].add(counted)
            sums["mean"].add(counted)
        return {name: (total.spikes, total.slots) for name, total in sums.items()}

    def energy_ratio(self) -> tuple[int, int]:
        """Return Σ 9·SOPs and Σ 46·MACs of the operators: equation 25 is their ratio."""
        operations = macs = 0
        for saw in self._saws():
            key = (saw.layer, saw.given)
            operations += int(self._by_neuron[key].sum(dtype=np.int64)) * saw.targets
            macs += self._spikes[key].neurons * saw.targets
        return 9 * operations, 46 * macs

    def to_json(self) -> dict[str, Any]:
        """Return every counter: totals, then one entry for each layer and op."""
        found = counters_json(self._spikes, self.additions(), self.saturations)
        return found | {"energy_ratio": list(self.energy_ratio())}

    def _add_spikes(self, record: LasSpikesRecord) -> None:
        form = self._model.config.profile.form
        train = BinaryTrain(counts=record.counts, steps=form.steps, levels=form.levels)
        numbers = spike_numbers(train)
        rows = numbers.reshape(-1, numbers.shape[-1])
        signs = record.counts.reshape(rows.shape)
        counted = SpikeCounts(
            positive_spikes=int(rows[signs > 0].sum(dtype=np.int64)),
            negative_spikes=int(rows[signs < 0].sum(dtype=np.int64)),
            slots=rows.size * form.steps,
            neurons=rows.size,
            silent_neurons=int(np.count_nonzero(rows == 0)),
            zero_blocks={size: zero_blocks(rows == 0, size) for size in BLOCKS},
        )
        key = (record.layer, record.op)
        self._spikes.setdefault(key, SpikeCounts()).add(counted)
        flat = numbers.reshape(len(numbers), -1).sum(axis=0, dtype=np.int64)
        self._by_neuron[key] = flat + self._by_neuron.get(key, np.zeros_like(flat))
        if record.op == "las_query_spikes":
            self._query_spikes[record.layer] = numbers.sum(axis=2, dtype=np.int64)

    def _add_attention(self, record: LasAttentionRecord) -> None:
        """Count what two spike products add: each spike, what has arrived of the other operand."""
        shape, structure = self._model.config.shape, self._model.config.structure
        window = self._model.layers[record.layer].sliding_window
        tokens = len(record.top)
        positions = np.arange(record.first_token + 1, record.first_token + tokens + 1)
        seen = np.full(tokens, record.first_token + tokens, dtype=np.int64)
        if structure.causal:
            seen = positions if window is None else np.minimum(positions, window)
        queries = self._query_spikes[record.layer] * seen[:, None]
        weights = record.probability_spikes * np.int64(shape.head_dim)
        added = queries + record.key_spikes + weights + record.value_spikes
        self._attention[record.layer] = self._attention.get(record.layer, 0) + int(
            added.sum(dtype=np.int64)
        )

    def _saturate(self, layer: int, op: str, count: NDArray[np.int64]) -> None:
        key = (layer, op)
        self.saturations[key] = self.saturations.get(key, 0) + int(count.sum(dtype=np.int64))


@dataclass(frozen=True, slots=True)
class _Saw:
    """An operator driven by spikes (LAS-6, LAS-15), and the op of its input."""

    layer: int
    op: str
    given: str
    targets: int
    zero_weights: Callable[[], NDArray[np.int32]]
    """Zeros in the weights of each source neuron, int32 [N]."""


def _stated_zeros(synapses: WideSynapses) -> NDArray[np.int32]:
    return synapses.zero_weights


def _zero_mantissas(head: DyadicRows) -> NDArray[np.int32]:
    """Return the zeros of each column of a head [V, N], block of rows by block of rows."""
    zeros = np.zeros(head.mantissas.shape[1], dtype=np.int32)
    for start in range(0, len(head.mantissas), HEAD_ROWS):
        block = head.mantissas[start : start + HEAD_ROWS]
        zeros += (block == 0).sum(axis=0, dtype=np.int32)
    return zeros
