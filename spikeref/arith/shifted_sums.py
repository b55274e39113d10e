"""Sums of rows that are shifted first, exact however far they are shifted (LAS-3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.arith import scalar
from spikeref.arith.rounding import Int64, Saturated, bit_length, round_shift, saturate
from spikeref.arith.ties import Ties

ADDEND_BITS = 60
"""Four magnitudes of so many bits keep within 62 bits."""
MOST_ADDENDS = 4
SUM_BITS = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftedRows:
    """Rows that stand for values/2^shift."""

    values: Int64
    """int64 [T, N], of at most 41 bits."""
    shift: Int64
    """One a row, int64 [T]; of any size."""


def sum_saturate(addends: Sequence[ShiftedRows], bits: int, ties: Ties) -> Saturated:
    """Return saturate(Σ round_shift(values, shift), bits) of one to four addends, int64 [T, N].

    Nothing is saturated before the sum: rows far beyond 63 bits may cancel.
    """
    assert 1 <= len(addends) <= MOST_ADDENDS
    far = np.any([_beyond_int64(addend) for addend in addends], axis=0)
    near = ~far
    total = np.zeros(addends[0].values.shape, dtype=np.int64)
    for addend in addends:
        total[near] += round_shift(addend.values[near], addend.shift[near, None], ties)
    for row in np.flatnonzero(far).tolist():
        # Saturating to 63 bits here changes neither what `bits` bits hold nor what was cut.
        total[row] = [scalar.saturate(exact, SUM_BITS) for exact in _plain_sum(addends, row, ties)]
    return saturate(total, bits)


def _beyond_int64(addend: ShiftedRows) -> NDArray[np.bool_]:
    """Return which rows have a shifted value of more than ADDEND_BITS bits, bool [T]."""
    largest = np.maximum(
        addend.values.max(axis=1, initial=0), -addend.values.min(axis=1, initial=0)
    )
    left = np.maximum(-addend.shift, np.int64(0))
    return np.asarray((largest > 0) & (bit_length(largest) + left > ADDEND_BITS))


def _plain_sum(addends: Sequence[ShiftedRows], row: int, ties: Ties) -> list[int]:
    """Return Σ round_shift of one row on Python integers, N of them."""
    parts = []
    for addend in addends:
        shift = int(addend.shift[row])
        parts.append([scalar.round_shift(x, shift, ties) for x in addend.values[row].tolist()])
    return [sum(column) for column in zip(*parts, strict=True)]
