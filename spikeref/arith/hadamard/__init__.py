"""Hadamard matrices and their exact integer transform (chapter 3 of the specification)."""

from spikeref.arith.hadamard.matrix import base_matrix, hadamard_matrix
from spikeref.arith.hadamard.orders import (
    Base,
    HadamardPlan,
    Kronecker,
    PaleyOne,
    PaleyTwo,
    Sylvester,
    Williamson,
    base_order,
    describe_base,
    find_base,
    plan_hadamard,
)
from spikeref.arith.hadamard.transform import (
    hadamard,
    hadamard_mantissas,
    hadamard_of_proven,
    hadamard_transpose,
)

__all__ = [
    "Base",
    "HadamardPlan",
    "Kronecker",
    "PaleyOne",
    "PaleyTwo",
    "Sylvester",
    "Williamson",
    "base_matrix",
    "base_order",
    "describe_base",
    "find_base",
    "hadamard",
    "hadamard_mantissas",
    "hadamard_matrix",
    "hadamard_of_proven",
    "hadamard_transpose",
    "plan_hadamard",
]
