"""Paley's two constructions of Hadamard matrices over GF(q)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.hadamard.galois import (
    FiniteField,
    element_digits,
    element_numbers,
    field_of_order,
    quadratic_character,
)
from spikeref.errors import UsageError


def jacobsthal(field: FiniteField) -> NDArray[np.int8]:
    """Return Q, int8 [q, q]: Q[a, b] = χ(a − b), rows and columns by element number (HAD-12)."""
    chi = quadratic_character(field)
    digits = element_digits(field)
    matrix = np.empty((field.order, field.order), dtype=np.int8)
    for a in range(field.order):
        difference = (digits[a] - digits) % field.prime
        matrix[a] = chi[element_numbers(field, difference)]
    return matrix


def paley_one(q: int) -> NDArray[np.int8]:
    """Return Paley's first matrix, int8 [q + 1, q + 1], for a prime power q ≡ 3 mod 4 (HAD-13).

    H = [[1, 1ᵀ], [−1, Q + I]]: index 0 is the border, index 1 + a the field element a.
    UsageError for any other q.
    """
    field = _field(q, residue=3)
    matrix = np.ones((q + 1, q + 1), dtype=np.int8)
    matrix[1:, 0] = -1
    matrix[1:, 1:] = jacobsthal(field) + np.eye(q, dtype=np.int8)
    return matrix


def paley_two(q: int) -> NDArray[np.int8]:
    """Return Paley's second matrix, int8 [2(q + 1), 2(q + 1)], for q ≡ 1 mod 4 (HAD-14).

    H = C ⊗ [[1, 1], [1, −1]] + I ⊗ [[1, −1], [−1, −1]] with C = [[0, 1ᵀ], [1, Q]]; it is
    symmetric. UsageError for any other q.
    """
    field = _field(q, residue=1)
    conference = np.ones((q + 1, q + 1), dtype=np.int8)
    conference[0, 0] = 0
    conference[1:, 1:] = jacobsthal(field)
    off_diagonal = np.array([[1, 1], [1, -1]], dtype=np.int8)
    diagonal = np.array([[1, -1], [-1, -1]], dtype=np.int8)
    return np.kron(conference, off_diagonal) + np.kron(np.eye(q + 1, dtype=np.int8), diagonal)


def _field(q: int, *, residue: int) -> FiniteField:
    if q % 4 != residue:
        raise UsageError(
            f"Paley matrix: q = {q} must be {residue} mod 4; use the other construction"
        )
    return field_of_order(q)
