"""Round-to-nearest weights, symmetric, per output channel (COMP-4)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import round_div
from spikeref.arith.ties import Ties
from spikeref.errors import RangeError


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantisedRows:
    """Integer weights of R output channels, and the largest mantissa of each."""

    weights: NDArray[Any]
    """int8 or int16 [R, N], |W| <= 2^(w−1)−1."""
    largest: NDArray[np.int64]
    """a of COMP-4, int64 [R], at least 1."""


def weight_type(largest_weight: int) -> type[np.int8] | type[np.int16]:
    """Return the type that weights of up to ±largest_weight are kept in."""
    return np.int8 if largest_weight < 1 << 7 else np.int16


def quantise_rows(mantissas: NDArray[np.float64], largest_weight: int) -> QuantisedRows:
    """Return W = round((2^(w−1)−1)·m'/a) for integers m' held in float64 [R, N], |m'| < 2^53.

    int8 for weights of up to 8 bits, else int16. RangeError unless |m'|·(2^(w−1)−1) < 2^62.
    """
    form = weight_type(largest_weight)
    largest = np.maximum(mantissas.max(axis=1), -mantissas.min(axis=1))
    largest = np.maximum(largest, 1.0)
    bound = int(largest.max(initial=1.0)) * largest_weight
    if bound >= 1 << 62:
        raise RangeError("weight mantissas times the largest weight", bound, 63, "COMP-4")
    if bound < 1 << 52:
        # As in arith.round_div: below 2^52 the rounded quotient is the quotient's rounding.
        scaled = mantissas * float(largest_weight)
        scaled /= largest[:, None]
        weights: NDArray[Any] = np.rint(scaled, out=scaled).astype(form)
    else:
        numerator = mantissas.astype(np.int64) * np.int64(largest_weight)
        weights = round_div(numerator, largest.astype(np.int64)[:, None], Ties.HALF_EVEN).astype(
            form
        )
    return QuantisedRows(weights=weights, largest=largest.astype(np.int64))
