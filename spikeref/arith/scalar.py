"""The definitions of chapter 2 on plain Python integers, step for step as the spec states them.

They are what the array versions are proven equal to, and what the compiler uses for its few
constants; in a forward pass only `arith.shifted_sums` calls them, for rows beyond 63 bits.
"""

from collections.abc import Sequence
from typing import assert_never

from spikeref.arith.ties import Ties


def round_shift(x: int, s: int, ties: Ties) -> int:
    """Return x / 2^s rounded to the nearest integer (ARITH-2); exact when s <= 0."""
    if s <= 0:
        return x << -s
    return round_div(x, 1 << s, ties)


def round_div(a: int, b: int, ties: Ties) -> int:
    """Return a / b, b > 0, rounded to the nearest integer (ARITH-3)."""
    quotient, remainder = divmod(a, b)
    match ties:
        case Ties.HALF_EVEN:
            up = 2 * remainder > b or (2 * remainder == b and quotient % 2 == 1)
        case Ties.HALF_UP:
            up = 2 * remainder >= b
        case _:
            assert_never(ties)
    return quotient + up


def saturate(x: int, bits: int) -> int:
    """Return the nearest integer to x that fits `bits` bits (ARITH-4)."""
    return min(max(x, -(1 << (bits - 1))), (1 << (bits - 1)) - 1)


def block_shift(x: Sequence[int], bits: int, ties: Ties) -> tuple[list[int], int]:
    """Return mantissas of `bits` bits and their one shift (ARITH-5)."""
    largest = max(abs(value) for value in x)
    s = 0
    while round_shift(largest, s, ties) > (1 << (bits - 1)) - 1:
        s += 1
    return [round_shift(value, s, ties) for value in x], s


def normalise(a: int, bits: int, ties: Ties) -> tuple[int, int]:
    """Return m in [2^(bits-1), 2^bits) and e with a ≈ m·2^e, for a >= 1 (ARITH-6)."""
    e = a.bit_length() - bits
    m = round_shift(a, e, ties)
    return (1 << (bits - 1), e + 1) if m == 1 << bits else (m, e)


def exp2(a: int, coefficients: Sequence[int], ties: Ties) -> int:
    """Return 2^(-a/2^16) with 30 fraction bits, for a >= 0 (ARITH-8)."""
    f = -a % (1 << 16)
    n = (a + f) >> 16
    p = coefficients[6]
    for k in range(5, -1, -1):
        p = round_shift(p * f, 16, ties) + coefficients[k]
    return round_shift(p, n, ties)
