"""Finite fields of odd order and their quadratic character, with the numbering of HAD-9."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class FiniteField:
    """GF(prime**degree), elements numbered 0 … prime**degree − 1 (HAD-9).

    Element e is the polynomial whose coefficient of x**i is digit i of e in base `prime`.
    modulus: the coefficients c_0 … c_{degree−1} of the monic modulus
    x**degree + Σ c_i x**i (HAD-10).
    """

    prime: int
    degree: int
    modulus: tuple[int, ...]

    @property
    def order(self) -> int:
        """The number of elements."""
        return int(self.prime**self.degree)


def prime_power(q: int) -> tuple[int, int] | None:
    """Return (p, m) with q = p**m and p prime, m ≥ 1, or None if q is no prime power."""
    if q < 2:
        return None
    p = next((d for d in range(2, isqrt(q) + 1) if q % d == 0), q)
    m = 0
    while q % p == 0:
        q, m = q // p, m + 1
    return (p, m) if q == 1 else None


@lru_cache(maxsize=64)
def field_of_order(q: int) -> FiniteField:
    """Return GF(q) with the modulus of HAD-10; UsageError if q is not an odd prime power."""
    factors = prime_power(q)
    if factors is None or factors[0] == 2:
        raise UsageError(f"finite field: order {q} is not a power of an odd prime; choose one")
    p, m = factors
    number = next(k for k in range(q) if _is_irreducible((*_digits(k, p, m), 1), p))
    return FiniteField(prime=p, degree=m, modulus=_digits(number, p, m))


def element_digits(field: FiniteField) -> NDArray[np.int64]:
    """Return the coefficients of every element: int64 [q, degree], lowest power first."""
    powers = field.prime ** np.arange(field.degree, dtype=np.int64)
    return np.arange(field.order, dtype=np.int64)[:, None] // powers % field.prime


def element_numbers(field: FiniteField, digits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return Σ digits[…, i]·prime**i, the inverse of `element_digits`: int64 [...]."""
    powers = field.prime ** np.arange(field.degree, dtype=np.int64)
    numbers: NDArray[np.int64] = np.add.reduce(digits * powers, axis=-1, dtype=np.int64)
    return numbers


def squares(field: FiniteField) -> NDArray[np.int64]:
    """Return the element number of a·a for every element a: int64 [q]."""
    p, m = field.prime, field.degree
    digits = element_digits(field)
    result = np.zeros((field.order, 2 * m - 1), dtype=np.int64)
    for i, k in product(range(m), repeat=2):
        result[:, i + k] += digits[:, i] * digits[:, k]
    result %= p
    for top in range(2 * m - 2, m - 1, -1):  # x**top = −Σ c_i x**(top − m + i)
        for i, c in enumerate(field.modulus):
            result[:, top - m + i] -= c * result[:, top]
        result %= p
    return element_numbers(field, result[:, :m])


def quadratic_character(field: FiniteField) -> NDArray[np.int8]:
    """Return χ of every element: int8 [q]; 0 for zero, 1 for a square, −1 otherwise (HAD-11)."""
    chi = np.full(field.order, -1, dtype=np.int8)
    chi[squares(field)] = 1
    chi[0] = 0
    return chi


def _digits(number: int, base: int, length: int) -> tuple[int, ...]:
    return tuple(number // base**i % base for i in range(length))


def _is_irreducible(poly: tuple[int, ...], p: int) -> bool:
    """Whether a monic polynomial over GF(p), lowest power first, has no monic proper divisor."""
    degree = len(poly) - 1
    return not any(
        _divides((*_digits(k, p, d), 1), poly, p)
        for d in range(1, degree // 2 + 1)
        for k in range(p**d)
    )


def _divides(divisor: tuple[int, ...], poly: tuple[int, ...], p: int) -> bool:
    rest = list(poly)
    d = len(divisor) - 1
    for top in range(len(rest) - 1, d - 1, -1):
        lead = rest[top]
        for i, c in enumerate(divisor):
            rest[top - d + i] = (rest[top - d + i] - lead * c) % p
    return not any(rest)
