"""Observed ranges of every signal of LAS beside its proven width (COUNT-7)."""

from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from spikeref.account.las_widths import proven_las_bits
from spikeref.account.ranges import TALLIES, Ranges, SignalWidth
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.forward.las_cache import LasCache
from spikeref.forward.las_pass import attention_rules
from spikeref.model.las_layers import LasModel
from spikeref.neurons.outlier_aware import OatSpikes
from spikeref.ops.las_attention import PROBABILITY_BITS, LasAttentionRules, softmax_rules
from spikeref.ops.las_linear import oat_input
from spikeref.ops.las_softmax import logs, probabilities, running_offset, weights
from spikeref.ops.visibility import hidden
from spikeref.trace.las_records import LasAttentionRecord, LasOp, LasRecord, LasSpikesRecord
from spikeref.trace.las_roles import code_of
from spikeref.trace.records import Record

Signal = tuple[str, NDArray[Any]]


class LasRangeSink:
    """Keeps the smallest and largest value of every signal of every record; a trace sink.

    Beside the fields of records: what OAT neurons encode and the values they give, and what
    attention holds between its scores and its mixing, computed once more from the spikes.
    """

    def __init__(self, model: LasModel) -> None:
        """Start with nothing observed of runs of this model."""
        self._model = model
        self._ranges = Ranges()
        self._cache = LasCache(model.config)
        self._queries: dict[int, OatSpikes] = {}

    def __call__(self, record: Record) -> None:
        """Widen the ranges by one record."""
        if not isinstance(record, get_args(LasRecord)):
            raise TypeError(f"{record.op}: a record of SDLLM; RangeSink takes those")
        match record:
            case LasSpikesRecord():
                signals = self._of_spikes(record)
            case LasAttentionRecord():
                signals = self._of_attention(record)
            case _:
                signals = iter(())
        for name in record.fields:
            if name not in TALLIES:
                self._ranges.widen(record.layer, record.op, name, getattr(record, name))
        for name, values in signals:
            self._ranges.widen(record.layer, record.op, name, values)

    def signals(self) -> list[SignalWidth]:
        """Return every observed signal with its proven width, in order of appearance."""

        def proven(layer: int, op: LasOp, name: str) -> int:
            return proven_las_bits(self._model, layer, op, name)

        return self._ranges.signals(proven)

    def _of_spikes(self, record: LasSpikesRecord) -> Iterator[Signal]:
        layer = record.layer
        spikes = OatSpikes(
            counts=record.counts,
            outliers=record.outliers,
            code=code_of(self._model, layer, record.op),
        )
        if record.op == "las_query_spikes":
            self._queries[layer] = spikes
        if record.op == "las_key_spikes":
            self._cache.keys[layer].write(spikes, record.first_token)
        yield "potential", record.potential
        yield "values", spikes.values

    def _of_attention(self, record: LasAttentionRecord) -> Iterator[Signal]:
        layer = record.layer
        rules = attention_rules(self._model, self._model.layers[layer])
        queries, keys = self._queries[layer], self._cache.keys[layer].view()
        heads, groups = queries.counts.shape[1], keys.counts.shape[1]
        positions = len(keys.counts)
        ranges = rules.sight.ranges(record.first_token, len(queries.counts), positions)
        unseen = hidden(ranges, range(positions))
        for head in range(heads):
            group = head // (heads // groups)
            yield from _between(queries[:, head], keys[:, group], unseen, rules)


def _between(
    queries: OatSpikes, keys: OatSpikes, unseen: NDArray[np.bool_], rules: LasAttentionRules
) -> Iterator[Signal]:
    """Yield the signals of one head, queries [T, d] over keys [S, d] (LAS-10 to LAS-12)."""
    softmax, seen = softmax_rules(queries.counts.shape[1], rules), ~unseen
    scores = sum(LAS_DENSE.saa(queries, keys.transposed, softmax.bound >> 1))
    assert isinstance(scores, np.ndarray)
    distance = running_offset(iter([scores]), unseen).below
    log = logs(distance, softmax)
    probability = probabilities(distance, unseen, softmax, LAS_DENSE, rules.softmax).values
    spikes = oat_input(probability, PROBABILITY_BITS, rules.codes.probabilities).spikes
    yield "score", scores[seen]
    yield "distance", distance[seen]
    yield "log", log[seen]
    yield "weight", weights(log, softmax, rules.softmax)[seen]
    yield "probability", probability[seen]
    yield "probability_counts", spikes.counts[seen]
    yield "probability_outliers", spikes.outliers[seen]
    yield "probability_values", spikes.values[seen]
