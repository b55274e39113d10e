"""Walks the virtual steps: at each, the rows of the neurons that fire are added (ENG-3)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.las_synchronous import hadamard
from spikeref.engine.products import Engine, Synaptic, counts_of_heads
from spikeref.engine.sparse_addition import add_rows, subtract_rows
from spikeref.neurons.counts import Encoder
from spikeref.neurons.trains import virtual_steps


def project(counts: NDArray[Any], synaptic: Synaptic, encoder: Encoder) -> NDArray[np.int64]:
    """Return Σ_d Σ_j s_d[j]·W[j], int64 [T, M], of counts [T, N], step by step."""
    targets = synaptic.weights.shape[1]
    accumulators = np.zeros((counts.shape[0], targets), dtype=np.int64)
    for token, accumulator in enumerate(accumulators):
        for spikes in virtual_steps(counts[token], encoder.train_length):
            rising, falling = np.flatnonzero(spikes > 0), np.flatnonzero(spikes < 0)
            add_rows(accumulator, synaptic.weights, synaptic.largest, rising)
            subtract_rows(accumulator, synaptic.weights, synaptic.largest, falling)
    return accumulators


def score(queries: NDArray[Any], counts: NDArray[Any], encoder: Encoder) -> NDArray[np.int64]:
    """Return scores [T, C, S]: a key spike adds ± its dimension's query mantissa (ADD-6)."""
    accumulators = np.zeros((*queries.shape[:2], len(counts)), dtype=np.int64)
    of_heads = counts_of_heads(counts, queries.shape[1])
    for spikes in virtual_steps(of_heads, encoder.train_length):
        for query, accumulator in zip(queries, accumulators, strict=True):
            accumulator += _selected(spikes, query).sum(axis=2, dtype=np.int64).T
    return accumulators


def mix(addends: NDArray[Any], counts: NDArray[Any], encoder: Encoder) -> NDArray[np.int64]:
    """Return sums int64 [T, C, d]: a value spike adds ± its position's addend (ADD-6)."""
    accumulators = np.zeros((*addends.shape[:2], counts.shape[2]), dtype=np.int64)
    of_heads = counts_of_heads(counts, addends.shape[1])
    for spikes in virtual_steps(of_heads, encoder.train_length):
        for addend, accumulator in zip(addends, accumulators, strict=True):
            accumulator += _selected(spikes, addend.T[:, :, None]).sum(axis=0, dtype=np.int64)
    return accumulators


def _selected(spikes: NDArray[np.int8], value: NDArray[Any]) -> NDArray[np.int64]:
    """Return value where a spike is positive, −value where it is negative, else 0: int64."""
    rising = np.where(spikes > 0, value, np.int64(0))
    return np.where(spikes < 0, -value, rising)


SYNCHRONOUS = Engine(
    name="sync",
    project=project,
    score=score,
    mix=mix,
    hadamard=hadamard,
    query_block=1,
    heads_in_order=True,
)
