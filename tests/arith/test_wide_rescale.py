"""Combined scales and the rescale of wide accumulators, against rationals (LAS-1, LAS-2)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spikeref.arith import scalar
from spikeref.arith.rounding import Scale
from spikeref.arith.ties import Ties
from spikeref.arith.wide_rescale import combine, wide_rescale, wide_shift
from spikeref.errors import RangeError
from tests.arith.integers import BOTH_TIES, int64, nearest, sized

MANTISSA = st.integers(1 << 15, (1 << 16) - 1) | st.sampled_from((1 << 15, (1 << 16) - 1))
EXPONENT = st.integers(-80, 40) | st.integers(-900, 900)
LARGEST = (1 << 62) - 1
TIES = st.sampled_from(BOTH_TIES)
BIAS = sized((1 << 39) - 1)


def scale_of(mantissa: int, exponent: int) -> Scale:
    return Scale(mantissa=np.asarray(mantissa), exponent=np.asarray(exponent))


def by_clause(
    y: int, bound: int, mantissa: int, exponent: int, bias: int, bits: int, ties: Ties
) -> tuple[int, bool]:
    """LAS-2 on unbounded numbers: the result and whether it saturated."""
    s = max(0, bound.bit_length() - 46)
    kept = nearest(Fraction(y, 1 << s), ties)
    whole = nearest(Fraction(kept * mantissa) * Fraction(2) ** (exponent + s + 16), ties) + bias
    clipped = scalar.saturate(whole, bits)
    return clipped, clipped != whole


@given(first=st.tuples(MANTISSA, EXPONENT), second=st.tuples(MANTISSA, EXPONENT), ties=TIES)
@example(first=(46341, 0), second=(46341, 0), ties=Ties.HALF_EVEN)
@example(first=(65535, 0), second=(65535, 0), ties=Ties.HALF_EVEN)
def test_combined_scales(first: tuple[int, int], second: tuple[int, int], ties: Ties) -> None:
    found = combine(scale_of(*first), scale_of(*second), ties)
    mantissa, exponent = scalar.normalise(first[0] * second[0], 16, ties)
    expected = mantissa, exponent + first[1] + second[1]
    assert (int(found.mantissa), int(found.exponent)) == expected
    assert 1 << 15 <= mantissa < 1 << 16
    exact = Fraction(first[0] * second[0]) * Fraction(2) ** (first[1] + second[1])
    value = mantissa * Fraction(2) ** expected[1]
    # Half a unit of a mantissa of 16 bits.
    assert abs(value - exact) * (1 << 16) <= exact


def test_scales_combine_array_by_array() -> None:
    channels = Scale(mantissa=int64([1 << 15, 65535, 40000]), exponent=int64([-3, 0, 9]))
    one = scale_of(50000, -20)
    found = combine(one, channels, Ties.HALF_UP)
    for i in range(3):
        part = Scale(mantissa=channels.mantissa[i], exponent=channels.exponent[i])
        alone = combine(one, part, Ties.HALF_UP)
        assert found.mantissa[i] == alone.mantissa
        assert found.exponent[i] == alone.exponent


def test_the_shift_of_a_bound() -> None:
    for bits in range(1, 63):
        for bound in (1 << (bits - 1), (1 << bits) - 1):
            assert wide_shift(bound) == max(0, bits - 46)
    assert wide_shift(0) == 0
    with pytest.raises(RangeError) as refused:
        wide_shift(1 << 62)
    assert "LAS-2" in str(refused.value)
    assert "\n" not in str(refused.value)


@given(
    y=sized(LARGEST),
    slack=st.integers(0, 1 << 20) | st.just(0),
    mantissa=MANTISSA,
    exponent=EXPONENT,
    bias=BIAS | st.none(),
    bits=st.sampled_from([32, 40]),
    ties=TIES,
)
@example(y=LARGEST, slack=0, mantissa=65535, exponent=-62, bias=None, bits=40, ties=Ties.HALF_EVEN)
@example(y=-LARGEST, slack=0, mantissa=65535, exponent=-70, bias=5, bits=32, ties=Ties.HALF_UP)
@example(y=3, slack=0, mantissa=1 << 15, exponent=-32, bias=None, bits=40, ties=Ties.HALF_EVEN)
def test_one_accumulator(
    y: int, slack: int, mantissa: int, exponent: int, bias: int | None, bits: int, ties: Ties
) -> None:
    bound = min(abs(y) + slack, LARGEST)
    found = wide_rescale(
        np.array([[y]], dtype=np.int64),
        bound,
        scale_of(mantissa, exponent),
        bits=bits,
        ties=ties,
        bias=None if bias is None else int64([bias]),
    )
    value, saturated = by_clause(y, bound, mantissa, exponent, bias or 0, bits, ties)
    assert found.values.tolist() == [[value]]
    assert found.count.tolist() == [int(saturated)]


@given(
    rows=st.lists(st.lists(sized(1 << 50), min_size=3, max_size=3), min_size=1, max_size=4),
    channels=st.lists(st.tuples(MANTISSA, st.integers(-80, -20)), min_size=3, max_size=3),
    bias=st.lists(BIAS, min_size=3, max_size=3),
    ties=TIES,
)
def test_rows_channels_and_counts(
    rows: list[list[int]], channels: list[tuple[int, int]], bias: list[int], ties: Ties
) -> None:
    """Each channel has its scale and bias; saturations are counted by row."""
    bound = 1 << 50
    scale = Scale(
        mantissa=int64([m for m, _ in channels]), exponent=int64([e for _, e in channels])
    )
    found = wide_rescale(
        np.array(rows, dtype=np.int64), bound, scale, bits=32, ties=ties, bias=int64(bias)
    )
    expected = [
        [
            by_clause(y, bound, m, e, b, 32, ties)
            for y, (m, e), b in zip(row, channels, bias, strict=True)
        ]
        for row in rows
    ]
    assert found.values.tolist() == [[value for value, _ in row] for row in expected]
    assert found.count.tolist() == [sum(cut for _, cut in row) for row in expected]


def test_many_rows_and_heads() -> None:
    """Blocks of rows in threads, and accumulators [T, H, d] with one scale for all."""
    rng = np.random.default_rng(3)
    y = rng.integers(-(1 << 47), 1 << 47, size=(300, 7, 500))
    found = wide_rescale(y, 1 << 47, scale_of(40000, -40), bits=40, ties=Ties.HALF_EVEN)
    picked = rng.integers(0, y.size, size=50)
    for place in picked.tolist():
        value, _ = by_clause(int(y.flat[place]), 1 << 47, 40000, -40, 0, 40, Ties.HALF_EVEN)
        assert found.values.flat[place] == value
