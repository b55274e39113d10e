"""Rounded ratios are the exact ones, under each tie rule (ARITH-3, ENC-2, ENC-3, ATT-9)."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikeref.arith import scalar
from spikeref.arith.ratios import clipped_ratio, round_ratio
from spikeref.arith.ties import Ties
from tests.arith.integers import BOTH_TIES, WIDE, int64, positive, sized


@pytest.mark.parametrize("ties", BOTH_TIES)
@settings(max_examples=40)
@given(
    cases=st.lists(st.tuples(sized(WIDE), positive(1 << 47)), min_size=1, max_size=30),
    shift=st.integers(1, 15),
)
@example(cases=[((1 << 53) - 1, 1 << 47), (1 - (1 << 53), 1 << 47)], shift=15)
@example(cases=[((1 << 37) - 1, 3), ((1 << 37), 3), ((1 << 37) + 1, 6)], shift=15)
def test_round_ratio(ties: Ties, cases: list[tuple[int, int]], shift: int) -> None:
    expected = [scalar.round_div(a << shift, b, ties) for a, b in cases]
    kept = [i for i, value in enumerate(expected) if abs(value) <= WIDE]
    a, b = (int64([cases[i][j] for i in kept]) for j in (0, 1))
    found = round_ratio(a, shift, b, ties)
    assert found.tolist() == [expected[i] for i in kept]


@pytest.mark.parametrize("ties", BOTH_TIES)
@given(odd=sized(1 << 22).map(lambda x: 2 * x + 1), scale=st.integers(1, 1 << 30))
def test_round_ratio_at_exact_halves(ties: Ties, odd: int, scale: int) -> None:
    """o·2^15 / sum = odd/2, for numerators too wide to shift."""
    a, b = odd * scale, scale << 16
    wide = int64([a, WIDE])
    found = round_ratio(wide, 15, int64([b, 1 << 46]), ties)
    assert found[0] == scalar.round_div(odd, 2, ties)


@given(
    v=st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=1, max_size=6),
    factor=st.sampled_from([1, 7, 255, 7 * 1024, 2**21, 2**30]),
    divisor=st.integers(1, 2**40),
    offset=st.integers(0, 255),
    ties=st.sampled_from(Ties),
)
def test_a_clipped_ratio_is_rounded_then_moved_then_clipped(
    v: list[int], factor: int, divisor: int, offset: int, ties: Ties
) -> None:
    for allowed, form in ((range(-8, 8), np.int8), (range(256), np.uint8)):
        got = np.empty((1, len(v)), dtype=form)
        clipped_ratio(
            np.array([v], dtype=np.int64),
            max(abs(x) for x in v),
            factor,
            np.array([[divisor]], dtype=np.int64),
            np.array([[offset]], dtype=np.int64),
            allowed,
            ties,
            got,
        )
        moved = [scalar.round_div(x * factor, divisor, ties) + offset for x in v]
        assert got.tolist() == [[min(max(c, allowed[0]), allowed[-1]) for c in moved]]
