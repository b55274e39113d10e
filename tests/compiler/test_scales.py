"""Scales against exact fractions (COMP-7)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spikeref.compiler.scales import channel_scales, normalise_rational

positive = st.builds(
    lambda n, d, e: Fraction(n, d) * Fraction(2) ** e,
    st.integers(1, 1 << 80),
    st.integers(1, 1 << 80),
    st.integers(-200, 200),
)


def expected(value: Fraction, bits: int) -> tuple[int, int]:
    e = 0
    while value / Fraction(2) ** e >= 1 << bits:
        e += 1
    while value / Fraction(2) ** e < 1 << (bits - 1):
        e -= 1
    m = round(value / Fraction(2) ** e)
    return (m // 2, e + 1) if m == 1 << bits else (m, e)


@given(positive, st.sampled_from([16, 22]))
@example(Fraction(1), 16)
@example(Fraction(1, 3), 22)
@example(Fraction((1 << 17) - 1, 2), 16)
@example(Fraction((1 << 16) + 1, 2), 16)
@example(Fraction((1 << 16) + 3, 2), 16)
def test_against_fractions(value: Fraction, bits: int) -> None:
    assert normalise_rational(value, bits) == expected(value, bits)


@pytest.mark.parametrize("bits", [16, 22])
def test_carry(bits: int) -> None:
    top = Fraction(1 << bits)
    assert normalise_rational(top - Fraction(1, 2), bits) == (1 << (bits - 1), 1)
    assert normalise_rational(top - Fraction(51, 100), bits) == ((1 << bits) - 1, 0)
    assert normalise_rational(top, bits) == (1 << (bits - 1), 1)
    assert normalise_rational((top - Fraction(1, 4)) / 2**300, bits) == (1 << (bits - 1), -299)


def test_ties_go_to_even() -> None:
    assert normalise_rational(Fraction(2 * 40000 + 1, 2), 16) == (40000, 0)
    assert normalise_rational(Fraction(2 * 40001 + 1, 2), 16) == (40002, 0)


def test_channels() -> None:
    largest = np.array([1, 4194304, 65535, 131071, (1 << 53) - 1], dtype=np.int64)
    exponents = np.array([0, -22, 5, -1, -60], dtype=np.int64)
    factor = Fraction(3, 49 * 64)
    mantissas, found = channel_scales(largest, exponents, factor)
    assert (mantissas.dtype, found.dtype) == (np.uint16, np.int16)
    exact = [
        expected(int(a) * factor * Fraction(2) ** int(e), 16)
        for a, e in zip(largest, exponents, strict=True)
    ]
    assert list(zip(mantissas.tolist(), found.tolist(), strict=True)) == exact
