"""Which positions a query sees (ATT-5, LAS-10)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOWEST = -(1 << 62)
"""Below every score and exponent: marks what is not visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What limits which positions a query sees."""

    causal: bool
    """Whether it sees none after its own; without this it sees all there are."""
    window: int | None
    """Latest positions that a causal query sees, its own among them; None for all."""

    def ranges(self, first: int, count: int, positions: int) -> NDArray[np.int64]:
        """Return what queries at positions first, first + 1, … see of `positions` positions.

        int64 [count, 2]: the first visible position, and the one after the last; neither falls
        from one query to the next.
        """
        own = np.arange(first, first + count, dtype=np.int64)
        if not self.causal:
            return np.stack([np.zeros_like(own), np.full_like(own, positions)], axis=1)
        if self.window is None:
            begin = np.zeros_like(own)
        else:
            begin = np.maximum(own - np.int64(self.window - 1), np.int64(0))
        return np.stack([begin, own + 1], axis=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """The S positions that some query of B sees."""

    positions: slice
    hidden: NDArray[np.bool_]
    """Which of them each query does not see, bool [B, S]."""


def seen_by(ranges: NDArray[np.int64]) -> Seen:
    """Return what queries see whose ranges are int64 [B, 2], B >= 1."""
    begin, end = int(ranges[0, 0]), int(ranges[-1, 1])
    return Seen(positions=slice(begin, end), hidden=hidden(ranges, range(begin, end)))


def hidden(ranges: NDArray[np.int64], positions: range) -> NDArray[np.bool_]:
    """Return which positions, S successive ones, lie outside each of B ranges: bool [B, S]."""
    place = np.arange(positions.start, positions.stop, dtype=np.int64)
    return np.asarray((place < ranges[:, :1]) | (place >= ranges[:, 1:]))


def visible_spikes(
    numbers: NDArray[np.int64], queries: int, heads: int, sight: Sight
) -> NDArray[np.int64]:
    """Return how many spikes each of the last queries integrates in each head, int64 [T, H].

    numbers: how many spikes keys or values have, int64 [S, G]. T = queries, H = heads: those of
    the positions that it sees, in its head's group.
    """
    positions, groups = numbers.shape
    ranges = sight.ranges(positions - queries, queries, positions)
    begin, end = int(ranges[0, 0]), int(ranges[-1, 1])
    before = np.zeros((end - begin + 1, groups), dtype=np.int64)
    np.cumsum(numbers[begin:end], axis=0, dtype=np.int64, out=before[1:])
    ranges = ranges - np.int64(begin)
    return np.repeat(before[ranges[:, 1]] - before[ranges[:, 0]], heads // groups, 1)
