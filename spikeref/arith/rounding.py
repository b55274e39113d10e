"""Rounding shifts, divisions and saturation of whole arrays (ARITH-2 to ARITH-6).

Each function is the vectorised twin of the one of the same name in `arith.scalar`, to which the
tests prove it equal. Shifts may be one integer or an array that broadcasts against the values.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.loops.shifts import add_rows, block_rows, shift_rows
from spikeref.arith.ties import Ties
from spikeref.arith.widths import magnitude
from spikeref.errors import RangeError

Integers: TypeAlias = NDArray[Any]
"""An array of any signed integer width."""

Int64: TypeAlias = NDArray[np.int64]

EXACT_IN_FLOAT64 = 1 << 53
"""Integers below this magnitude are float64 values, and so are their products with 2^k."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturated:
    """Values after saturation and, for each index of the first axis, how many were changed."""

    values: Integers
    """Integers [T, ...]."""
    count: Int64
    """int64 [T]."""


def round_shift(x: Integers, s: int | Integers, ties: Ties) -> Int64:
    """Return x / 2^s rounded to the nearest integer, int64, for |x| < 2^62 (ARITH-2).

    Negative shifts are exact left shifts; RangeError if one would leave 62 bits of magnitude.
    """
    shift = np.asarray(s, dtype=np.int64)
    x = x.astype(np.int64, copy=False)
    if shift.size and int(shift.min()) < 0:
        x = _shift_left(x, np.maximum(-shift, np.int64(0)))
        shift = np.maximum(shift, np.int64(0))
    # From 63 on the quotient of a 62-bit magnitude is below one half: the result is 0 there too.
    shift = np.minimum(shift, np.int64(63))
    if suits_loops(x.size) and (shift.ndim == 0 or by_rows(shift, x)):
        return _shift_rows(x, shift, ties)
    rounds = (shift > 0).astype(np.int64)
    half = rounds << np.maximum(shift - 1, np.int64(0))
    match ties:
        case Ties.HALF_EVEN:
            odd = x >> shift
            odd &= rounds
            odd += x
            odd += half - rounds
        case Ties.HALF_UP:
            odd = x + half
        case _:
            assert_never(ties)
    odd >>= shift
    return odd


def _shift_rows(x: Int64, shift: Int64, ties: Ties) -> Int64:
    """Return round_shift(x, shift) of x [..., N] and shifts [..., 1], or one, in 0 … 63."""
    result = np.empty(x.shape, dtype=np.int64)
    shifts = np.broadcast_to(shift, (*x.shape[:-1], 1)).reshape(-1)
    rows = x.reshape(len(shifts), -1)
    given = rows, shifts, ties is Ties.HALF_EVEN
    over_rows(shift_rows, len(rows), x.size, given, result.reshape(rows.shape))
    return result


def by_rows(of_rows: Integers, x: Integers) -> bool:
    """Return whether `of_rows` [..., 1] has one element for each row of x [..., N]."""
    return of_rows.shape == (*x.shape[:-1], 1)


def by_columns(of_columns: Integers, x: Integers) -> bool:
    """Return whether `of_columns` [..., N] has one element for each column of x [T, ..., N]."""
    return of_columns.shape == x.shape[1:]


def _shift_left(x: Int64, amount: Int64) -> Int64:
    """Return x·2^amount; RangeError unless every result keeps below 2^62 in magnitude."""
    bits = bit_length(np.abs(x)) + np.where(x == 0, np.int64(0), amount)
    if bits.size and int(bits.max()) > 62:
        at = int(np.argmax(bits))
        value = int(np.broadcast_to(x, bits.shape).flat[at])
        places = int(np.broadcast_to(amount, bits.shape).flat[at])
        # 63 places already leave the width; more could leave the memory.
        raise RangeError("left shift", value << min(places, 63), 63, "ARITH-2")
    return np.where(x == 0, np.int64(0), x << np.minimum(amount, np.int64(62)))


def round_div(a: Integers, b: Integers, ties: Ties) -> Int64:
    """Return a / b rounded to the nearest integer, int64; |a|, b < 2^62, b > 0 (ARITH-3).

    Below |a| < 2^52 the float64 quotient decides: halves are float64 values and rounding is
    monotone, and a quotient that is no half is 1/(2b) or more away from one, farther than its
    own rounding error |a/b|·2^-53 < 1/(2b).
    """
    if ties is Ties.HALF_EVEN and magnitude(a) < EXACT_IN_FLOAT64 >> 1:
        quotient_float = np.asarray(np.true_divide(a, b, dtype=np.float64))
        return np.asarray(np.rint(quotient_float, out=quotient_float), dtype=np.int64)
    quotient, remainder = np.divmod(a.astype(np.int64), b.astype(np.int64))
    short = b - remainder
    match ties:
        case Ties.HALF_EVEN:
            up = (remainder > short) | ((remainder == short) & (quotient & 1 == 1))
        case Ties.HALF_UP:
            up = remainder >= short
        case _:
            assert_never(ties)
    return np.asarray(quotient + up, dtype=np.int64)


def bit_length(a: Integers) -> Int64:
    """Return the number of bits of each a >= 0, int64; 0 for 0."""
    a = a.astype(np.int64, copy=False)
    # frexp of a float64 gives floor(log2)+1 unless the conversion rounded up to a power of two.
    bits = np.frexp(a.astype(np.float64))[1].astype(np.int64)
    overshoot = (bits > 0) & ((a >> np.maximum(bits - 1, np.int64(0))) == 0)
    return np.asarray(bits - overshoot, dtype=np.int64)


