"""Round to nearest against exact fractions, on both sides of 2^52 (COMP-4)."""

from fractions import Fraction

import numpy as np
import pytest

from spikeref.compiler.quantise import quantise_rows
from spikeref.errors import RangeError


def expected(row: list[int], largest_weight: int) -> list[int]:
    a = max(map(abs, row)) or 1
    return [round(Fraction(largest_weight * m, a)) for m in row]


def row_with_ties(largest: int, largest_weight: int) -> list[int]:
    """Mantissas at and beside the places where the quotient is a half."""
    middle = [(2 * k + 1) * largest // (2 * largest_weight) for k in range(largest_weight)]
    near = [m + d for m in middle for d in (-1, 0, 1)]
    return [largest, -largest, 0, 1, -1, *near, *(-m for m in near)]


@pytest.mark.parametrize("bits", range(2, 9))
def test_against_fractions(bits: int) -> None:
    w = 2 ** (bits - 1) - 1
    edge = (1 << 52) // w
    sizes = [2 * w, 1000 * w, 1 << 22, edge - 1, edge, edge + 1, (1 << 52) + 2, (1 << 53) - 1]
    # Multiples of 2·w have exact ties; both paths must break them to even.
    sizes += [edge // (2 * w) * 2 * w, (edge // (2 * w) + 1) * 2 * w, (1 << 52) // (2 * w) * 2 * w]
    for largest in sizes:
        row = row_with_ties(largest, w)
        found = quantise_rows(np.array([row], dtype=np.float64), w)
        assert found.weights[0].tolist() == expected(row, w), largest
        assert found.largest.tolist() == [largest]
        assert int(np.abs(found.weights.astype(np.int64)).max()) == w


def test_ties_go_to_even_on_both_paths() -> None:
    for scale in (1, 1 << 40, 1 << 49):
        row = np.array([[14, 1, 3, 5, -1, -3, 13]], dtype=np.float64) * scale
        assert quantise_rows(row, 7).weights.tolist() == [[7, 0, 2, 2, 0, -2, 6]]


def test_one_large_row_changes_nothing_in_the_others() -> None:
    rng = np.random.default_rng(3)
    small = rng.integers(-(1 << 22), 1 << 22, size=(5, 31)).astype(np.float64)
    large = np.full((1, 31), 2.0**52)
    alone = quantise_rows(small, 7)
    together = quantise_rows(np.concatenate([small, large]), 7)
    assert np.array_equal(together.weights[:5], alone.weights)
    assert together.weights[5].tolist() == [7] * 31
    assert together.largest.tolist() == [*alone.largest.tolist(), 1 << 52]


def test_a_numerator_of_63_bits_is_refused() -> None:
    widest = (1 << 62) // 32767
    row = [widest, widest >> 1, -3 * (widest >> 2), 1]
    found = quantise_rows(np.array([row], dtype=np.float64), 32767)
    assert found.weights.tolist() == [expected(row, 32767)]
    for beyond in ([1 << 52, 1 << 51, -3 << 50], [1, -widest - 1]):
        with pytest.raises(RangeError, match="does not fit 63 bits"):
            quantise_rows(np.array([beyond], dtype=np.float64), 32767)


def test_rows_of_zeros_have_largest_one() -> None:
    found = quantise_rows(np.array([[0.0, -0.0], [0.0, -2.0]]), 127)
    assert found.largest.tolist() == [1, 2]
    assert found.weights.tolist() == [[0, 0], [0, -127]]
    assert found.weights.dtype == np.int8
