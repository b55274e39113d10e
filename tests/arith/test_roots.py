"""Integer square roots (ARITH-7)."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikeref.arith.roots import isqrt
from tests.arith.integers import WIDE, int64, sized

LARGEST_ROOT = (1 << 31) - 1


def test_every_small_value() -> None:
    x = np.arange(1 << 16, dtype=np.int64)
    assert isqrt(x).tolist() == [math.isqrt(v) for v in range(1 << 16)]


@given(roots=st.lists(sized(LARGEST_ROOT).map(abs), min_size=1, max_size=60))
def test_next_to_squares(roots: list[int]) -> None:
    values = [r * r + off for r in roots for off in (-1, 0, 1) if 0 <= r * r + off <= WIDE]
    assert isqrt(int64(values)).tolist() == [math.isqrt(v) for v in values]


def test_the_largest_squares() -> None:
    """Where float64 no longer holds x, its root may be one too large before correction."""
    roots = range(LARGEST_ROOT - 2000, LARGEST_ROOT + 1)
    values = [r * r + off for r in roots for off in (-1, 0, 1)]
    assert isqrt(int64(values)).tolist() == [math.isqrt(v) for v in values]
    assert isqrt(int64([WIDE])).tolist() == [LARGEST_ROOT]


@given(values=st.lists(sized(WIDE).map(abs), min_size=1, max_size=60))
def test_the_whole_domain(values: list[int]) -> None:
    assert isqrt(int64(values)).tolist() == [math.isqrt(v) for v in values]