def saturate(x: Int64, bits: int) -> Saturated:
    """Return x [T, ...] clipped to `bits` bits, and the saturations of each row (ARITH-4)."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    rows = x.shape[0]
    if x.size == 0 or (int(x.min()) >= low and int(x.max()) <= high):
        return Saturated(values=x, count=np.zeros(rows, dtype=np.int64))
    clipped = np.clip(x, np.int64(low), np.int64(high))
    changed = (clipped != x).reshape(rows, -1)
    return Saturated(values=clipped, count=changed.sum(axis=1, dtype=np.int64))


def add_saturating(x: Integers, y: Integers, bits: int) -> Saturated:
    """Return saturate(x + y, bits) of integers x and y [T, N], |x + y| < 2^63."""
    if not suits_loops(x.size):
        return saturate(np.add(x, y, dtype=np.int64), bits)
    result = Saturated(
        values=np.empty(x.shape, dtype=np.int64), count=np.empty(len(x), dtype=np.int64)
    )
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    over_rows(add_rows, len(x), x.size, (x, y, low, high), result.values, result.count)
    return result


def shift_saturate(x: Integers, s: int | Integers, bits: int, ties: Ties) -> Saturated:
    """Return saturate(round_shift(x, s), bits) for x [T, ...], |x| < 2^62, and any shifts s.

    A left shift runs in pieces that stay within 63 bits, saturating after each: what has left
    `bits` bits once stays saturated, and 64 places saturate every integer but 0.
    """
    shift = np.asarray(s, dtype=np.int64)
    right = round_shift(x, np.maximum(shift, np.int64(0)), ties)
    if not shift.size or int(shift.min()) >= 0:
        return saturate(right, bits)
    left = np.broadcast_to(np.minimum(np.maximum(-shift, np.int64(0)), np.int64(64)), right.shape)
    values = saturate(right, bits).values
    changed = values != right
    while left.any():
        piece = np.minimum(left, np.int64(62 - bits))
        shifted = values << piece
        values = saturate(shifted, bits).values
        changed |= values != shifted
        left = left - piece
    count = changed.reshape(right.shape[0], -1).sum(axis=1, dtype=np.int64)
    return Saturated(values=values, count=count)


def _require_roundable(signal: str, largest: int, clause: str) -> None:
    """Raise RangeError unless a magnitude is one that round_shift takes."""
    if largest >= 1 << 62:
        raise RangeError(signal, largest, 63, clause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Mantissas that share one shift a block: x ≈ mantissas·2^shift."""

    mantissas: Integers
    """int32 [..., N] where they have 32 bits at most, else int64."""
    shift: Int64
    """int64 [...]."""


def block_shift(x: Integers, bits: int, ties: Ties) -> Block:
    """Return x of shape [..., N] as mantissas of `bits` bits, one shift a row (ARITH-5).

    |x| < 2^62, else RangeError.
    """
    if bits <= 32 and suits_loops(x.size):
        return _block_by_loop(x, bits, ties)
    high, low = x.max(axis=-1).astype(np.int64), x.min(axis=-1).astype(np.int64)
    _require_roundable("block_shift", max(magnitude(high), magnitude(low)), "ARITH-5")
    largest = np.maximum(high, -low)
    shift = np.maximum(bit_length(largest) - (bits - 1), np.int64(0))
    carries = round_shift(largest, shift, ties) > (1 << (bits - 1)) - 1
    shift = shift + carries
    mantissas = round_shift(x, shift[..., None], ties) if shift.any() else x
    form = np.int32 if bits <= 32 else np.int64
    return Block(mantissas=mantissas.astype(form, copy=False), shift=shift)


def _block_by_loop(x: Integers, bits: int, ties: Ties) -> Block:
    mantissas = np.empty(x.shape, dtype=np.int32)
    low, high, shift = (np.empty(x.shape[:-1], dtype=np.int64) for _ in range(3))
    rows = x.reshape(-1, x.shape[-1])
    over_rows(
        block_rows,
        len(rows),
        x.size,
        (rows, bits, ties is Ties.HALF_EVEN),
        low.reshape(-1),
        high.reshape(-1),
        mantissas.reshape(rows.shape),
        shift.reshape(-1),
    )
    _require_roundable("block_shift", max(magnitude(high), magnitude(low)), "ARITH-5")
    return Block(mantissas=mantissas, shift=shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Positive scaled values: mantissa·2^exponent."""

    mantissa: Int64
    """int64 [...], in [2^(bits-1), 2^bits)."""
    exponent: Int64
    """int64 [...]."""


def normalise(a: Integers, bits: int, ties: Ties) -> Scale:
    """Return each a >= 1 as a mantissa of exactly `bits` bits and an exponent (ARITH-6).

    a < 2^62, else RangeError; bits <= 62.
    """
    _require_roundable("normalise", magnitude(a), "ARITH-6")
    exponent = bit_length(a) - bits
    mantissa = round_shift(a, exponent, ties)
    carried = mantissa >> bits
    return Scale(mantissa=mantissa >> carried, exponent=exponent + carried)
