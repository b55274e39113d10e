"""Chapters 4 and 5: counts to trains, and the spike-driven product."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import add, sub

from .tensor import Refusal


def train_length(bits: int, *, symmetric: bool) -> int:
    """D, the virtual steps of a train (ENC-5)."""
    return 1 << (bits - 1) if symmetric else (1 << bits) - 1


def check_counts(counts: Sequence[int], bits: int, *, symmetric: bool) -> None:
    """Refuse counts that no encoder of these bits gives (ENC-2, ENC-3, CONF-10)."""
    if symmetric:
        lowest, highest = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    else:
        lowest, highest = 0, (1 << bits) - 1
    if any(not lowest <= count <= highest for count in counts):
        raise Refusal("range", f"a count outside {lowest} … {highest}")


def firing(counts: Sequence[int], steps: int) -> Iterator[tuple[list[int], list[int]]]:
    """For each virtual step the sources that fire +1 and those that fire −1 (ENC-5)."""
    for step in range(1, steps + 1):
        positive = [source for source, count in enumerate(counts) if count >= step]
        negative = [source for source, count in enumerate(counts) if -count >= step]
        yield positive, negative


def unfold(counts: Sequence[int], steps: int) -> list[list[int]]:
    """The train of each step, left-aligned (ENC-5)."""
    train = []
    for positive, negative in firing(counts, steps):
        row = [0] * len(counts)
        for source in positive:
            row[source] = 1
        for source in negative:
            row[source] = -1
        train.append(row)
    return train


def sparse_add(
    counts: Sequence[int], rows: Sequence[Sequence[int]], targets: int, steps: int
) -> list[int]:
    """Add a row for each positive spike and subtract it for each negative one (ADD-1)."""
    accumulator = [0] * targets
    for positive, negative in firing(counts, steps):
        for source in positive:
            accumulator = list(map(add, accumulator, rows[source]))
        for source in negative:
            accumulator = list(map(sub, accumulator, rows[source]))
    return accumulator


def select_add(counts: Sequence[int], addends: Sequence[int], steps: int) -> int:
    """Sum ± the addend of each spike into one target (ADD-6, scores)."""
    total = 0
    for positive, negative in firing(counts, steps):
        for dimension in positive:
            total += addends[dimension]
        for dimension in negative:
            total -= addends[dimension]
    return total


def spread_add(accumulator: list[int], addend: int, counts: Sequence[int], steps: int) -> None:
    """Add ± the addend of a position into the target of each spike (ADD-6, mixing)."""
    for positive, negative in firing(counts, steps):
        for dimension in positive:
            accumulator[dimension] += addend
        for dimension in negative:
            accumulator[dimension] -= addend


def tiled_add(
    counts: Sequence[int],
    rows: Sequence[Sequence[int]],
    targets: int,
    steps: int,
    edges: Sequence[int],
) -> tuple[list[list[int]], list[int]]:
    """The partial sums over the sources of each tile, and their sum (ADD-2)."""
    partial = [
        sparse_add(counts[start:end], rows[start:end], targets, steps)
        for start, end in pairwise(edges)
    ]
    return partial, [sum(column) for column in zip(*partial, strict=True)]


def correct_zero_point(y: Sequence[int], zero_point: int, sums: Sequence[int]) -> list[int]:
    """y − z·ρ, the product of counts without their zero point (ADD-4)."""
    return [total - zero_point * rho for total, rho in zip(y, sums, strict=True)]


def load_bound(rows: Sequence[Sequence[int]], largest_count: int) -> int:
    """max_m B[m], the bound of every partial sum (ADD-3)."""
    loads: list[int] = [sum(abs(weight) for weight in column) for column in zip(*rows, strict=True)]
    return largest_count * max(loads)


def accumulator_width(bound: int) -> int:
    """The proven width of an accumulator (ADD-3)."""
    return 1 + bound.bit_length()


def check_headroom(bound: int, limit: int) -> None:
    """Refuse weights that no accumulator of `limit` bits is proven to hold (COMP-12)."""
    if bound > 1 << 30 or accumulator_width(bound) > limit:
        raise Refusal("headroom", f"bound {bound} with accumulators of {limit} bits")
