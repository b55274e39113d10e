"""Rows that are held grow by doubling, and nothing stands after what was written (ENG-8)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikeref.forward.growing_rows import GrowingRows


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), min_size=1, max_size=12))
def test_rows_are_those_of_a_list(writes: list[tuple[int, int]]) -> None:
    """Each write goes on at some row of those before it."""
    rows, expected = GrowingRows((2,), np.int32), list[list[int]]()
    for number, (place, count) in enumerate(writes):
        first = min(place, len(expected))
        added = [[number, row] for row in range(count)]
        rows.write(np.array(added, dtype=np.int32), first)
        expected = [*expected[:first], *added]
        assert rows.view().tolist() == expected
        assert rows.view().dtype == np.int32


def test_room_doubles() -> None:
    """One row at a time: of 1000 writes few copy what was there."""
    rows, moves, before = GrowingRows((1,), np.int64), 0, -1
    for row in range(1000):
        rows.write(np.array([[row]], dtype=np.int64), row)
        base = rows.view().base
        assert base is not None
        moves += id(base) != before
        before = id(base)
    assert moves <= 12
    assert rows.view()[:, 0].tolist() == [*range(1000)]
