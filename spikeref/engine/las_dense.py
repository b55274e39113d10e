"""The definition of the products of weighted spikes: exact integer products (ENG-2, LAS-8)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.dot import dot_exact
from spikeref.engine.las_products import LasEngine
from spikeref.engine.products import Synaptic
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.outlier_aware import OatSpikes


def saw(spikes: OatSpikes, synaptic: Synaptic) -> NDArray[Any]:
    """Return Σ_j v_j·W[j], integers [T, M], of spikes [T, N]."""
    return dot_exact(
        spikes.values,
        synaptic.weights,
        a_max=spikes.code.largest_value,
        b_max=synaptic.largest,
        sum_max=synaptic.accumulator_bound,
    )


def saa(a: OatSpikes, b: OatSpikes, bound: int) -> Iterator[NDArray[np.int64]]:
    """Yield Σ_k a_k·b_k, int64 [T, M], of a [T, K] and b [K, M], in one increment."""
    product = dot_exact(
        a.values,
        b.values,
        a_max=a.code.largest_value,
        b_max=b.code.largest_value,
        sum_max=bound,
    )
    yield product.astype(np.int64, copy=False)


def hadamard(a: BinaryTrain, b: BinaryTrain) -> NDArray[np.int64]:
    """Return a·b, int64, broadcast."""
    return np.asarray(a.counts.astype(np.int64) * b.counts.astype(np.int64))


LAS_DENSE = LasEngine(
    name="dense",
    saw=saw,
    saa=saa,
    hadamard=hadamard,
    query_block=128,
    heads_in_order=False,
)
