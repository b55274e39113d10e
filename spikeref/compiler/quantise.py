"""Round-to-nearest weights, symmetric, per output channel (COMP-4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import round_div
from spikeref.arith.ties import Ties


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantisedRows:
    """Integer weights of R output channels, and the largest mantissa of each."""

    weights: NDArray[np.int8]
    """int8 [R, N], |W| <= 2^(w−1)−1."""
    largest: NDArray[np.int64]
    """a of COMP-4, int64 [R], at least 1."""


def quantise_rows(mantissas: NDArray[np.float64], largest_weight: int) -> QuantisedRows:
    """Return W = round((2^(w−1)−1)·m'/a) for integers m' held in float64 [R, N], |m'| < 2^53."""
    largest = np.maximum(mantissas.max(axis=1), -mantissas.min(axis=1))
    largest = np.maximum(largest, 1.0)
    if float(largest.max(initial=1.0)) * largest_weight < 1 << 52:
        # As in arith.round_div: below 2^52 the rounded quotient is the quotient's rounding.
        scaled = mantissas * float(largest_weight)
        scaled /= largest[:, None]
        weights = np.rint(scaled, out=scaled).astype(np.int8)
    else:
        numerator = mantissas.astype(np.int64) * np.int64(largest_weight)
        weights = round_div(numerator, largest.astype(np.int64)[:, None], Ties.HALF_EVEN).astype(
            np.int8
        )
    return QuantisedRows(weights=weights, largest=largest.astype(np.int64))
