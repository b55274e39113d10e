"""The gated MLP's non-linearity, SiLU(g)·a (OP-9)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import for_row_blocks
from spikeref.arith.exponential import exp2
from spikeref.arith.rounding import round_div, round_shift
from spikeref.arith.ties import Ties
from spikeref.ops.norm import Scaled

ONE = 1 << 30
SIGMOID_BITS = 20
LOG2E_BITS = 30
PRODUCT_EXPONENT = -32


def sigmoid(
    g: NDArray[np.int64], log2e: int, coefficients: tuple[int, ...], ties: Ties
) -> NDArray[np.int64]:
    """Return σ(g) with 20 fraction bits, int64, for g of 32 bits with 16 fraction bits."""
    t = round_shift(np.abs(g) * np.int64(log2e), LOG2E_BITS, ties)
    below = exp2(t, coefficients, ties)
    numerator = np.asarray(1 << (LOG2E_BITS + SIGMOID_BITS), dtype=np.int64)
    positive = round_div(numerator, below + np.int64(ONE), ties)
    return np.where(g < 0, np.int64(1 << SIGMOID_BITS) - positive, positive)


def silu_gate(
    g: NDArray[np.int64],
    a: NDArray[np.int64],
    log2e: int,
    coefficients: tuple[int, ...],
    ties: Ties,
) -> Scaled:
    """Return SiLU(g)·a, int64 [T, N] of 63 bits and exponent −32, for g and a of 32 bits [T, N]."""
    product = np.empty(g.shape, dtype=np.int64)

    def work(rows: slice) -> None:
        s = sigmoid(g[rows], log2e, coefficients, ties)
        product[rows] = round_shift(g[rows] * s, SIGMOID_BITS, ties) * a[rows]

    for_row_blocks(len(g), g.shape[1], work)
    exponent = np.full(len(g), PRODUCT_EXPONENT, dtype=np.int64)
    return Scaled(values=product, exponent=exponent)
