"""Exact products through float32, float64 and int64 (ARITH-9, THM-12)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.arith.dot import (
    FLOAT32_LIMIT,
    FLOAT64_LIMIT,
    SMALLEST_SPLIT,
    WIDENED_ELEMENTS,
    ThroughFloat32,
    ThroughFloat64,
    ThroughInt64,
    absolute_column_sums,
    absolute_row_sums,
    choose_route,
    dot_by_heads,
    dot_exact,
    sum_of_squares,
)
from spikeref.errors import RangeError

LARGEST = np.iinfo(np.int64).max


def by_python(a: NDArray[Any], b: NDArray[Any]) -> list[list[int]]:
    """The definition on unbounded integers."""
    columns = [[int(x) for x in column] for column in b.T]
    return [
        [sum(int(x) * y for x, y in zip(row, column, strict=True)) for column in columns]
        for row in a
    ]


def extremes(terms: int, a: int, b: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows of ±a against columns of ±b: all alike, alternating, one off, and random signs."""
    rng = np.random.default_rng(seed)
    signs = rng.choice(np.array([-1, 1]), size=(2, terms))
    alternating = np.where(np.arange(terms) % 2 == 0, 1, -1)
    one_off = np.full(terms, a)
    one_off[terms // 2] = a - 1
    left = np.stack([np.full(terms, a), np.full(terms, -a), a * alternating, one_off, a * signs[0]])
    right = np.stack([np.full(terms, b), b * alternating, b * signs[1], np.full(terms, -b)], axis=1)
    return left.astype(np.int64), right.astype(np.int64)


@pytest.mark.parametrize(
    ("terms", "a_max", "b_max", "route"),
    [
        # K·a·b just below and at 2^24.
        (1, 4095, 4096, ThroughFloat32(run=1)),
        (1, 4096, 4096, ThroughFloat64()),
        (255, 256, 257, ThroughFloat32(run=255)),
        (4, 2048, 2047, ThroughFloat32(run=4)),
        (4, 2048, 2048, ThroughFloat64()),
        (1032, 127, 128, ThroughFloat32(run=1032)),
        (1033, 127, 128, ThroughFloat32(run=1032)),
        # The shortest split there is, and one term too large for it.
        (10000, 255, 257, ThroughFloat32(run=256)),
        (10000, 256, 256, ThroughFloat64()),
        # Just below and at 2^53.
        (1, (1 << 53) - 1, 1, ThroughFloat64()),
        (1, 1 << 53, 1, ThroughInt64()),
        (8, 1 << 25, (1 << 25) - 1, ThroughFloat64()),
        (8, 1 << 25, 1 << 25, ThroughInt64()),
        (4095, 1 << 20, 1 << 21, ThroughFloat64()),
        (4096, 1 << 20, 1 << 21, ThroughInt64()),
        # Just below 2^63.
        (1, LARGEST, 1, ThroughInt64()),
        (3, (1 << 61) - 1, 1, ThroughInt64()),
    ],
)
def test_extreme_values_at_the_boundaries_of_routes(
    terms: int, a_max: int, b_max: int, route: object
) -> None:
    assert choose_route(terms, a_max * b_max, terms * a_max * b_max) == route
    a, b = extremes(terms, a_max, b_max, seed=terms)
    found = dot_exact(a, b, a_max=a_max, b_max=b_max)
    assert found.tolist() == by_python(a, b)
    narrow = terms * a_max * b_max < 1 << 31
    assert found.dtype == (np.int32 if narrow else np.int64)


def test_no_route_beyond_63_bits() -> None:
    with pytest.raises(RangeError, match="sum of products"):
        choose_route(2, 1 << 62, 1 << 63)
    a = np.full((1, 4), 1 << 31, dtype=np.int64)
    with pytest.raises(RangeError):
        dot_exact(a, a.T, a_max=1 << 31, b_max=1 << 30)


@given(
    terms=st.integers(0, 1 << 20),
    a_bits=st.integers(1, 62),
    b_bits=st.integers(1, 62),
)
def test_the_route_is_proven_for_its_terms(terms: int, a_bits: int, b_bits: int) -> None:
    """Every route keeps its partial sums inside the format's exact integers."""
    product = ((1 << a_bits) - 1) * ((1 << b_bits) - 1)
    bound = terms * product
    if bound >= 1 << 63 and product * SMALLEST_SPLIT >= FLOAT32_LIMIT:
        with pytest.raises(RangeError):
            choose_route(terms, product, bound)
        return
    match choose_route(terms, product, bound):
        case ThroughFloat32(run):
            assert min(run, terms) * product < FLOAT32_LIMIT
            assert run >= min(SMALLEST_SPLIT, terms)
        case ThroughFloat64():
            assert bound < FLOAT64_LIMIT
        case ThroughInt64():
            assert bound < 1 << 63


@pytest.mark.parametrize("terms", [257, 1031, 1032, 1033, 2063, 2064, 2065, 5000])
def test_split_runs_at_their_seams(terms: int) -> None:
    """8-bit counts and weights: runs of 1032 terms, the last of them of any length."""
    a, b = extremes(terms, 128, 127, seed=terms)
    found = dot_exact(a.astype(np.int16), b.astype(np.int8), a_max=128, b_max=127)
    assert found.tolist() == by_python(a, b)


def test_a_float32_sum_one_run_longer_would_be_wrong() -> None:
    """The bound is not idle: past it float32 loses a unit, which `dot_exact` does not."""
    a = np.full((1, 1034), 127, dtype=np.int64)
    b = np.full((1034, 1), 128, dtype=np.int64)
    a[0, 0], b[0, 0] = 1, 1
    exact = 1 + 1033 * 127 * 128
    serial = np.float32(0)
    for x in (a[0, ::-1] * b[::-1, 0]).astype(np.float32):
        serial = np.float32(serial + x)
    assert int(serial) != exact
    assert dot_exact(a, b, a_max=127, b_max=128).tolist() == [[exact]]


@pytest.mark.parametrize("columns", [1, 511, 512, 513, 1025])
def test_blocks_of_columns(columns: int) -> None:
    rng = np.random.default_rng(columns)
    a = rng.integers(-8, 8, size=(3, 40))
    b = rng.integers(-7, 8, size=(40, columns))
    found = dot_exact(a.astype(np.int8), b.astype(np.int8), a_max=8, b_max=7)
    np.testing.assert_array_equal(found, np.matmul(a, b))


@settings(max_examples=40)
@given(data=st.data())
def test_random_operands_of_every_width(data: st.DataObject) -> None:
    rows, terms, columns = (data.draw(st.integers(0, 5)) for _ in range(3))
    a_max = (1 << data.draw(st.integers(0, 40))) - data.draw(st.integers(0, 1))
    b_max = 1 << data.draw(st.integers(0, 20))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    a = rng.integers(-a_max, a_max, size=(rows, terms), endpoint=True)
    b = rng.integers(-b_max, b_max, size=(terms, columns), endpoint=True)
    found = dot_exact(a, b, a_max=a_max, b_max=b_max)
    assert found.shape == (rows, columns)
    assert found.tolist() == (by_python(a, b) if columns else [[]] * rows)


def test_no_terms_give_zeros() -> None:
    a, b = np.zeros((2, 0), dtype=np.int8), np.zeros((0, 3), dtype=np.int8)
    assert dot_exact(a, b, a_max=8, b_max=7).tolist() == [[0, 0, 0]] * 2


def test_a_tighter_bound_on_the_sum_narrows_the_route() -> None:
    """sum_max below 2^24 keeps float32 for terms whose plain bound is far above."""
    terms = 2000
    a = np.full((2, terms), 255, dtype=np.uint8)
    b = np.zeros((terms, 2), dtype=np.int8)
    b[::40] = 127
    bound = int(255 * np.abs(b.astype(np.int64)).sum(axis=0).max())
    assert choose_route(terms, 255 * 127, bound) == ThroughFloat32(run=terms)
    found = dot_exact(a, b, a_max=255, b_max=127, sum_max=bound)
    assert found.dtype == np.int32
    assert found.tolist() == by_python(a, b)


@given(rows=st.lists(st.lists(st.integers(-(1 << 23), 1 << 23), min_size=4, max_size=4)))
def test_sum_of_squares(rows: list[list[int]]) -> None:
    m = np.array(rows, dtype=np.int64).reshape(-1, 4)
    assert sum_of_squares(m).tolist() == [sum(x * x for x in row) for row in rows]


def test_sum_of_squares_at_its_widest() -> None:
    """2^15 mantissas of 24 bits stay below 2^61; what could wrap is refused."""
    m = np.full((2, 1 << 15), 1 - (1 << 23), dtype=np.int64)
    assert sum_of_squares(m).tolist() == [(1 << 15) * ((1 << 23) - 1) ** 2] * 2
    with pytest.raises(RangeError, match="sum of squares"):
        sum_of_squares(np.full((1, 2), 1 << 31, dtype=np.int64))


@pytest.mark.parametrize("form", [np.int8, np.int16])
@pytest.mark.parametrize("rows", [0, 1, 255, 256, 257, 1000])
def test_absolute_column_sums(rows: int, form: type[np.int8] | type[np.int16]) -> None:
    """Columns of the least and the largest weight alone come closest to the end of a run."""
    low, high = np.iinfo(form).min, np.iinfo(form).max
    drawn = np.random.default_rng(rows).integers(low, high, size=(rows, 4), endpoint=True)
    weights = drawn.astype(form)
    weights[:, 0], weights[:, 1] = low, high
    expected = [sum(abs(int(w)) for w in column) for column in weights.T]
    assert absolute_column_sums(weights).tolist() == expected


@pytest.mark.parametrize("shape", [(1, 1), (3, 1000), (700, 900)])
def test_absolute_sums_of_16_bits(shape: tuple[int, int]) -> None:
    """−2^15 has no magnitude in int16; one size is cut into blocks."""
    weights = np.random.default_rng(2).integers(-(1 << 15), 1 << 15, shape).astype(np.int16)
    weights[0] = -(1 << 15)
    wide = np.abs(weights.astype(np.int64))
    assert absolute_row_sums(weights).tolist() == wide.sum(axis=1).tolist()
    assert absolute_column_sums(weights).tolist() == wide.sum(axis=0).tolist()


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(
    ("terms", "columns", "a_max"),
    [(5, 3, 7), (300, 3, 1 << 23), (WIDENED_ELEMENTS // 4 + 1, 4, 1 << 23), (4, 3, 1 << 55)],
    ids=["float32", "float64", "one head at a time", "int64"],
)
def test_products_of_heads_are_those_of_each_head(
    groups: int, terms: int, columns: int, a_max: int
) -> None:
    """Heads in a row share a group, on every route."""
    rng = np.random.default_rng(terms + groups)
    a = rng.integers(-a_max, a_max, size=(3, 4, terms), endpoint=True)
    b = rng.integers(-7, 8, size=(columns, groups, terms)).astype(np.int8).transpose(1, 2, 0)
    found = dot_by_heads(a, b, a_max=a_max, b_max=8)
    assert found.dtype == np.int64
    for head in range(4):
        shared = b[head * groups // 4].astype(np.int64)
        np.testing.assert_array_equal(found[:, head], np.matmul(a[:, head], shared))


@pytest.mark.parametrize("shape", [(0, 2, 3), (2, 0, 3), (2, 2, 0)])
def test_products_of_heads_of_nothing(shape: tuple[int, int, int]) -> None:
    b = np.ones((shape[1], shape[2], 4), dtype=np.int8)
    found = dot_by_heads(np.ones(shape, dtype=np.int64), b, a_max=1, b_max=1)
    assert found.shape == (*shape[:2], 4)
    assert not found.any()
