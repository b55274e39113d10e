"""The gated MLP's non-linearity, SiLU(g)·a (OP-9)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.exponential import SIGMOID_BITS, logistic_table
from spikeref.arith.rounding import round_shift
from spikeref.arith.ties import Ties
from spikeref.ops.norm import Scaled

LOG2E_BITS = 30
PRODUCT_EXPONENT = -32


def sigmoid(
    g: NDArray[np.int64], log2e: int, coefficients: tuple[int, ...], ties: Ties
) -> NDArray[np.int64]:
    """Return σ(g) with 20 fraction bits, int64, for g of 32 bits with 16 fraction bits."""
    t = round_shift(np.abs(g) * np.int64(log2e), LOG2E_BITS, ties)
    positive = logistic_table(coefficients, ties).take(t, mode="clip")
    # 2^20 − positive where g < 0, else positive: at random signs a select costs ten times as much.
    one_if_negative = (g < 0).astype(np.int64) << SIGMOID_BITS
    return np.asarray(np.abs(one_if_negative - positive))


def silu_gate(
    g: NDArray[np.int64],
    a: NDArray[np.int64],
    log2e: int,
    coefficients: tuple[int, ...],
    ties: Ties,
) -> Scaled:
    """Return SiLU(g)·a, int64 [T, N] of 63 bits and exponent −32, for g and a of 32 bits [T, N]."""
    s = sigmoid(g, log2e, coefficients, ties)
    s *= g
    exponent = np.full(len(g), PRODUCT_EXPONENT, dtype=np.int64)
    return Scaled(values=round_shift(s, SIGMOID_BITS, ties) * a, exponent=exponent)
