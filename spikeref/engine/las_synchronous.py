"""Walks the time steps of weighted spikes, by additions and shifts alone (LAS-6, LAS-8, LAS-9)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.las_products import LasEngine
from spikeref.engine.products import Synaptic
from spikeref.engine.sparse_addition import add_rows, subtract_rows
from spikeref.engine.weighted_spikes import (
    Volley,
    signed,
    signed_rows,
    times,
    train_volleys,
    volleys,
)
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.outlier_aware import OatSpikes


def saw(spikes: OatSpikes, synaptic: Synaptic) -> NDArray[np.int64]:
    """Return Σ_t Σ_j ±weight·W[j], int64 [T, M], of spikes [T, N], step by step."""
    accumulators = np.zeros((len(spikes.counts), synaptic.weights.shape[1]), dtype=np.int64)
    for token, accumulator in enumerate(accumulators):
        for step in volleys(spikes[token]):
            for volley in step:
                fired = np.zeros_like(accumulator)
                rising, falling = np.flatnonzero(volley.signs > 0), np.flatnonzero(volley.signs < 0)
                add_rows(fired, synaptic.weights, synaptic.largest, rising)
                subtract_rows(fired, synaptic.weights, synaptic.largest, falling)
                accumulator += times(fired, volley.weight)
    return accumulators


def saa(a: OatSpikes, b: OatSpikes, bound: int) -> Iterator[NDArray[np.int64]]:
    """Yield a(t)·Bs(t) + As(t−1)·b(t), int64 [T, M], for t = 1 … T (equation 12)."""
    before = np.zeros(a.counts.shape, dtype=np.int64)
    arrived = np.zeros(b.counts.shape, dtype=np.int64)
    for of_a, of_b in zip(volleys(a), volleys(b), strict=True):
        increment = np.zeros((a.counts.shape[0], b.counts.shape[1]), dtype=np.int64)
        for volley in of_b:
            for row, held in zip(increment, before, strict=True):
                moved = signed(volley.signs, held[:, None]).sum(axis=0, dtype=np.int64)
                row += times(moved, volley.weight)
        _arrive(arrived, of_b)
        for volley in of_a:
            for row, signs in zip(increment, volley.signs, strict=True):
                row += times(signed_rows(signs, arrived), volley.weight)
        _arrive(before, of_a)
        yield increment


def hadamard(a: BinaryTrain, b: BinaryTrain) -> NDArray[np.int64]:
    """Return Σ_t a(t)∘Bs(t) + As(t−1)∘b(t), int64, broadcast (equation 13)."""
    before = np.zeros(a.counts.shape, dtype=np.int64)
    arrived = np.zeros(b.counts.shape, dtype=np.int64)
    total = np.zeros(np.broadcast_shapes(a.counts.shape, b.counts.shape), dtype=np.int64)
    for of_a, of_b in zip(train_volleys(a), train_volleys(b), strict=True):
        for volley in of_b:
            total += times(signed(volley.signs, before), volley.weight)
        _arrive(arrived, of_b)
        for volley in of_a:
            total += times(signed(volley.signs, arrived), volley.weight)
        _arrive(before, of_a)
    return total


def _arrive(sums: NDArray[np.int64], step: list[Volley]) -> None:
    """Add what the volleys of one step weigh to the sums of their neurons."""
    for volley in step:
        sums += signed(volley.signs, np.asarray(volley.weight, dtype=np.int64))


LAS_SYNCHRONOUS = LasEngine(
    name="sync",
    saw=saw,
    saa=saa,
    hadamard=hadamard,
    query_block=1,
    heads_in_order=True,
)
