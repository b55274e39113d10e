"""What an engine of LAS is: three products of trains of weighted spikes (LAS-6, LAS-8, LAS-9)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.products import SpikeHadamard, Synaptic
from spikeref.neurons.outlier_aware import OatSpikes

Saw = Callable[[OatSpikes, Synaptic], NDArray[Any]]
"""(spikes [T, N], synapses) -> Σ_j v_j·W[j], integers [T, M] (equation 10)."""

Saa = Callable[[OatSpikes, OatSpikes, int], Iterator[NDArray[np.int64]]]
"""(a [T, K], b [K, M], bound on |Σ|) -> increments, int64 [T, M], that sum to Σ_k a_k·b_k."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LasEngine:
    """An engine by name, its products, and how attention calls them, as `Engine` has it."""

    name: str
    saw: Saw
    saa: Saa
    hadamard: SpikeHadamard
    query_block: int
    heads_in_order: bool
