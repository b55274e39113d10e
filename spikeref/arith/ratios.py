"""Rounded ratios whose dividend is a product (ENC-2, ENC-3, ATT-9)."""

import numpy as np

from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.loops.division import ratio_rows
from spikeref.arith.rounding import EXACT_IN_FLOAT64, Int64, Integers, by_rows, round_div
from spikeref.arith.ties import Ties
from spikeref.arith.widths import magnitude


def clipped_ratio(
    v: Integers,
    largest: int,
    factor: int,
    divisor: Int64,
    offset: Int64,
    allowed: range,
    ties: Ties,
    result: Integers,
) -> None:
    """Fill `result`, of the shape of v, with round(v·factor / divisor) + offset, clipped.

    |v| <= largest; divisor > 0 and offset broadcast against v; |v·factor| < 2^62; `allowed` lies
    within the type of `result`. Where the product keeps below 2^52 the float64 quotient decides,
    as in round_div.
    """
    low, high = allowed.start, allowed.stop - 1
    if ties is Ties.HALF_EVEN and largest * factor < EXACT_IN_FLOAT64 >> 1:
        ratio = np.multiply(v, float(factor), dtype=np.float64)
        ratio /= divisor
        np.rint(ratio, out=ratio)
        if offset.any():
            ratio += offset
        np.clip(ratio, float(low), float(high), out=ratio)
        np.copyto(result, ratio, casting="unsafe")
        return
    rounded = round_div(v.astype(np.int64) * np.int64(factor), divisor, ties) + offset
    np.copyto(result, np.clip(rounded, np.int64(low), np.int64(high)), casting="unsafe")


def round_ratio(a: Integers, shift: int, b: Integers, ties: Ties) -> Int64:
    """Return a·2^shift / b rounded to the nearest integer, int64; a·2^shift may exceed 63 bits.

    |a| < 2^62, shift >= 1, 0 < b, b·2^shift <= 2^62, and the result below 2^62.
    """
    fits = by_rows(b, a) and suits_loops(a.size)
    if fits and max(magnitude(a), magnitude(b)) < EXACT_IN_FLOAT64 >> 1:
        return _ratio_rows(a, shift, b, ties)
    if magnitude(a) < EXACT_IN_FLOAT64 >> (shift + 1):
        return round_div(a.astype(np.int64) << shift, b, ties)
    # The quotient's part is even after the shift, so the remainder alone decides a tie.
    quotient, remainder = _divmod(a, b)
    remainder <<= shift
    quotient <<= shift
    quotient += round_div(remainder, b, ties)
    return quotient


def _ratio_rows(a: Integers, shift: int, b: Integers, ties: Ties) -> Int64:
    """Return round_ratio(a, shift, b) of a [..., N] and b [..., 1], both below 2^52."""
    result = np.empty(a.shape, dtype=np.int64)
    rows = a.astype(np.int64, copy=False).reshape(b.size, -1)
    given = rows, shift, b.astype(np.int64).reshape(-1), ties is Ties.HALF_EVEN
    over_rows(ratio_rows, len(rows), a.size, given, result.reshape(rows.shape))
    return result


def _divmod(a: Integers, b: Integers) -> tuple[Int64, Int64]:
    """Return ⌊a / b⌋ and a − b·⌊a / b⌋, int64, for |a| < 2^62 and 0 < b < 2^62.

    Below |a|, b < 2^52 the float64 quotient decides, many times as fast: one that is no integer is
    1/b or more away from the next, farther than its own rounding error |a/b|·2^-53.
    """
    a, b = a.astype(np.int64, copy=False), b.astype(np.int64, copy=False)
    if max(magnitude(a), magnitude(b)) >= EXACT_IN_FLOAT64 >> 1:
        quotient, remainder = np.divmod(a, b)
        return np.asarray(quotient), np.asarray(remainder)
    ratio = np.asarray(np.true_divide(a, b, dtype=np.float64))
    quotient = np.asarray(np.floor(ratio, out=ratio), dtype=np.int64)
    return quotient, np.asarray(a - quotient * b)
