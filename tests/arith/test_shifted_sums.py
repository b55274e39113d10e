"""Sums of shifted rows against fractions, shifts of every size (LAS-3)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.arith.shifted_sums import ShiftedRows, sum_saturate
from spikeref.arith.ties import Ties
from tests.arith.integers import BOTH_TIES, nearest, sized

LOW, HIGH = -(1 << 39), (1 << 39) - 1
Term = tuple[int, int]
"""A value and its shift."""

SHIFTS = st.one_of(st.integers(-24, 24), st.integers(-70, 70), st.sampled_from([-32783, 32752]))
ROWS = st.integers(1, 4).flatmap(
    lambda terms: st.lists(
        st.lists(st.tuples(sized((1 << 40) - 1), SHIFTS), min_size=terms, max_size=terms),
        min_size=1,
        max_size=4,
    )
)
"""Rows of one value each, of as many terms; some rows far beyond 63 bits beside some within."""


def summed(rows: list[list[Term]], ties: Ties) -> tuple[list[int], list[int]]:
    """What the arrays give: values and what was cut, a row each."""
    addends = [
        ShiftedRows(
            values=np.array([[value] for value, _ in column], dtype=np.int64),
            shift=np.array([shift for _, shift in column], dtype=np.int64),
        )
        for column in zip(*rows, strict=True)
    ]
    done = sum_saturate(addends, 40, ties)
    return done.values[:, 0].tolist(), done.count.tolist()


def exact(row: list[Term], ties: Ties) -> int:
    return sum(nearest(Fraction(value) / Fraction(2) ** shift, ties) for value, shift in row)


@pytest.mark.parametrize("ties", BOTH_TIES)
@given(rows=ROWS)
def test_every_shift_against_fractions(ties: Ties, rows: list[list[Term]]) -> None:
    values, cut = summed(rows, ties)
    sums = [exact(row, ties) for row in rows]
    assert values == [min(max(x, LOW), HIGH) for x in sums]
    assert cut == [int(not LOW <= x <= HIGH) for x in sums]


def test_terms_that_cancel_beyond_63_bits() -> None:
    rows = [
        [(32767, -36), (-32767, -34)],
        [(32767, -56), (-32767, -46)],
        [(32767, -32783), (-32767, -32783)],
        [(-32767, -32783), (32767, -32782)],
    ]
    assert summed(rows, Ties.HALF_EVEN) == ([HIGH, HIGH, 0, LOW], [1, 1, 0, 1])
