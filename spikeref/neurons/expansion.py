"""The expansion neuron: its spikes are the bits of a code, most significant first (NEUR-6)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

CODE_BITS = 16
UNREACHED = (1 << 31) - 1
"""Threshold of a code out of a piece's reach; −2^31 where the piece falls (NEUR-6)."""
LARGEST_CELLS = 1 << 17
MOST_COMPARED = 8
"""Thresholds of one cell that are compared one after another; more are searched."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Expansion:
    """Thresholds of 16 steps: the code is the largest c whose threshold the membrane reaches."""

    thresholds: NDArray[np.int32]
    """X_1 … X_65535, int32 [2^16 − 1]: not falling, or not rising where `falling`."""
    falling: bool

    @cached_property
    def cells(self) -> "Cells":
        """The thresholds cut into cells, for a look-up in place of a search."""
        rising = -self.thresholds.astype(np.int64) if self.falling else self.thresholds
        return cut_into_cells(rising.astype(np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Codes at the start of equal cells of membranes, and how many thresholds a cell holds."""

    first: int
    """Threshold of code 1, the start of the first cell; below it the code is 0."""
    last: int
    """Highest threshold in a cell."""
    shift: int
    """Cells are 2^shift wide."""
    start_codes: NDArray[np.int64]
    thresholds: NDArray[np.int64]
    """Of the codes within the cells: that of code c at place c − 1, then one beyond 32 bits."""
    most: int
    """Most thresholds inside one cell."""
    far: NDArray[np.int64]
    """Thresholds of the remaining codes, from `UNREACHED` on: they would widen the cells."""


def cut_into_cells(thresholds: NDArray[np.int64]) -> Cells:
    """Return the cells of thresholds that do not fall, int64 [2^16 − 1]."""
    near = int(np.searchsorted(thresholds, UNREACHED, side="left"))
    reached, far = thresholds[:near], thresholds[near:]
    first = int(reached[0]) if reached.size else UNREACHED
    last = int(reached[-1]) if reached.size else UNREACHED
    shift = max(0, (last - first).bit_length() - LARGEST_CELLS.bit_length() + 1)
    starts = first + (np.arange(((last - first) >> shift) + 2, dtype=np.int64) << shift)
    start_codes = np.searchsorted(reached, starts, side="right").astype(np.int64)
    # A threshold at a cell's own start is in its start code already.
    inside = np.searchsorted(reached, starts[1:] - 1, side="right") - start_codes[:-1]
    padded = np.append(reached, np.int64(1 << 62))
    return Cells(
        first=first,
        last=last,
        shift=shift,
        start_codes=start_codes,
        thresholds=padded,
        most=int(inside.max(initial=0)),
        far=far,
    )


def expansion_codes(x: NDArray[np.int64], neuron: Expansion, steps: int) -> NDArray[np.int64]:
    """Return the codes of membranes x at the scale of 16 steps: C_T·2^(16−T), int64 [...]."""
    cells = neuron.cells
    given = -x if neuron.falling else x
    code = np.where(given < cells.first, np.int64(0), _codes_in_cells(given, cells))
    if int(given.max(initial=0)) >= UNREACHED:
        code = code + np.searchsorted(cells.far, given, side="right")
    return first_steps(code, steps)


def _codes_in_cells(given: NDArray[np.int64], cells: Cells) -> NDArray[np.int64]:
    """Return how many thresholds of the cells rising membranes reach, if they reach the first."""
    membrane = np.clip(given, np.int64(cells.first), np.int64(cells.last))
    if cells.most > MOST_COMPARED:
        reached = cells.thresholds[:-1]
        return np.searchsorted(reached, membrane, side="right").astype(np.int64)
    code = np.asarray(cells.start_codes[(membrane - np.int64(cells.first)) >> cells.shift])
    for _ in range(cells.most):
        code += membrane >= cells.thresholds[np.minimum(code, len(cells.thresholds) - 1)]
    return code


def first_steps(code: NDArray[np.int64], steps: int) -> NDArray[np.int64]:
    """Return what the first T spikes of codes of 16 bits count (NEUR-7): their top T bits."""
    unused = CODE_BITS - steps
    return np.asarray((code >> unused) << unused)


def expansion_by_steps(x: int, thresholds: list[int], falling: bool, steps: int) -> list[int]:
    """Return z_1 … z_T of one membrane, as NEUR-6 has it: the definition.

    thresholds: X_1 … X_{2^T−1} of T steps.
    """
    code, fired = 0, []
    for step in range(1, steps + 1):
        tried = code + (1 << (steps - step))
        threshold = thresholds[tried - 1]
        fires = x <= threshold if falling else x >= threshold
        fired.append(int(fires))
        code = tried if fires else code
    return fired
