"""What an engine is: the spike-driven products of a decoder (ENG-1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.counts import Encoder

QUERY_BITS = 24
"""Width of query mantissas (ATT-4)."""

ADDEND_BITS = 29
"""Width of addends (ATT-8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synaptic:
    """The weights of one product and what is proven of them."""

    weights: NDArray[Any]
    """Integers [N, M]; row j is what a spike of source neuron j adds."""
    largest: int
    """Bound on |W|."""
    accumulator_bound: int
    """Bound on every partial sum, in any order (ADD-3)."""


Project = Callable[[NDArray[Any], Synaptic, Encoder], NDArray[Any]]
"""(counts [T, N], synapses, encoder) -> Σ_j c_j·W[j], integers [T, M] (ADD-1)."""

Score = Callable[[NDArray[Any], NDArray[Any], Encoder], NDArray[Any]]
"""(query mantissas [T, C, d], key counts int8 [S, G, d], encoder) -> integers [T, C, S], head by
head of C, of which C / G in a row share a group (ATT-6)."""

Mix = Callable[[NDArray[Any], NDArray[Any], Encoder], NDArray[Any]]
"""(addends [T, C, S], value counts int8 [S, G, d], encoder) -> integers [T, C, d], head by head
of C, of which C / G in a row share a group (ATT-8)."""


def counts_of_heads(counts: NDArray[Any], heads: int) -> NDArray[Any]:
    """Return the counts that each of C = heads heads sees, [S, C, d], of counts [S, G, d]."""
    groups = counts.shape[1]
    return counts if groups == heads else np.repeat(counts, heads // groups, axis=1)


SpikeHadamard = Callable[[BinaryTrain, BinaryTrain], NDArray[np.int64]]
"""(a [...], b [...]) -> a·b element by element, int64, broadcast (LAS-9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine by name, its products, and how attention calls them.

    query_block: the dense product takes many queries at once and hides unseen positions
    afterwards; an engine that walks spikes takes one, so that no unseen key ever fires.
    heads_in_order: whether heads come one after another, score before mix, because the engine
    numbers its products; otherwise heads may run in blocks and at the same time.
    """

    name: str
    project: Project
    score: Score
    mix: Mix
    hadamard: SpikeHadamard
    """Only of HG neurons (LAS-17)."""
    query_block: int
    heads_in_order: bool
