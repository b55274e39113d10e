"""The definition: counts times weights, as one exact integer product (ENG-2)."""

from typing import Any

from numpy.typing import NDArray

from spikeref.arith.dot import dot_by_heads, dot_exact
from spikeref.engine.las_dense import hadamard
from spikeref.engine.products import ADDEND_BITS, QUERY_BITS, Engine, Synaptic
from spikeref.neurons.counts import Encoder


def project(counts: NDArray[Any], synaptic: Synaptic, encoder: Encoder) -> NDArray[Any]:
    """Return Σ_j c_j·W[j], integers [T, M], of counts [T, N]."""
    return dot_exact(
        counts,
        synaptic.weights,
        a_max=encoder.largest_count,
        b_max=synaptic.largest,
        sum_max=synaptic.accumulator_bound,
    )


def score(queries: NDArray[Any], counts: NDArray[Any], encoder: Encoder) -> NDArray[Any]:
    """Return Σ_dim μ_dim·c_j,dim, integers [T, C, S], of [T, C, d] and key counts [S, G, d]."""
    return dot_by_heads(
        queries,
        counts.transpose(1, 2, 0),
        a_max=1 << (QUERY_BITS - 1),
        b_max=encoder.largest_count,
    )


def mix(addends: NDArray[Any], counts: NDArray[Any], encoder: Encoder) -> NDArray[Any]:
    """Return Σ_j addend_j·c_j,dim, integers [T, C, d], of [T, C, S] and value counts [S, G, d]."""
    return dot_by_heads(
        addends,
        counts.transpose(1, 0, 2),
        a_max=1 << (ADDEND_BITS - 1),
        b_max=encoder.largest_count,
    )


DENSE = Engine(
    name="dense",
    project=project,
    score=score,
    mix=mix,
    hadamard=hadamard,
    query_block=128,
    heads_in_order=False,
)
