"""Interleaved runs, so that whatever slows the machine for a while slows both sides of a ratio."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.05
"""Seconds between two runs: the idle threads of one BLAS spin for about 30 ms before they sleep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Median, smallest and largest of several measurements of one figure."""

    median: float
    low: float
    high: float


def interleave(
    calls: Mapping[str, Callable[[], T]], rounds: int, *, pause: float = PAUSE, warm_up: bool = True
) -> dict[str, list[T]]:
    """Run every call once a round, A B, B A, A B, …, and return what each gave, one entry a round.

    No call always follows the same other, which may leave it warm caches or none. warm_up: first
    one more round whose results are dropped.
    """
    results: dict[str, list[T]] = {name: [] for name in calls}
    for number in range(rounds + warm_up):
        names = list(calls) if number % 2 == 0 else list(calls)[::-1]
        for name in names:
            call = calls[name]
            time.sleep(pause)
            result = call()
            if number >= warm_up:
                results[name].append(result)
    return results


def timed(
    call: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> Callable[[], float]:
    """Return a call that runs `call` and gives the seconds it took by `clock`."""

    def run() -> float:
        start = clock()
        call()
        return clock() - start

    return run


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least one value."""
    return Spread(median=statistics.median(values), low=min(values), high=max(values))


def ratio(values: Sequence[float], peers: Sequence[float]) -> Spread:
    """Return the spread of values[i] / peers[i]: each pair ran in the same round."""
    return spread([a / b for a, b in zip(values, peers, strict=True)])
