"""THM-7: the rotation is orthogonal, so rotated weights undo rotated inputs (equation 5)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.arith.hadamard import hadamard, hadamard_transpose, plan_hadamard

WIDTHS = (1, 2, 8, 12, 20, 28, 36, 40, 64, 92, 172)
"""Sylvester, Paley I and II, Williamson, products, and the block-diagonal 92."""

VALUES = st.integers(-32767, 32767)


def vectors(width: int, count: int) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(
        st.lists(VALUES, min_size=width, max_size=width), min_size=count, max_size=count
    )


@pytest.mark.parametrize("width", WIDTHS)
@settings(max_examples=15)
@given(data=st.data())
def test_energy_inner_products_and_sums(width: int, data: st.DataObject) -> None:
    """⟨Hu, Hv⟩ = n·⟨u, v⟩, Hᵀ(Hu) = n·u, and w·u = (Hw)·(Hu)/n, n the order of the matrix.

    The last is the computational invariance: weights rotated once meet inputs rotated online.
    """
    u, v = np.array(data.draw(vectors(width, 2)), dtype=np.int64)
    n = plan_hadamard(width).order
    rotated_u, rotated_v = (hadamard(x).astype(np.int64) for x in (u, v))
    assert int((rotated_u * rotated_v).sum()) == n * int((u * v).sum())
    assert int((rotated_u * rotated_u).sum()) == n * int((u * u).sum())
    np.testing.assert_array_equal(hadamard_transpose(rotated_u), n * u)
    np.testing.assert_array_equal(hadamard(hadamard_transpose(u).astype(np.int64)), n * u)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_basis_vector_becomes_signs(width: int) -> None:
    """H of the identity has entries ±1 (0 outside a block) and orthogonal columns."""
    n = plan_hadamard(width).order
    columns = hadamard(np.eye(width, dtype=np.int64)).astype(np.int64)
    assert np.count_nonzero(columns) == width * n
    assert set(np.unique(np.abs(columns)).tolist()) <= {0, 1}
    gram = np.matmul(columns, columns.T)
    np.testing.assert_array_equal(gram, n * np.eye(width, dtype=np.int64))
