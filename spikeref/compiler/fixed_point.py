"""Weights brought to fixed point once, exactly reproducibly (COMP-2, COMP-5, COMP-6, COMP-8).

All arithmetic is element-wise IEEE binary64 without library functions: scaling by powers of two
and rounding to integers, so the same weights give the same integers on every machine.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import CheckpointError
from spikeref.model.layers import DyadicRows, Gamma

MANTISSA_BITS = 22
"""|m| <= 2^22, so that a rotation of order 2^15 stays below 2^37, and two of them below 2^53."""

ROW_MANTISSA_LIMIT = (1 << 15) - 1
BIAS_FRACTION_BITS = 16
BIAS_LIMIT = 1 << 39


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedRows:
    """Rows of integers held in float64: row r stands for mantissas[r]·2^(exponents[r] − 22)."""

    mantissas: NDArray[np.float64]
    """Integers of magnitude <= 2^22, float64 [R, N]."""
    exponents: NDArray[np.int64]
    """int64 [R]."""


def fix_rows(rows: NDArray[np.float64]) -> FixedRows:
    """Return each row of float64 [R, N] as integers with the row's own exponent (COMP-2)."""
    return fix_rows_at(rows, leading_exponents(rows))


def fix_rows_at(rows: NDArray[np.float64], exponents: NDArray[np.int64]) -> FixedRows:
    """Return rows of float64 [R, N] as integers with the given exponents [R] (COMP-2)."""
    mantissas = rows * powers_of_two(MANTISSA_BITS - exponents)[:, None]
    return FixedRows(mantissas=np.rint(mantissas, out=mantissas), exponents=exponents)


def powers_of_two(exponents: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return 2^e, float64. Multiplying by it is exact, and faster than ldexp of every element."""
    return np.ldexp(1.0, exponents.astype(np.int32))


def leading_exponents(rows: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return e with 2^(e−1) <= max|row| < 2^e for each row, int64 [R]; 0 for a row of zeros."""
    return np.asarray(np.frexp(_largest(rows))[1], dtype=np.int64)


def dyadic_rows(rows: NDArray[np.float64]) -> DyadicRows:
    """Return rows of float64 [R, N] as 16-bit mantissas and row exponents (COMP-6)."""
    largest = _largest(rows)
    exponents = leading_exponents(rows) - 15
    rounded = np.rint(np.ldexp(largest, (-exponents).astype(np.int32)))
    exponents += rounded > ROW_MANTISSA_LIMIT
    exponents[largest == 0] = 0
    mantissas = rows * powers_of_two(-exponents)[:, None]
    np.rint(mantissas, out=mantissas)
    return DyadicRows(mantissas=mantissas.astype(np.int16), exponents=exponents.astype(np.int16))


def fix_gamma(gamma: NDArray[np.float64]) -> Gamma:
    """Return γ, float64 [N], as 16-bit mantissas and one exponent (COMP-5)."""
    row = dyadic_rows(gamma[None, :])
    return Gamma(mantissas=row.mantissas[0], exponent=int(row.exponents[0]))


def fix_bias(bias: NDArray[np.float64], name: str) -> NDArray[np.int64]:
    """Return a bias, float64 [M], with 16 fraction bits, int64 of 40 bits (COMP-8)."""
    scaled = np.rint(np.ldexp(bias, np.int32(BIAS_FRACTION_BITS)))
    if scaled.size and float(np.abs(scaled).max()) >= BIAS_LIMIT:
        raise CheckpointError(f"{name}: a bias beyond 2^23 does not fit 40 bits")
    return scaled.astype(np.int64)


def _largest(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(rows.max(axis=1), -rows.min(axis=1)))
