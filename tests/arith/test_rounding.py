"""The array versions of ARITH-2 to ARITH-6 equal the scalar ones, under each tie rule (CONV-8)."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.arith import scalar
from spikeref.arith.rounding import (
    bit_length,
    block_shift,
    normalise,
    round_div,
    round_shift,
    saturate,
    shift_saturate,
)
from spikeref.arith.ties import Ties
from spikeref.errors import RangeError
from tests.arith.integers import BOTH_TIES, WIDE, int64, positive, sized

SMALL = np.arange(-256, 257, dtype=np.int64)
FLOAT_LIMIT = 1 << 52
"""round_div leaves the float64 path here."""


@pytest.mark.parametrize("ties", BOTH_TIES)
def test_round_shift_on_every_small_value(ties: Ties) -> None:
    shifts = np.arange(10, dtype=np.int64)
    found = round_shift(SMALL[:, None], shifts, ties)
    expected = [[scalar.round_shift(int(x), int(s), ties) for s in shifts] for x in SMALL]
    np.testing.assert_array_equal(found, int64(expected))  # type: ignore[arg-type]
    for s in shifts:
        np.testing.assert_array_equal(round_shift(SMALL, int(s), ties), found[:, s])


@pytest.mark.parametrize("ties", BOTH_TIES)
@settings(max_examples=40)
@given(values=st.lists(sized(WIDE), min_size=1, max_size=40), s=st.integers(0, 70))
@example(values=[WIDE, -WIDE, 1 << 61, -(1 << 61), (1 << 61) + 1, -(1 << 61) - 1], s=62)
@example(values=[WIDE, -WIDE, 1, -1, 0], s=63)
@example(values=[WIDE, -WIDE, 1, -1, 0], s=70)
def test_round_shift_right(ties: Ties, values: list[int], s: int) -> None:
    expected = [scalar.round_shift(x, s, ties) for x in values]
    assert round_shift(int64(values), s, ties).tolist() == expected


@pytest.mark.parametrize("ties", BOTH_TIES)
@settings(max_examples=40)
@given(pairs=st.lists(st.tuples(sized(WIDE), st.integers(-60, 70)), min_size=1, max_size=40))
def test_round_shift_by_an_array_of_shifts(ties: Ties, pairs: list[tuple[int, int]]) -> None:
    """Left shifts that fit 62 bits are exact; one that does not is refused, never wrapped."""
    x = int64([value for value, _ in pairs])
    s = int64([shift for _, shift in pairs])
    expected = [scalar.round_shift(value, shift, ties) for value, shift in pairs]
    if max(abs(value) for value in expected) <= WIDE:
        assert round_shift(x, s, ties).tolist() == expected
    else:
        with pytest.raises(RangeError, match="left shift"):
            round_shift(x, s, ties)


@pytest.mark.parametrize("s", [-60, -62, -63, -64, -1000])
def test_left_shift_at_its_limit(s: int) -> None:
    assert round_shift(int64([0]), s, Ties.HALF_EVEN).tolist() == [0]
    if s >= -61:
        assert round_shift(int64([1, -3]), s, Ties.HALF_EVEN).tolist() == [1 << -s, -3 << -s]
    else:
        with pytest.raises(RangeError):
            round_shift(int64([1]), s, Ties.HALF_EVEN)


def test_a_left_shift_names_what_does_not_fit() -> None:
    """The shifted value, of the element that leaves the width, though x broadcasts."""
    x = int64([[1], [5], [0]])  # type: ignore[list-item]
    with pytest.raises(RangeError) as caught:
        round_shift(x, int64([0, -60]), Ties.HALF_EVEN)
    assert caught.value.value == 5 << 60
    with pytest.raises(RangeError) as caught:
        round_shift(int64([0, -3]), -(1 << 40), Ties.HALF_EVEN)
    assert caught.value.value == -3 << 63


def test_round_shift_leaves_its_input_alone() -> None:
    x = int64([5, -5, 7])
    for ties in BOTH_TIES:
        for s in (-2, 0, 1):
            round_shift(x, s, ties)
    assert x.tolist() == [5, -5, 7]


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_narrow_inputs_are_widened_first(dtype: type[np.signedinteger]) -> None:
    x = np.array([np.iinfo(dtype).max, np.iinfo(dtype).min], dtype=dtype)
    left = round_shift(x, -20, Ties.HALF_EVEN)
    assert left.dtype == np.int64
    assert left.tolist() == [int(value) << 20 for value in x.tolist()]
    divided = round_div(x, int64([1]), Ties.HALF_UP)
    assert divided.tolist() == x.tolist()


@pytest.mark.parametrize("ties", BOTH_TIES)
def test_round_div_on_every_small_pair(ties: Ties) -> None:
    divisors = np.arange(1, 130, dtype=np.int64)
    found = round_div(SMALL[:, None], divisors, ties)
    expected = [[scalar.round_div(int(a), int(b), ties) for b in divisors] for a in SMALL]
    assert found.tolist() == expected


@pytest.mark.parametrize("ties", BOTH_TIES)
@settings(max_examples=40)
@given(
    pairs=st.lists(st.tuples(sized(WIDE), positive(WIDE)), min_size=1, max_size=30),
)
def test_round_div_through_integers(ties: Ties, pairs: list[tuple[int, int]]) -> None:
    check_round_div([(FLOAT_LIMIT, 1), *pairs], ties)


@pytest.mark.parametrize("ties", BOTH_TIES)
@settings(max_examples=40)
@given(
    pairs=st.lists(st.tuples(sized(FLOAT_LIMIT - 1), positive(WIDE)), min_size=1, max_size=30),
)
@example(pairs=[(FLOAT_LIMIT - 1, 1), (FLOAT_LIMIT - 1, 2), (FLOAT_LIMIT - 1, FLOAT_LIMIT - 2)])
@example(pairs=[(FLOAT_LIMIT - 1, (1 << 53) - 1), (FLOAT_LIMIT - 1, (1 << 53) - 3)])
@example(pairs=[(1 - FLOAT_LIMIT, (1 << 61) + 1), (FLOAT_LIMIT - 1, WIDE)])
def test_round_div_through_float64(ties: Ties, pairs: list[tuple[int, int]]) -> None:
    check_round_div(pairs, ties)


@pytest.mark.parametrize("ties", BOTH_TIES)
@settings(max_examples=40)
@given(
    cases=st.lists(
        st.tuples(positive(1 << 40), positive(1 << 40), st.integers(-1, 1)),
        min_size=1,
        max_size=30,
    ),
    negative=st.booleans(),
)
def test_round_div_next_to_a_half(
    ties: Ties, cases: list[tuple[int, int, int]], negative: bool
) -> None:
    """Numerators at a tie and one off it, just below where the float64 path ends."""
    pairs = []
    for half, quotient, off in cases:
        odd = 2 * min(quotient, (FLOAT_LIMIT - 2) // half // 2) + 1
        a = min(odd * half + off, FLOAT_LIMIT - 1)
        pairs.append((-a if negative else a, 2 * half))
    check_round_div(pairs, ties)


def check_round_div(pairs: list[tuple[int, int]], ties: Ties) -> None:
    a, b = (int64([pair[i] for pair in pairs]) for i in (0, 1))
    expected = [scalar.round_div(x, y, ties) for x, y in pairs]
    assert round_div(a, b, ties).tolist() == expected


@pytest.mark.parametrize("ties", BOTH_TIES)
@pytest.mark.parametrize("offset", range(-3, 4))
def test_round_div_at_the_boundary_of_its_paths(ties: Ties, offset: int) -> None:
    divisors = [1, 2, 3, 4, 6, 7, 1 << 20, (1 << 52) - 1, 1 << 52, (1 << 52) + 1, 1 << 53, WIDE]
    for sign in (1, -1):
        a = sign * (FLOAT_LIMIT + offset)
        check_round_div([(a, b) for b in divisors], ties)


@pytest.mark.parametrize("ties", BOTH_TIES)
@pytest.mark.parametrize("bits", range(52, 60))
def test_round_div_where_the_float64_quotient_is_wrong(ties: Ties, bits: int) -> None:
    """Quotients a third away from a half, and halves that float64 no longer holds."""
    odd = (1 << (bits - 1)) + 1
    for a, b in ((3 * odd + 1, 3), (2 * odd + 1, 2), (odd + (1 << bits), 1), (5 * odd + 2, 5)):
        check_round_div([(a, b)], ties)
        check_round_div([(-a, b)], ties)


def test_bit_length_around_powers_of_two() -> None:
    values = sorted({max(0, (1 << k) + off) for k in range(63) for off in (-2, -1, 0, 1, 2)})
    values = [v for v in values if v < 1 << 63] + [WIDE, (1 << 63) - 1]
    assert bit_length(int64(values)).tolist() == [v.bit_length() for v in values]


@settings(max_examples=40)
@given(values=st.lists(sized(WIDE).map(abs), min_size=1, max_size=60))
@example(values=[(1 << 53) - 1, 1 << 53, (1 << 53) + 1, (1 << 54) - 1, (1 << 62) - 1])
def test_bit_length(values: list[int]) -> None:
    assert bit_length(int64(values)).tolist() == [v.bit_length() for v in values]


@settings(max_examples=40)
@given(
    rows=st.lists(st.lists(sized((1 << 63) - 1), min_size=3, max_size=3), min_size=1, max_size=5),
    bits=st.integers(2, 48),
)
def test_saturate_and_its_counts(rows: list[list[int]], bits: int) -> None:
    done = saturate(int64(rows), bits)  # type: ignore[arg-type]
    expected = [[scalar.saturate(x, bits) for x in row] for row in rows]
    assert done.values.tolist() == expected
    changed = [
        sum(x != y for x, y in zip(*pair, strict=True)) for pair in zip(rows, expected, strict=True)
    ]
    assert done.count.tolist() == changed


def test_saturate_keeps_the_two_ends_uncounted() -> None:
    done = saturate(int64([[127, -128], [128, -129]]), 8)  # type: ignore[list-item]
    assert done.values.tolist() == [[127, -128], [127, -128]]
    assert done.count.tolist() == [0, 2]


def test_saturate_of_nothing() -> None:
    done = saturate(np.zeros((2, 0), dtype=np.int64), 8)
    assert done.values.shape == (2, 0)
    assert done.count.tolist() == [0, 0]


@pytest.mark.parametrize("ties", BOTH_TIES)
@settings(max_examples=60)
@given(
    pairs=st.lists(st.tuples(sized(WIDE), st.integers(-100, 70)), min_size=1, max_size=30),
    bits=st.sampled_from((8, 31, 32, 40, 48)),
)
@example(pairs=[(0, -100), (1, -7), (-1, -7), (1, -6), (-1, -8), (3, -6), (1, -64)], bits=8)
@example(pairs=[(1, -29), (1, -30), (-1, -30), (-1, -31), (1, -31), (-2, -30)], bits=31)
@example(pairs=[(-1, -39), (-1, -40), (1, -38), (1, -39), (-2, -38), (-2, -39)], bits=40)
@example(pairs=[(-2, -46), (-1, -47), (-1, -48), (1, -46), (1, -47), (WIDE, 15)], bits=48)
def test_shift_saturate(ties: Ties, bits: int, pairs: list[tuple[int, int]]) -> None:
    """The saturated unbounded shift, though a left shift may need far more than 63 bits."""
    x = int64([value for value, _ in pairs])[:, None]
    s = int64([shift for _, shift in pairs])[:, None]
    exact = [scalar.round_shift(value, shift, ties) for value, shift in pairs]
    expected = [scalar.saturate(value, bits) for value in exact]
    done = shift_saturate(x, s, bits, ties)
    assert done.values[:, 0].tolist() == expected
    assert done.count.tolist() == [int(a != b) for a, b in zip(exact, expected, strict=True)]


def test_shift_saturate_counts_over_broadcast_shifts() -> None:
    x = int64([[1], [0], [-1]])  # type: ignore[list-item]
    done = shift_saturate(x, int64([-6, -7, -8]), 8, Ties.HALF_EVEN)
    assert done.values.tolist() == [[64, 127, 127], [0, 0, 0], [-64, -128, -128]]
    assert done.count.tolist() == [2, 0, 1]


@pytest.mark.parametrize("ties", BOTH_TIES)
@settings(max_examples=40)
@given(
    rows=st.lists(st.lists(sized(WIDE), min_size=4, max_size=4), min_size=1, max_size=6),
    bits=st.integers(2, 31),
)
def test_block_shift(ties: Ties, rows: list[list[int]], bits: int) -> None:
    block = block_shift(int64(rows), bits, ties)  # type: ignore[arg-type]
    expected = [scalar.block_shift(row, bits, ties) for row in rows]
    assert block.mantissas.tolist() == [mantissas for mantissas, _ in expected]
    assert block.shift.tolist() == [s for _, s in expected]


@pytest.mark.parametrize("sign", [1, -1])
def test_block_shift_carries_into_one_more_shift(sign: int) -> None:
    """65535/2 = 32767.5 goes to 2^15, which 16 bits do not hold, so the block shifts by 2."""
    block = block_shift(int64([[sign * 65535, 3]]), 16, Ties.HALF_EVEN)  # type: ignore[list-item]
    assert block.shift.tolist() == [2]
    assert block.mantissas.tolist() == [[sign * 16384, 1]]
    kept = block_shift(int64([[sign * 65534, 3]]), 16, Ties.HALF_EVEN)  # type: ignore[list-item]
    assert kept.shift.tolist() == [1]
    assert kept.mantissas.tolist() == [[sign * 32767, 2]]


def test_block_shift_of_a_row_that_fits_is_the_row() -> None:
    x = int64([[32767, -32767], [0, 0]])  # type: ignore[list-item]
    block = block_shift(x, 16, Ties.HALF_EVEN)
    assert block.shift.tolist() == [0, 0]
    np.testing.assert_array_equal(block.mantissas, x)


@pytest.mark.parametrize("ties", BOTH_TIES)
@settings(max_examples=40)
@given(values=st.lists(positive(WIDE), min_size=1, max_size=40), bits=st.integers(2, 31))
@example(values=[(1 << 17) - 1, (1 << 16) - 1, 1 << 16, WIDE, 1], bits=16)
def test_normalise(ties: Ties, values: list[int], bits: int) -> None:
    scale = normalise(int64(values), bits, ties)
    expected = [scalar.normalise(a, bits, ties) for a in values]
    assert list(zip(scale.mantissa.tolist(), scale.exponent.tolist(), strict=True)) == expected


@pytest.mark.parametrize("ties", BOTH_TIES)
def test_block_shift_and_normalise_end_where_round_shift_does(ties: Ties) -> None:
    """At 2^62 half a unit would leave 63 bits, and −(−2^63) is −2^63: refused, never wrapped."""
    for bits in (1, 2, 24, 62):
        assert normalise(int64([WIDE]), bits, ties).mantissa.tolist() == [
            scalar.normalise(WIDE, bits, ties)[0]
        ]
        for beyond in (1 << 62, (1 << 63) - 1):
            with pytest.raises(RangeError, match=rf"normalise: {beyond} .*ARITH-6"):
                normalise(int64([1, beyond]), bits, ties)
    for bits in (1, 2, 24, 63, 64):
        rows = int64([[3, 5], [WIDE, -WIDE]])  # type: ignore[list-item]
        mantissas, shift = scalar.block_shift([WIDE, -WIDE], bits, ties)
        block = block_shift(rows, bits, ties)
        assert (block.mantissas[1].tolist(), int(block.shift[1])) == (mantissas, shift)
        for beyond in (1 << 62, -(1 << 62), (1 << 63) - 1, -(1 << 63)):
            with pytest.raises(RangeError, match=rf"block_shift: {abs(beyond)} .*ARITH-5"):
                block_shift(int64([[3, 5], [beyond, 3]]), bits, ties)  # type: ignore[list-item]


def rows_of_one(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return values[:, None]


@pytest.mark.parametrize("ties", BOTH_TIES)
def test_normalise_and_block_shift_on_every_small_value(ties: Ties) -> None:
    for bits in range(2, 9):
        scale = normalise(SMALL[SMALL > 0], bits, ties)
        found = list(zip(scale.mantissa.tolist(), scale.exponent.tolist(), strict=True))
        assert found == [scalar.normalise(a, bits, ties) for a in range(1, 257)]
        block = block_shift(rows_of_one(SMALL), bits, ties)
        expected = [scalar.block_shift([x], bits, ties) for x in SMALL.tolist()]
        assert block.mantissas.tolist() == [mantissas for mantissas, _ in expected]
        assert block.shift.tolist() == [s for _, s in expected]
