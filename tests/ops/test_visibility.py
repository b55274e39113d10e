"""Which positions a query sees, against the words of the clauses (ATT-5, LAS-10)."""

import numpy as np
import pytest

from spikeref.ops.visibility import Sight, hidden, seen_by, visible_spikes

SIGHTS = [
    *(Sight(causal=True, window=window) for window in (None, 1, 2, 3, 5, 100)),
    Sight(causal=False, window=None),
]
POSITIONS = 12


def sees(sight: Sight, i: int, j: int) -> bool:
    return not sight.causal or (j <= i and (sight.window is None or j > i - sight.window))


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize(("first", "count"), [(0, 12), (0, 1), (3, 5), (11, 1)])
def test_visible_positions_are_those_of_the_clause(sight: Sight, first: int, count: int) -> None:
    ranges = sight.ranges(first, count, POSITIONS)
    for i, (begin, end) in enumerate(ranges.tolist(), start=first):
        assert list(range(begin, end)) == [j for j in range(POSITIONS) if sees(sight, i, j)]
    whole = [[not sees(sight, first + b, j) for j in range(POSITIONS)] for b in range(count)]
    assert hidden(ranges, range(POSITIONS)).tolist() == whole
    seen = seen_by(ranges)
    some = [j for j in range(POSITIONS) if not all(row[j] for row in whole)]
    assert list(range(POSITIONS))[seen.positions] == some
    assert seen.hidden.tolist() == [[row[j] for j in some] for row in whole]


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("queries", [1, 5, 12])
def test_spikes_of_what_each_query_sees(sight: Sight, queries: int) -> None:
    numbers = np.random.default_rng(1).integers(0, 99, (POSITIONS, 2))
    found = visible_spikes(numbers, queries, 4, sight)
    for t, i in enumerate(range(POSITIONS - queries, POSITIONS)):
        seen = [numbers[j] for j in range(POSITIONS) if sees(sight, i, j)]
        assert found[t].tolist() == np.repeat(np.sum(seen, axis=0), 2).tolist()
