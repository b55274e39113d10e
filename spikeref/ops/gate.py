"""The gated MLP's non-linearity, SiLU(g)·a (OP-9)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.exponential import SIGMOID_BITS, logistic_table
from spikeref.arith.loops.functions import silu_rows
from spikeref.arith.rounding import round_shift
from spikeref.arith.ties import Ties
from spikeref.ops.norm import Scaled

LOG2E_BITS = 30
PRODUCT_EXPONENT = -32


def sigmoid(
    g: NDArray[Any], log2e: int, coefficients: tuple[int, ...], ties: Ties
) -> NDArray[np.int64]:
    """Return σ(g) with 20 fraction bits, int64, for g of 32 bits with 16 fraction bits."""
    t = round_shift(np.abs(g, dtype=np.int64) * np.int64(log2e), LOG2E_BITS, ties)
    positive = logistic_table(coefficients, ties).take(t, mode="clip")
    # 2^20 − positive where g < 0, else positive: at random signs a select costs ten times as much.
    one_if_negative = (g < 0).astype(np.int64) << SIGMOID_BITS
    return np.asarray(np.abs(one_if_negative - positive))


def silu_gate(
    g: NDArray[Any],
    a: NDArray[Any],
    log2e: int,
    coefficients: tuple[int, ...],
    ties: Ties,
) -> Scaled:
    """Return SiLU(g)·a, int64 [T, N] of 63 bits and exponent −32, for g and a of 32 bits [T, N]."""
    exponent = np.full(len(g), PRODUCT_EXPONENT, dtype=np.int64)
    if suits_loops(g.size):
        result = np.empty(g.shape, dtype=np.int64)
        table = logistic_table(coefficients, ties)
        given = g, a, log2e, LOG2E_BITS, table, SIGMOID_BITS, ties is Ties.HALF_EVEN
        over_rows(silu_rows, len(g), g.size, given, result)
        return Scaled(values=result, exponent=exponent)
    s = sigmoid(g, log2e, coefficients, ties)
    s *= g
    return Scaled(values=round_shift(s, SIGMOID_BITS, ties) * a, exponent=exponent)
