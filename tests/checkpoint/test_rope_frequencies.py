import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.checkpoint.rope import DefaultRope, Llama3Rope
from spikeref.checkpoint.rope_frequencies import TWO_PI, inverse_frequencies


def llama3(theta: int, factor: int, original: int) -> Llama3Rope:
    return Llama3Rope(
        theta=Fraction(theta),
        factor=Fraction(factor),
        low_freq_factor=Fraction(1),
        high_freq_factor=Fraction(4),
        original_max_positions=original,
    )


def test_two_pi_by_machins_formula() -> None:
    """pi = 16 arctan(1/5) - 4 arctan(1/239), the series in exact fractions."""

    def arctan_of_inverse(n: int) -> Fraction:
        return sum(
            (Fraction((-1) ** k, (2 * k + 1) * n ** (2 * k + 1)) for k in range(60)), Fraction(0)
        )

    exact = 2 * (16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239))
    assert abs(Fraction(TWO_PI) - exact) < Fraction(1, 10**63)


def test_powers_of_ten_are_exact() -> None:
    """theta = 10^4, d = 8: the frequencies are 1, 1/10, 1/100, 1/1000."""
    found = inverse_frequencies(DefaultRope(theta=Fraction(10000)), 8)
    assert found == [Decimal(1), Decimal("0.1"), Decimal("0.01"), Decimal("0.001")]


def test_square_roots_agree_to_fifty_digits() -> None:
    """theta = 2, d = 4: the second frequency is 1/sqrt 2."""
    found = inverse_frequencies(DefaultRope(theta=Fraction(2)), 4)
    expected = Decimal("0.70710678118654752440084436210484903928483593768847")
    assert found == [Decimal(1), expected]


@given(st.integers(2, 10**7), st.sampled_from([2, 8, 64, 80, 128]))
def test_the_definition_in_floats(theta: int, head_dim: int) -> None:
    found = inverse_frequencies(DefaultRope(theta=Fraction(theta)), head_dim)
    assert len(found) == head_dim // 2
    for i, value in enumerate(found):
        assert math.isclose(float(value), float(theta) ** (-2 * i / head_dim), rel_tol=1e-12)
        assert len(value.as_tuple().digits) <= 50


def test_llama3_by_hand() -> None:
    """theta 10^4, d = 8, original length 1000, so lengths 1000 f / 2 pi in turns.

    f = 1: 159 turns, above high 4: kept. f = 0.1: 15.9, kept. f = 0.01: 1.59 turns, between: with
    m = (1.591549431 - 1)/3 = 0.197183144, f' = 0.00125 + 0.00875 m = 0.002975352507. f = 0.001:
    0.159 turns, below low 1: divided by 8.
    """
    kept, also_kept, ramp, stretched = inverse_frequencies(llama3(10000, 8, 1000), 8)
    assert (kept, also_kept) == (Decimal(1), Decimal("0.1"))
    assert stretched == Decimal("0.000125")
    assert abs(ramp - Decimal("0.002975352507")) < Decimal("1e-12")


def test_llama3_in_another_form() -> None:
    """The ramp written over wavelengths, as the published description has it, in floats."""
    rope = llama3(500000, 32, 8192)
    for plain, found in zip(
        inverse_frequencies(DefaultRope(theta=rope.theta), 64),
        inverse_frequencies(rope, 64),
        strict=True,
    ):
        f = float(plain)
        wavelength = 2 * math.pi / f
        if wavelength > 8192 / 1:
            expected = f / 32
        elif wavelength < 8192 / 4:
            expected = f
        else:
            smooth = (8192 / wavelength - 1) / (4 - 1)
            expected = (1 - smooth) * f / 32 + smooth * f
        assert math.isclose(float(found), expected, rel_tol=1e-12)


def test_a_factor_of_one_changes_nothing_beyond_the_last_digit() -> None:
    plain = inverse_frequencies(DefaultRope(theta=Fraction(500000)), 64)
    for expected, found in zip(
        plain, inverse_frequencies(llama3(500000, 1, 8192), 64), strict=True
    ):
        assert abs(found - expected) <= expected * Decimal("1e-49")


@pytest.mark.parametrize("precision", [5, 28, 200])
def test_the_callers_decimal_context_does_not_enter(precision: int) -> None:
    rope = llama3(500000, 32, 8192)
    expected = inverse_frequencies(rope, 64)
    with localcontext() as context:
        context.prec = precision
        assert inverse_frequencies(rope, 64) == expected
