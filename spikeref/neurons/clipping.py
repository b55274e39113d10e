"""Membrane-potential clipping by a stored quantile (ENC-8, equations 23 to 27)."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import shift_saturate
from spikeref.arith.ties import Ties
from spikeref.arith.widths import require_width

THRESHOLD_FRACTION_BITS = 16
THRESHOLD_BITS = 48
POTENTIAL_THRESHOLD_BITS = 31
POTENTIAL_BITS = 32


class ClipMode(Enum):
    """What a potential above the threshold keeps: the excess, or all of itself."""

    SHIFT = "shift"
    GATE = "gate"


@dataclass(frozen=True, slots=True, kw_only=True)
class MembraneClip:
    """A stored threshold: a signed integer of 48 bits with 16 fraction bits, and its mode."""

    threshold: int
    mode: ClipMode


def thresholds_at(clip: MembraneClip, exponent: NDArray[np.int64], ties: Ties) -> NDArray[np.int64]:
    """Return the threshold in potentials of each exponent E, int64 [T] of 31 bits, for E [T]."""
    value = np.full(exponent.shape, clip.threshold, dtype=np.int64)
    shift = exponent + THRESHOLD_FRACTION_BITS
    return shift_saturate(value, shift, POTENTIAL_THRESHOLD_BITS, ties).values


def clip_potentials(
    v: NDArray[Any], exponent: NDArray[np.int64], clip: MembraneClip, ties: Ties
) -> NDArray[np.int32]:
    """Return clipped potentials, int32 [T, N], of v, int32 [T, N], with exponents [T] (ENC-8).

    |v| < 2^30; RangeError where a larger one would leave 32 bits.
    """
    t = thresholds_at(clip, exponent, ties)[:, None]
    potential = v.astype(np.int64)
    match clip.mode:
        case ClipMode.SHIFT:
            clipped = np.maximum(potential - t, np.int64(0), dtype=np.int64)
        case ClipMode.GATE:
            clipped = np.where(potential > t, potential, np.int64(0))
        case _:
            assert_never(clip.mode)
    require_width("clipped potential", clipped, POTENTIAL_BITS, "ENC-8")
    return np.asarray(clipped, dtype=np.int32)
