"""Strategies shared by the tests of chapter 2: integers of every size, extremes among them."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.arith.ties import Ties

WIDE = (1 << 62) - 1
"""Largest magnitude that the array versions promise to round."""

BOTH_TIES = list(Ties)


def near_powers(largest: int) -> st.SearchStrategy[int]:
    """Integers one or two away from a power of two, both signs, up to ±largest."""
    bits = largest.bit_length()
    return st.builds(
        lambda k, off, sign: sign * max(0, min((1 << k) + off, largest)),
        st.integers(0, bits),
        st.integers(-2, 2),
        st.sampled_from((1, -1)),
    )


def sized(largest: int) -> st.SearchStrategy[int]:
    """Integers of ±largest whose bit length, not whose value, is spread evenly."""
    return st.one_of(
        near_powers(largest),
        st.integers(0, largest.bit_length()).flatmap(
            lambda k: st.integers(-min((1 << k), largest), min(1 << k, largest))
        ),
        st.sampled_from((largest, -largest, largest - 1, 1 - largest, 0)),
    )


def positive(largest: int) -> st.SearchStrategy[int]:
    """Integers from 1 to largest, spread by bit length."""
    return sized(largest).map(lambda x: max(abs(x), 1))


def int64(values: list[int]) -> NDArray[np.int64]:
    """The list as int64 [K]; an overflow is an error of the test."""
    return np.array(values, dtype=np.int64)


def nearest(x: Fraction, ties: Ties) -> int:
    """The integer nearest to x, by comparing the distances to both neighbours."""
    below = math.floor(x)
    above = below + 1
    if x - below != above - x:
        return below if x - below < above - x else above
    match ties:
        case Ties.HALF_UP:
            return above
        case Ties.HALF_EVEN:
            return below if below % 2 == 0 else above
