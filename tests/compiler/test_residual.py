"""QuaRot's rotation against the dense matrix Q (COMP-10)."""

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.arith.hadamard import hadamard_matrix, plan_hadamard
from spikeref.compiler.residual import ResidualRotation, residual_signs

WIDTHS = [1, 2, 8, 12, 48, 56, 64, 96, 172, 27, 54]
"""27 and 54 have no Hadamard matrix: they are rotated block by block."""


def rotation_of(width: int) -> ResidualRotation:
    return ResidualRotation(plan=plan_hadamard(width), signs=residual_signs(width))


def dense(rotation: ResidualRotation) -> NDArray[np.int64]:
    """H·diag(s), int64 [N, N]."""
    block = hadamard_matrix(rotation.plan).astype(np.int64)
    h = np.kron(np.eye(rotation.plan.blocks, dtype=np.int64), block)
    return np.asarray(h * rotation.signs.astype(np.int64))


def mantissas(shape: tuple[int, int]) -> NDArray[np.float64]:
    rng = np.random.default_rng(shape[0])
    return rng.integers(-(1 << 22), 1 << 22, size=shape, endpoint=True).astype(np.float64)


@pytest.mark.parametrize("width", [8, 56, 200])
def test_signs_are_the_top_bits_of_the_generator(width: int) -> None:
    head = hashlib.sha256(f"spikeref/quarot/{width}".encode()).digest()[:8]
    seed = int.from_bytes(head, "little")
    expected = []
    for j in range(1, width + 1):
        y = (seed + j * 0x9E3779B97F4A7C15) % 2**64
        y = (y ^ (y >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        y = (y ^ (y >> 27)) * 0x94D049BB133111EB % 2**64
        expected.append(-1 if (y ^ (y >> 31)) >> 63 else 1)
    assert residual_signs(width).tolist() == expected


@pytest.mark.parametrize("width", WIDTHS)
def test_orthogonal_up_to_the_power(width: int) -> None:
    rotation = rotation_of(width)
    n, h, q = rotation.plan.order, rotation.halvings, dense(rotation)
    assert np.array_equal(q @ q.T, n * np.eye(width, dtype=np.int64))
    assert 4**h <= n < 4 ** (h + 1)
    assert rotation.power == Fraction(n, 4**h)
    assert 1 <= rotation.power < 4
    # Q⁻¹ = inverse_scale·diag(s)·Hᵀ, and Q = 2^(−h)·H·diag(s): their product is I.
    assert rotation.inverse_scale * Fraction(n, 2**h) == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_rows_and_columns(width: int) -> None:
    rotation = rotation_of(width)
    q = dense(rotation)
    rows = mantissas((5, width))
    found = rotation.rotate_rows(rows, 1 << 22)
    assert np.array_equal(found, rows.astype(np.int64) @ q.T)
    matrix = mantissas((width, 7))
    expected = q @ matrix.astype(np.int64)
    rotation.rotate_columns(matrix, 1 << 22)
    assert np.array_equal(matrix, expected)


def test_columns_in_several_blocks() -> None:
    rotation = rotation_of(1024)
    matrix = mantissas((1024, 1030))
    columns = matrix[:, [0, 1023, 1024, 1029]].astype(np.int64)
    rotation.rotate_columns(matrix, 1 << 22)
    assert np.array_equal(matrix[:, [0, 1023, 1024, 1029]], dense(rotation) @ columns)


def test_the_input_of_rotate_rows_stays() -> None:
    rotation, rows = rotation_of(12), mantissas((3, 12))
    before = rows.copy()
    rotation.rotate_rows(rows, 1 << 22)
    assert np.array_equal(rows, before)
