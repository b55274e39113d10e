"""QuaRot's rotation of the residual stream, folded into the weights (COMP-10)."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.generator import random_signs
from spikeref.arith.hadamard import HadamardPlan, hadamard_mantissas


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualRotation:
    """Q = 2^(−h)·H·diag(s): the residual stream holds Q·x in place of x."""

    plan: HadamardPlan
    signs: NDArray[np.float64]
    """±1, float64 [N]."""

    @property
    def halvings(self) -> int:
        """h = ⌊log2(n)/2⌋, so that Q changes lengths by a factor in [1, 2)."""
        return (self.plan.order.bit_length() - 1) // 2

    @property
    def power(self) -> Fraction:
        """ρ = n/4^h: Q multiplies the energy of the residual by it."""
        return Fraction(self.plan.order, 4**self.halvings)

    @property
    def inverse_scale(self) -> Fraction:
        """2^h/n: the factor of Q⁻¹ = (2^h/n)·diag(s)·Hᵀ."""
        return Fraction(2**self.halvings, self.plan.order)

    def rotate_rows(self, mantissas: NDArray[np.float64], bound: int) -> NDArray[np.float64]:
        """Return H·(s∘row) for integer rows held in float64 [R, N], |m| <= bound."""
        return hadamard_mantissas(mantissas * self.signs, self.plan, bound=bound)

    def rotate_columns(self, matrix: NDArray[np.float64], bound: int) -> None:
        """Replace each column c of an integer matrix, float64 [N, K], by H·(s∘c), in place.

        Works on a few columns at a time: the matrix is the only thing of its size.
        """
        step = max(1, (1 << 20) // matrix.shape[0])
        for start in range(0, matrix.shape[1], step):
            columns = np.ascontiguousarray(matrix[:, start : start + step].T)
            matrix[:, start : start + step] = self.rotate_rows(columns, bound).T


def residual_signs(width: int) -> NDArray[np.float64]:
    """Return s of COMP-10 for a residual of `width` neurons, ±1, float64 [N]."""
    return random_signs(f"spikeref/quarot/{width}", width).astype(np.float64)
