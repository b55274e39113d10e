"""Fixed point against exact fractions (COMP-2, COMP-5, COMP-6, COMP-8)."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.compiler.fixed_point import (
    dyadic_rows,
    fix_bias,
    fix_gamma,
    fix_rows,
    fix_rows_at,
    leading_exponents,
    powers_of_two,
)
from spikeref.errors import CheckpointError

Rows = NDArray[np.float64]


def exponent_of(largest: Fraction) -> int:
    """Return e with 2^(e−1) <= largest < 2^e, by search; 0 for 0."""
    e = 0
    if largest == 0:
        return e
    while largest >= Fraction(2) ** e:
        e += 1
    while largest < Fraction(2) ** (e - 1):
        e -= 1
    return e


def rows_of_every_size() -> Rows:
    """Rows of float32 numbers from the subnormal to the large, and rows with ties."""
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((40, 9)).astype(np.float32).astype(np.float64)
    rows *= np.ldexp(1.0, rng.integers(-149, 100, 40))[:, None]
    ties = np.ldexp(np.array([[1 << 21, 2.5, 3.5, -2.5, -3.5, 0.5, 1.5, -0.5, 0.25]]), -30)
    return np.concatenate([rows, ties, (1 - 2.0**-25) * np.eye(9), -np.eye(9), np.zeros((1, 9))])


def test_fix_rows_is_the_nearest_integer() -> None:
    rows = rows_of_every_size()
    fixed = fix_rows(rows)
    for row, mantissas, e in zip(rows, fixed.mantissas, fixed.exponents.tolist(), strict=True):
        exact = [Fraction(float(w)) for w in row]
        expected = exponent_of(max(map(abs, exact)))
        assert e == expected
        assert [int(m) for m in mantissas] == [round(w * Fraction(2) ** (22 - e)) for w in exact]
    assert float(np.abs(fixed.mantissas).max()) == 1 << 22


@pytest.mark.parametrize("k", [-140, -1, 0, 1, 30])
def test_exact_powers_of_two(k: int) -> None:
    fixed = fix_rows(np.array([[2.0**k, -(2.0 ** (k - 3))]]))
    assert fixed.exponents.tolist() == [k + 1]
    assert fixed.mantissas.tolist() == [[1 << 21, -(1 << 18)]]
    just_below = np.array([[2.0**k * (1 - 2.0**-24)]])
    assert leading_exponents(just_below).tolist() == [k]


def test_a_row_of_zeros() -> None:
    fixed = fix_rows(np.array([[0.0, -0.0]]))
    assert fixed.exponents.tolist() == [0]
    assert fixed.mantissas.tolist() == [[0, 0]]


def test_the_sign_of_the_largest_does_not_matter() -> None:
    rows = np.array([[0.1, -3.0], [0.1, 3.0], [-0.1, -0.1]])
    assert leading_exponents(rows).tolist() == [2, 2, -3]


def test_given_exponents() -> None:
    fixed = fix_rows_at(np.array([[1.0, 0.25], [0.5, 0.0]]), np.array([3, 3]))
    assert fixed.mantissas.tolist() == [[1 << 19, 1 << 17], [1 << 18, 0]]


def test_powers_of_two() -> None:
    exponents = np.arange(-1022, 1024, dtype=np.int64)
    found = [Fraction(float(x)) for x in powers_of_two(exponents)]
    assert found == [Fraction(2) ** int(e) for e in exponents]


class TestDyadicRows:
    def test_smallest_exponent_and_nearest_mantissas(self) -> None:
        rows = rows_of_every_size()
        found = dyadic_rows(rows)
        assert found.mantissas.dtype == np.int16
        for row, mantissas, x in zip(rows, found.mantissas, found.exponents, strict=True):
            exact = [Fraction(float(w)) for w in row]
            if not any(exact):
                assert x == 0
                continue
            rounded = [round(w / Fraction(2) ** int(x)) for w in exact]
            assert mantissas.tolist() == rounded
            assert max(map(abs, rounded)) <= 32767
            finer = [round(w / Fraction(2) ** (int(x) - 1)) for w in exact]
            assert max(map(abs, finer)) > 32767

    @pytest.mark.parametrize("sign", [1, -1])
    def test_carry_to_the_next_exponent(self, sign: int) -> None:
        # 2^15 − 1/2 would round to 2^15, so the row takes the next exponent: 2^14 − 1/4.
        rows = sign * np.array([[32767.5, 3.0], [32767.4375, 3.0], [32768.0, 3.0]])
        found = dyadic_rows(rows)
        assert found.exponents.tolist() == [1, 0, 1]
        largest = [sign * 16384, sign * 32767, sign * 16384]
        assert found.mantissas.tolist() == [
            [a, sign * b] for a, b in zip(largest, (2, 3, 2), strict=True)
        ]

    def test_gamma_is_one_such_row(self) -> None:
        values = np.array([1.0, -0.5, 32767.5 / 32768])
        gamma = fix_gamma(values)
        row = dyadic_rows(values[None, :])
        assert (gamma.mantissas.tolist(), gamma.exponent) == (
            row.mantissas[0].tolist(),
            int(row.exponents[0]),
        )
        assert (gamma.mantissas.tolist(), gamma.exponent) == ([16384, -8192, 16384], -14)

    def test_zero_gamma(self) -> None:
        gamma = fix_gamma(np.zeros(3))
        assert (gamma.mantissas.tolist(), gamma.exponent) == ([0, 0, 0], 0)


class TestBias:
    def test_nearest_with_16_fraction_bits(self) -> None:
        rng = np.random.default_rng(1)
        bias = np.concatenate([rng.standard_normal(200), np.arange(-9, 9) / 2.0**17])
        expected = [round(Fraction(float(b)) * 65536) for b in bias]
        assert fix_bias(bias, "b").tolist() == expected

    def test_40_bits(self) -> None:
        largest = 2.0**23 - 2.0**-16
        assert fix_bias(np.array([largest, -largest]), "b").tolist() == [2**39 - 1, 1 - 2**39]
        for beyond in (2.0**23, -(2.0**23), 2.0**23 - 2.0**-17, 1e30):
            with pytest.raises(CheckpointError, match=r"^layer 0: a bias beyond"):
                fix_bias(np.array([0.0, beyond]), "layer 0")

    def test_no_bias(self) -> None:
        assert fix_bias(np.zeros(0), "b").shape == (0,)
