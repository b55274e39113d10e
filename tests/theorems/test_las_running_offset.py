"""THM-15: scores offset by their running maximum sum to A − max A (LAS-10, equations 16, 24)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.ops.las_softmax import running_offset

STEP = st.integers(-(1 << 56), 1 << 56) | st.integers(-9, 9)


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[NDArray[np.int64]], NDArray[np.bool_]]:
    """Increments [T, S] and hidden positions, at least one visible for each query."""
    queries, positions = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    row = st.lists(STEP, min_size=positions, max_size=positions)
    matrix = st.lists(row, min_size=queries, max_size=queries)
    increments = draw(st.lists(matrix, max_size=17))
    hidden = np.zeros((queries, positions), dtype=np.bool_)
    for query in range(queries):
        seen = draw(st.sets(st.integers(0, positions - 1), min_size=1))
        hidden[query] = [p not in seen for p in range(positions)]
    return [np.array(i, dtype=np.int64).reshape(queries, positions) for i in increments], hidden


@given(arrived=arrivals())
def test_the_offset_telescopes(
    arrived: tuple[list[NDArray[np.int64]], NDArray[np.bool_]],
) -> None:
    increments, hidden = arrived
    found = running_offset(iter(increments), hidden)
    scores = sum((i for i in increments), np.zeros(hidden.shape, dtype=np.int64))
    for query, row in enumerate(scores.tolist()):
        visible = [s for s, unseen in zip(row, hidden[query], strict=True) if not unseen]
        assert found.top[query] == max(visible)
        for position, score in enumerate(row):
            below = int(found.below[query, position])
            assert below == (0 if hidden[query, position] else max(visible) - score)
            assert below >= 0


@given(arrived=arrivals())
def test_equation_16_in_plain_integers(
    arrived: tuple[list[NDArray[np.int64]], NDArray[np.bool_]],
) -> None:
    """x̃(t) = x(t) − (max X(t) − max X(t−1)) with max X(0) = 0, summed term by term."""
    increments, hidden = arrived
    found = running_offset(iter(increments), hidden)
    for query in range(len(hidden)):
        seen = np.flatnonzero(~hidden[query]).tolist()
        sums = dict.fromkeys(seen, 0)
        offset = dict.fromkeys(seen, 0)
        top = 0
        for increment in increments:
            for position in seen:
                sums[position] += int(increment[query, position])
            risen = max(sums.values())
            for position in seen:
                offset[position] += int(increment[query, position]) - (risen - top)
            top = risen
        assert found.below[query, seen].tolist() == [-offset[p] for p in seen]


@given(arrived=arrivals(), shift=st.integers(-1000, 1000))
def test_no_order_of_increments_matters(
    arrived: tuple[list[NDArray[np.int64]], NDArray[np.bool_]], shift: int
) -> None:
    """Nor does a constant on every score."""
    increments, hidden = arrived
    first = running_offset(iter(increments), hidden)
    constant = np.full(hidden.shape, shift, dtype=np.int64)
    second = running_offset(iter([constant, *reversed(increments)]), hidden)
    np.testing.assert_array_equal(first.below, second.below)
    np.testing.assert_array_equal(first.top + shift, second.top)
