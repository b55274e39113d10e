"""Accumulator times scales, rounded once (OP-8, ATT-6), against rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikeref.arith import scalar
from spikeref.arith.rescale import rescale
from spikeref.arith.rounding import Saturated, Scale
from spikeref.arith.ties import Ties
from tests.arith.integers import BOTH_TIES, int64, nearest, sized

MANTISSA = st.one_of(st.integers(1 << 15, (1 << 16) - 1), st.sampled_from((1 << 15, (1 << 16) - 1)))
NARROW = (1 << 21) - 1
"""x of 21 bits times two 16-bit mantissas stays below 2^53: the float64 route."""
ACCUMULATOR = 1 << 30
"""The widest accumulator: the products reach 62 bits, the int64 route."""
EXPONENT = st.one_of(st.integers(-60, 60), st.integers(-2000, 2000))


def expected_value(
    x: int, product: int, exponent: int, bias: int, bits: int, ties: Ties
) -> tuple[int, bool]:
    """The clause on rationals: the result and whether it saturated."""
    value = Fraction(x * product) * Fraction(2) ** (exponent + 16)
    whole = nearest(value, ties) + bias
    clipped = scalar.saturate(whole, bits)
    return clipped, clipped != whole


def rescaled(
    x: list[list[int]],
    token: list[tuple[int, int]],
    channel: list[tuple[int, int]],
    bias: list[int] | None,
    bits: int,
    ties: Ties,
) -> Saturated:
    scales = [
        Scale(mantissa=int64([m for m, _ in pairs]), exponent=int64([e for _, e in pairs]))
        for pairs in (token, channel)
    ]
    rows = Scale(mantissa=scales[0].mantissa[:, None], exponent=scales[0].exponent[:, None])
    return rescale(
        np.array(x, dtype=np.int64),
        (rows, scales[1]),
        fraction_bits=16,
        bits=bits,
        ties=ties,
        bias=None if bias is None else int64(bias),
    )


def check(
    x: list[list[int]],
    token: list[tuple[int, int]],
    channel: list[tuple[int, int]],
    bias: list[int] | None,
    bits: int,
    ties: Ties,
) -> None:
    done = rescaled(x, token, channel, bias, bits, ties)
    biases = bias if bias is not None else [0] * len(channel)
    for t, (tm, te) in enumerate(token):
        expected = [
            expected_value(x[t][m], tm * cm, te + ce, biases[m], bits, ties)
            for m, (cm, ce) in enumerate(channel)
        ]
        assert done.values[t].tolist() == [value for value, _ in expected]
        assert int(done.count[t]) == sum(saturated for _, saturated in expected)


@pytest.mark.parametrize("ties", BOTH_TIES)
@pytest.mark.parametrize("largest", [NARROW, ACCUMULATOR], ids=["float64", "int64"])
@settings(max_examples=40)
@given(data=st.data())
def test_both_routes(ties: Ties, largest: int, data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    line = st.lists(sized(largest), min_size=columns, max_size=columns)
    x = data.draw(st.lists(line, min_size=rows, max_size=rows))
    x[0][0] = largest
    pairs = st.tuples(MANTISSA, EXPONENT)
    token = data.draw(st.lists(pairs, min_size=rows, max_size=rows))
    channel = data.draw(st.lists(pairs, min_size=columns, max_size=columns))
    biases = st.lists(sized((1 << 39) - 1), min_size=columns, max_size=columns)
    bias = data.draw(st.none() | biases)
    check(x, token, channel, bias, data.draw(st.sampled_from((32, 40))), ties)


@pytest.mark.parametrize("ties", BOTH_TIES)
@given(odd=sized(1 << 19).map(lambda v: 2 * v + 1), extra=st.integers(0, 20))
@example(odd=1, extra=0)
@example(odd=-1, extra=0)
def test_exact_halves(ties: Ties, odd: int, extra: int) -> None:
    """x·2^15·2^15·2^(−31−k)·… = odd/2^(k+1): a tie at k = 0."""
    check([[odd]], [(1 << 15, -31 - extra - 16)], [(1 << 15, 0)], None, 40, ties)


@pytest.mark.parametrize("ties", BOTH_TIES)
def test_left_shifts_saturate_and_are_counted(ties: Ties) -> None:
    """The note of OP-8: S ≤ −10 saturates every non-zero product."""
    x = [[1, 0, -1, ACCUMULATOR, -ACCUMULATOR]]
    channel = [(1 << 15, 0)] * 5
    done = rescaled(x, [(1 << 15, 10 - 16)], channel, None, 40, ties)
    high, low = (1 << 39) - 1, -(1 << 39)
    assert done.values.tolist() == [[high, 0, low, high, low]]
    assert done.count.tolist() == [4]


@pytest.mark.parametrize("ties", BOTH_TIES)
@pytest.mark.parametrize("narrow", [True, False])
def test_a_bias_does_not_undo_a_saturation(ties: Ties, narrow: bool) -> None:
    """The sum of product and bias saturates, not the product alone."""
    wide = [] if narrow else [ACCUMULATOR]
    x = [[1 << 9, 1 << 9, -(1 << 9), *wide]]
    bias = [-5, 5, (1 << 39) - 1, *(0 for _ in wide)]
    channel = [(1 << 15, 0)] * len(bias)
    check(x, [(1 << 15, -16)], channel, bias, 40, ties)
    check(x, [(1 << 15, 40)], channel, bias, 40, ties)


def test_exponents_that_cancel_may_leave_the_range_of_floats() -> None:
    """Scales of 2^±2000 stand for one number near 1; no route may overflow on the way."""
    for first, second in ((2000, -2030), (-2000, 1970)):
        token, channel = [(1 << 15, first)], [(1 << 15, second - 16)] * 3
        check([[3, 0, -5]], token, channel, None, 32, Ties.HALF_EVEN)


@pytest.mark.parametrize("ties", BOTH_TIES)
@given(
    first=MANTISSA.map(lambda m: m | 1),
    second=MANTISSA.map(lambda m: m | 1),
    shift=st.integers(24, 29),
    off=st.integers(-1, 1),
    sign=st.sampled_from((1, -1)),
)
def test_one_unit_beside_a_tie_of_a_62_bit_product(
    ties: Ties, first: int, second: int, shift: int, off: int, sign: int
) -> None:
    """x is such that the product ends in the bits of 2^(S−1) + off; float64 drops the unit."""
    modulus = 1 << shift
    x = ((modulus >> 1) + off) * pow(first * second, -1, modulus) % modulus
    x += (ACCUMULATOR - modulus) & -modulus
    assert x * first * second % modulus == (modulus >> 1) + off
    check([[sign * x]], [(first, -shift - 16)], [(second, 0)], None, 40, ties)
