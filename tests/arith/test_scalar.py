"""The scalar definitions of chapter 2 against rationals (ARITH-2 to ARITH-6)."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.arith import scalar
from spikeref.arith.ties import Ties
from tests.arith.integers import BOTH_TIES, WIDE, nearest, positive, sized

HUGE = 1 << 90


@pytest.mark.parametrize("ties", BOTH_TIES)
@given(x=sized(HUGE), s=st.integers(-60, 100))
def test_round_shift_is_the_nearest_integer(ties: Ties, x: int, s: int) -> None:
    assert scalar.round_shift(x, s, ties) == nearest(Fraction(x) / Fraction(2) ** s, ties)


@pytest.mark.parametrize("ties", BOTH_TIES)
@given(a=sized(HUGE), b=positive(HUGE))
def test_round_div_is_the_nearest_integer(ties: Ties, a: int, b: int) -> None:
    assert scalar.round_div(a, b, ties) == nearest(Fraction(a, b), ties)


@pytest.mark.parametrize("ties", BOTH_TIES)
@given(odd=sized(WIDE).map(lambda x: 2 * x + 1), half=positive(WIDE))
def test_round_div_at_exact_halves(ties: Ties, odd: int, half: int) -> None:
    """a/b = odd/2 whatever the common factor."""
    assert scalar.round_div(odd * half, 2 * half, ties) == nearest(Fraction(odd, 2), ties)


def test_half_even_is_the_rounding_of_python() -> None:
    for a in range(-300, 301):
        for b in range(1, 40):
            assert scalar.round_div(a, b, Ties.HALF_EVEN) == round(Fraction(a, b))


@pytest.mark.parametrize(("x", "s", "even", "up"), [(5, 1, 2, 3), (-5, 1, -2, -2), (-3, 1, -2, -1)])
def test_examples_of_the_clause(x: int, s: int, even: int, up: int) -> None:
    assert scalar.round_shift(x, s, Ties.HALF_EVEN) == even
    assert scalar.round_shift(x, s, Ties.HALF_UP) == up


def test_note_of_the_clause_gives_half_even() -> None:
    """(x + 2^(s−1) − 1 + b) >> s with b = bit s of x, exhaustively on a small domain."""
    for x in range(-1024, 1025):
        for s in range(1, 12):
            by_note = (x + (1 << (s - 1)) - 1 + (x >> s & 1)) >> s
            assert scalar.round_shift(x, s, Ties.HALF_EVEN) == by_note


@given(x=sized(HUGE), bits=st.integers(2, 48))
def test_saturate_clips_to_the_two_ends(x: int, bits: int) -> None:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    expected = low if x < low else high if x > high else x
    assert scalar.saturate(x, bits) == expected


@pytest.mark.parametrize("ties", BOTH_TIES)
@given(x=st.lists(sized(WIDE), min_size=1, max_size=8), bits=st.integers(2, 24))
def test_block_shift_is_the_note_of_the_clause(ties: Ties, x: list[int], bits: int) -> None:
    mantissas, s = scalar.block_shift(x, bits, ties)
    largest = max(abs(value) for value in x)
    by_note = max(0, largest.bit_length() - (bits - 1))
    if nearest(Fraction(largest, 2**by_note), ties) == 2 ** (bits - 1):
        by_note += 1
    assert s == by_note
    assert mantissas == [nearest(Fraction(value, 2**s), ties) for value in x]
    assert max(abs(m) for m in mantissas) < 2 ** (bits - 1)


@pytest.mark.parametrize("ties", BOTH_TIES)
@given(a=positive(WIDE), bits=st.integers(2, 24))
def test_normalise_keeps_the_value_within_half_a_step(ties: Ties, a: int, bits: int) -> None:
    m, e = scalar.normalise(a, bits, ties)
    assert 2 ** (bits - 1) <= m < 2**bits
    # A carry halves the mantissa exactly, so the error stays that of the finer step.
    assert abs(Fraction(a) - m * Fraction(2) ** e) <= Fraction(2) ** (e - 1)
    if e <= 0:
        assert m * Fraction(2) ** e == a


@pytest.mark.parametrize("ties", BOTH_TIES)
def test_normalise_carries_into_the_next_exponent(ties: Ties) -> None:
    assert scalar.normalise((1 << 17) - 1, 16, ties) == (1 << 15, 2)
    assert scalar.normalise((1 << 17) - 3, 16, ties) == (
        ((1 << 16) - 2, 1) if ties is Ties.HALF_EVEN else ((1 << 16) - 1, 1)
    )
