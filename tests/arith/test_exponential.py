"""Powers of two with a fractional exponent (ARITH-8)."""

from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikeref.arith import scalar
from spikeref.arith.exponential import STANDARD_COEFFICIENTS, exp2, fraction_powers
from spikeref.arith.ties import Ties
from tests.arith.integers import BOTH_TIES, int64, sized

FRACTIONS = 1 << 16
ONE = 1 << 30


def exact_powers() -> list[Decimal]:
    """2^(f/2^16)·2^30 for every fraction, by repeated multiplication with 40 digits."""
    with localcontext() as context:
        context.prec = 40
        step = (Decimal(2).ln() / FRACTIONS).exp()
        powers = [Decimal(ONE)]
        for _ in range(FRACTIONS):
            powers.append(powers[-1] * step)
        assert abs(powers[-1] - 2 * ONE) < Decimal("1e-20")
    return powers


@pytest.mark.parametrize("ties", BOTH_TIES)
def test_every_fraction_against_the_definition_and_the_real_power(ties: Ties) -> None:
    p = fraction_powers(STANDARD_COEFFICIENTS, ties).tolist()
    a = np.arange(FRACTIONS, dtype=np.int64)
    found = exp2(a, STANDARD_COEFFICIENTS, ties).tolist()
    exact = exact_powers()
    bound = Decimal(1 << 4)
    for f in range(FRACTIONS):
        # 2^(−a/2^16) with 30 fraction bits; the clause bounds the error by 2^−26.
        value = exact[FRACTIONS - f] / 2
        assert abs(found[f] - value) < bound, f
        assert p[f] < 1 << 31
    for f in range(0, FRACTIONS, 97):
        assert found[f] == scalar.exp2(f, STANDARD_COEFFICIENTS, ties)


@pytest.mark.parametrize("ties", BOTH_TIES)
def test_it_never_increases_and_starts_at_one(ties: Ties) -> None:
    a = np.arange(34 * FRACTIONS, dtype=np.int64)
    values = exp2(a, STANDARD_COEFFICIENTS, ties)
    assert values[0] == ONE
    assert int(np.diff(values).max()) <= 0
    assert values[FRACTIONS] == ONE >> 1
    assert not values[32 * FRACTIONS :].any()


@pytest.mark.parametrize("ties", BOTH_TIES)
@given(values=st.lists(sized((1 << 62) + (1 << 40)).map(abs), min_size=1, max_size=40))
def test_the_whole_domain(ties: Ties, values: list[int]) -> None:
    expected = [0 if a >> 16 > 64 else scalar.exp2(a, STANDARD_COEFFICIENTS, ties) for a in values]
    assert exp2(int64(values), STANDARD_COEFFICIENTS, ties).tolist() == expected


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, ...]:
    """Tables that a model may hold: c_0 = 2^30, none negative, their sum at most 2^31."""
    cuts = sorted(draw(st.lists(st.integers(0, ONE), min_size=6, max_size=6)))
    return (ONE, *(high - low for low, high in pairwise([0, *cuts])))


@pytest.mark.parametrize("ties", BOTH_TIES)
@settings(max_examples=10)
@given(table=tables(), values=st.lists(st.integers(0, 40 << 16), min_size=1, max_size=40))
@example(table=(ONE, ONE, 0, 0, 0, 0, 0), values=[0, 1, 31 << 16, (31 << 16) + 1, 32 << 16])
@example(table=(ONE, 0, 0, 0, 0, 0, ONE), values=[0, 1, 31 << 16, (31 << 16) + 1, 32 << 16])
def test_another_table_gives_its_own_values(
    ties: Ties, table: tuple[int, ...], values: list[int]
) -> None:
    """Tables are data (MODEL-6): any coefficients, step for step as the clause says."""
    expected = [scalar.exp2(a, table, ties) for a in values]
    assert exp2(int64(values), table, ties).tolist() == expected


def test_products_of_the_steps_stay_below_47_bits() -> None:
    """p < 2^31 in every step, so p·f < 2^47 (the note of ARITH-8)."""
    p = np.full(FRACTIONS, STANDARD_COEFFICIENTS[6], dtype=np.int64)
    f = np.arange(FRACTIONS, dtype=np.int64)
    for c in reversed(STANDARD_COEFFICIENTS[:6]):
        assert int((p * f).max()) < 1 << 47
        p = ((p * f) >> 16) + 1 + c
        assert int(p.max()) < 1 << 31
