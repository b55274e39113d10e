"""Chapter 2 in unbounded Python integers, each rule from its definition."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

Ties: TypeAlias = Literal["half-even", "half-up"]


def gate(x: int, bits: int) -> int:
    """Return x, which a clause says fits `bits` bits in two's complement (ARITH-1)."""
    if not -(1 << (bits - 1)) <= x < 1 << (bits - 1):
        raise OverflowError(f"{x} does not fit {bits} bits")
    return x


def below(x: int, bound: int) -> int:
    """Return x, of which a clause says that |x| ≤ bound (ARITH-1)."""
    if abs(x) > bound:
        raise OverflowError(f"|{x}| is over {bound}")
    return x


def round_shift(x: int, shift: int, ties: Ties) -> int:
    """Divide x by 2^shift and round; an exact left shift for shift ≤ 0 (ARITH-2)."""
    if shift <= 0:
        return x << -shift
    if shift > x.bit_length():
        # |x| < 2^(shift − 1): below one half, and 2^shift may not fit the memory.
        return 0
    half = 1 << (shift - 1)
    if ties == "half-up":
        return (x + half) >> shift
    odd = (x >> shift) & 1
    return (x + half - 1 + odd) >> shift


def round_div(a: int, b: int, ties: Ties) -> int:
    """Round a/b, b > 0, to the nearest integer (ARITH-3)."""
    floor, rest = divmod(a, b)
    if 2 * rest < b:
        return floor
    if 2 * rest > b:
        return floor + 1
    return floor + floor % 2 if ties == "half-even" else floor + 1


def saturate(x: int, bits: int) -> int:
    """Clip x to the range of `bits` bits (ARITH-4)."""
    lowest, highest = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return min(max(x, lowest), highest)


def saturate_all(values: Sequence[int], bits: int) -> tuple[list[int], int]:
    """Saturate every value and count those that change (ARITH-4)."""
    clipped = [saturate(x, bits) for x in values]
    return clipped, sum(a != b for a, b in zip(values, clipped, strict=True))


def block_shift(values: Sequence[int], bits: int, ties: Ties) -> tuple[list[int], int]:
    """Shift a block by the smallest s that makes its mantissas fit (ARITH-5)."""
    largest = max(abs(x) for x in values)
    limit = (1 << (bits - 1)) - 1
    shift = max(0, largest.bit_length() - (bits - 1))
    if round_shift(largest, shift, ties) > limit:
        shift += 1
    return [round_shift(x, shift, ties) for x in values], shift


def normalise(a: int, bits: int, ties: Ties) -> tuple[int, int]:
    """Write a ≥ 1 as a mantissa in [2^(bits−1), 2^bits) and an exponent (ARITH-6)."""
    exponent = a.bit_length() - bits
    mantissa = round_shift(a, exponent, ties)
    if mantissa == 1 << bits:
        return 1 << (bits - 1), exponent + 1
    return mantissa, exponent


def isqrt(x: int) -> int:
    """⌊√x⌋ for 0 ≤ x < 2^62, bit by bit (ARITH-7)."""
    root = 0
    for bit in range(30, -1, -1):
        trial = root | 1 << bit
        if trial * trial <= x:
            root = trial
    return root


def exp2(a: int, table: Sequence[int], ties: Ties) -> int:
    """2^(−a/2^16) with 30 fraction bits from the table c_0 … c_6 (ARITH-8)."""
    fraction = -a % (1 << 16)
    whole = (a + fraction) >> 16
    power = table[6]
    for coefficient in reversed(table[:6]):
        power = round_shift(power * fraction, 16, ties) + coefficient
    return round_shift(power, whole, ties)
