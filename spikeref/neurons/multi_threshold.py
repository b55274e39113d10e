"""The MT neuron: the binary expansion of a magnitude over one threshold (NEUR-2)."""

from enum import Enum
from typing import assert_never

import numpy as np
from numpy.typing import NDArray


class Rule(Enum):
    """Whether a level, or a gate, that a magnitude just reaches counts as reached."""

    BELOW = "below"
    """Only what lies strictly below is reached: the paper's rule."""
    AT_MOST = "at-most"


def mt_counts(
    magnitude: NDArray[np.int64], threshold: int, steps: int, levels: int, rule: Rule
) -> NDArray[np.int64]:
    """Return V, int64 [...], in units of threshold·2^−T/n, of magnitudes X >= 0 (NEUR-2).

    X < 2^59/(n·2^T) where it counts: it is cut to the threshold first.
    """
    cut: NDArray[np.int64] = np.minimum(magnitude, np.int64(threshold))
    reached: NDArray[np.int64] = np.multiply(cut, np.int64(levels << steps), dtype=np.int64)
    match rule:
        case Rule.BELOW:
            # On integers, strictly below R is at most R − 1.
            reached = np.asarray(np.maximum(reached - 1, 0), dtype=np.int64)
        case Rule.AT_MOST:
            pass
        case _:
            assert_never(rule)
    if levels == 1:
        return np.minimum(_quotient(reached, threshold), np.int64((1 << steps) - 1))
    return _by_levels(reached, threshold, steps, levels)


def _by_levels(
    rest: NDArray[np.int64], threshold: int, steps: int, levels: int
) -> NDArray[np.int64]:
    count = np.zeros(rest.shape, dtype=np.int64)
    for step in range(1, steps + 1):
        places = steps - step
        size = np.minimum(_quotient(rest, threshold << places), np.int64(2 * levels - 1))
        size = np.where(size < levels, np.int64(0), size)
        rest = np.asarray(rest - size * np.int64(threshold << places), dtype=np.int64)
        count += size << places
    return count


def _quotient(value: NDArray[np.int64], divisor: int) -> NDArray[np.int64]:
    """Return ⌊value / divisor⌋ of values >= 0; a power of two needs no division."""
    if divisor & (divisor - 1) == 0:
        return np.asarray(value >> (divisor.bit_length() - 1))
    return np.asarray(value // np.int64(divisor))


def mt_levels_by_steps(
    magnitude: int, threshold: int, steps: int, levels: int, rule: Rule
) -> list[int]:
    """Return s_1 … s_T of one magnitude, step by step as NEUR-2 has it: the definition."""
    rest = levels * (1 << steps) * min(magnitude, threshold)
    fired = []
    for step in range(1, steps + 1):
        reached = 0
        for k in range(levels):
            level = (levels + k) * (1 << (steps - step)) * threshold
            if level < rest or (rule is Rule.AT_MOST and level == rest):
                reached = levels + k
        fired.append(reached)
        rest -= reached * (1 << (steps - step)) * threshold
    return fired
