"""The definition: Hadamard matrices as arrays of ±1."""

from functools import lru_cache
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.hadamard.orders import (
    Base,
    HadamardPlan,
    Kronecker,
    PaleyOne,
    PaleyTwo,
    Sylvester,
    Williamson,
)
from spikeref.arith.hadamard.paley import paley_one, paley_two
from spikeref.arith.hadamard.sylvester import sylvester
from spikeref.arith.hadamard.williamson import williamson


@lru_cache(maxsize=32)
def base_matrix(base: Base) -> NDArray[np.int8]:
    """Return a base as a read-only int8 [n, n] of ±1."""
    match base:
        case Sylvester(log2_order=k):
            matrix = sylvester(k)
        case PaleyOne(q=q):
            matrix = paley_one(q)
        case PaleyTwo(q=q):
            matrix = paley_two(q)
        case Williamson(order=n):
            matrix = williamson(n)
        case Kronecker(left=left, right=right):
            matrix = np.kron(base_matrix(left), base_matrix(right))
        case _:
            assert_never(base)
    matrix.flags.writeable = False
    return matrix


def hadamard_matrix(plan: HadamardPlan) -> NDArray[np.int8]:
    """Return one diagonal block of a plan: H = base ⊗ S, int8 [order, order] (HAD-1, HAD-4).

    H·Hᵀ = order·I. The matrix of the whole width repeats it `plan.blocks` times on the diagonal.
    """
    return np.kron(base_matrix(plan.base), sylvester(plan.log2_sylvester))
