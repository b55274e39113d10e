"""Thresholds and pieces of small HG neurons, in integers (HG-1 to HG-7)."""

from collections.abc import Callable
from math import isqrt
from typing import Any

from numpy.typing import NDArray

from spikeref.suite.draw import tensor

LAST_MANTISSA = (1 << 24) - 1
WHOLE = 16


def _table(steps: int, threshold: Callable[[int], int]) -> NDArray[Any]:
    """Return the thresholds of a neuron of so many steps, by what 16-step code each stands for."""
    codes = (c << (WHOLE - steps) for c in range(1, 1 << steps))
    return tensor([threshold(code) for code in codes], "i32")


def exp_table(steps: int) -> NDArray[Any]:
    """Return a falling line from 2^16 to 2^15 in place of 2^−f: what cheap hardware might hold."""
    return _table(steps, lambda code: min(2 * ((1 << 16) - code), (1 << 16) - 1))


def reciprocal_table(steps: int) -> NDArray[Any]:
    """Return HG-4's: 2^39/m ≥ C where m ≤ 2^39/C."""
    return _table(steps, lambda code: min((1 << 39) // code, LAST_MANTISSA))


def rsqrt_table(steps: int) -> NDArray[Any]:
    """Return HG-5's: 2^27/√m ≥ C where m ≤ 2^54/C²."""
    return _table(steps, lambda code: min((1 << 54) // (code * code), LAST_MANTISSA))


def sqrt_table(steps: int) -> NDArray[Any]:
    """Return HG-6's: 2^4·√m ≥ C where m ≥ C²/2^8."""
    return _table(steps, lambda code: -(-code * code >> 8))


def square_table(steps: int) -> NDArray[Any]:
    """Return HG-7's: m²·2^−32 ≥ C where m ≥ √(C·2^32)."""
    return _table(steps, lambda code: isqrt((code << 32) - 1) + 1)


def softmax_tables(steps: int) -> dict[str, NDArray[Any]]:
    """Return the two tables of a softmax."""
    return {"exp": exp_table(steps), "reciprocal": reciprocal_table(steps)}


def norm_tables(steps: int) -> dict[str, NDArray[Any]]:
    """Return the two tables of a norm."""
    return {"square": square_table(steps), "rsqrt": rsqrt_table(steps)}


def line(steps: int, low: int, high: int) -> list[int]:
    """Return 2^T − 1 thresholds at equal distances from low to high, rising or falling."""
    parts = 1 << steps
    return [low + (high - low) * c // parts for c in range(1, parts)]


def bent_pieces() -> list[list[int]]:
    """Return pieces like silu's: negative rising and falling, positive octaves, identities."""
    one = 1 << 16
    return [
        [-4 * one, -83786, -1, -17, 0, 0],
        [-83785, -1, -1, -17, 1, 0],
        [0, one - 1, 1, -16, 0, 0],
        [one, 2 * one - 1, 1, -15, 0, 0],
        [2 * one, 4 * one - 1, 1, -14, 2, 2],
        *([one << j, (one << (j + 1)) - 1, 1, j - 15, 2, j + 1] for j in (2, 7, 14)),
    ]


def bent_thresholds(steps: int) -> list[list[int]]:
    """Return the thresholds of the expansion pieces of `bent_pieces`."""
    one = 1 << 16
    return [
        line(steps, -4 * one, -83786),
        line(steps, -1, -83785),
        line(steps, 0, one),
        line(steps, one >> 1, 2 * one),
    ]


def bent(steps: int) -> dict[str, NDArray[Any]]:
    """Return pieces and thresholds as the inputs of an operation."""
    return {
        "pieces": tensor(bent_pieces(), "i64"),
        "thresholds": tensor(bent_thresholds(steps), "i32"),
    }
