"""The HG neuron: gates over ranges, each with a sub-neuron of its own (NEUR-8)."""

import threading
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import UsageError
from spikeref.neurons.expansion import Expansion, expansion_codes, first_steps
from spikeref.neurons.few_spikes import FewSpikes, few_spikes

TABLE_REACH = 1 << 20
"""Membranes of a smaller magnitude, below 16 with 16 fraction bits, get ready codes: 8 MB."""
READY_BLOCK = 1 << 17
"""Codes that are made ready at a time."""
READY_GAIN = 8
"""To make a code ready costs so many times less than to fire a membrane alone."""
CALL_COST = 1 << 10
"""Membranes that cost as much as the calls of one firing do."""
EXPONENT_BITS = 6
LARGEST_CODE = (1 << 16) - 1


@dataclass(frozen=True, slots=True)
class Identity:
    """The code is the membrane itself without its last `shift` bits."""

    shift: int


SubNeuron: TypeAlias = Expansion | FewSpikes | Identity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """One gate, open for low <= x <= high, and what fires behind it."""

    low: int
    high: int
    sign: int
    """+1 or −1."""
    exponent: int
    """The code C stands for sign·C·2^exponent; −63 to 0."""
    neuron: SubNeuron


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HgNeuron:
    """Pieces whose ranges do not overlap, from low to high; UsageError without one."""

    pieces: tuple[Piece, ...]
    ready: "_ReadyCodes" = field(default_factory=lambda: _ReadyCodes(), init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse a neuron without pieces."""
        if not self.pieces:
            raise UsageError("HG neuron: at least one piece is needed (NEUR-8)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """What HG neurons fire: code·2^exponent."""

    code: NDArray[np.int64]
    """Signed, int64 [...], |code| < 2^16, at the scale of 16 steps."""
    exponent: NDArray[np.int64]
    """int64 [...]; 0 where no gate is open."""


def fire(x: NDArray[np.int64], neuron: HgNeuron, steps: int) -> Coded:
    """Return the codes of membranes x, int64 [...], after T steps (equations 8 and 9)."""
    table = neuron.ready.table(neuron, steps, x.size)
    if table is None:
        return fire_piece_by_piece(x, neuron, steps)
    inside = table.first, table.first + len(table.packed) - 1
    found = table.packed.take(x - np.int64(table.first), mode="clip").astype(np.int64)
    code, exponent = found >> EXPONENT_BITS, -(found & ((1 << EXPONENT_BITS) - 1))
    outside = (x < inside[0]) | (x > inside[1])
    if outside.any():
        far = fire_piece_by_piece(x[outside], neuron, steps)
        code[outside], exponent[outside] = far.code, far.exponent
    return Coded(code=code, exponent=exponent)


def fire_piece_by_piece(x: NDArray[np.int64], neuron: HgNeuron, steps: int) -> Coded:
    """Return what `fire` does, each piece by itself: the definition, in arrays."""
    code, exponent = np.zeros_like(x), np.zeros_like(x)
    for piece in neuron.pieces:
        gate = (x >= piece.low) & (x <= piece.high)
        if gate.any():
            code[gate] = np.int64(piece.sign) * sub_neuron_codes(x[gate], piece, steps)
            exponent[gate] = piece.exponent
    return Coded(code=code, exponent=exponent)


def sub_neuron_codes(x: NDArray[np.int64], piece: Piece, steps: int) -> NDArray[np.int64]:
    """Return the codes of membranes x of one piece, 0 … 2^16 − 1, at the scale of 16 steps."""
    match piece.neuron:
        case Expansion():
            return expansion_codes(x, piece.neuron, steps)
        case Identity(shift):
            return first_steps(x >> shift, steps)
        case FewSpikes():
            output = few_spikes(x - np.int64(piece.low), piece.neuron)
            return first_steps(np.clip(output, np.int64(0), np.int64(LARGEST_CODE)), steps)
        case _:
            assert_never(piece.neuron)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    """Codes and exponents of consecutive membranes, packed: one look-up in place of seven gates."""

    steps: int
    first: int
    packed: NDArray[np.int32]
    """code·2^6 − exponent."""


class _ReadyCodes:
    """A neuron's ready codes for one number of steps, made once by the thread that they pay for.

    They live as long as the neuron. What they give is what the definition gives.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._table: _Table | None = None
        self._steps = 0
        self._fired = 0

    def table(self, neuron: HgNeuron, steps: int, membranes: int) -> _Table | None:
        """Return the ready codes of the neuron for so many membranes more; None: they do not pay.

        They do once the neuron has fired as long, membrane by membrane, as it takes to make them.
        """
        table = self._table
        if table is not None and table.steps == steps:
            return table
        low, high = _ready_range(neuron)
        with self._lock:
            if self._steps != steps:
                self._table, self._steps, self._fired = None, steps, 0
            self._fired += membranes + CALL_COST
            if self._table is None and low <= high and self._fired * READY_GAIN > high - low:
                self._table = _make_table(neuron, steps, range(low, high + 1))
            return self._table


def _ready_range(neuron: HgNeuron) -> tuple[int, int]:
    """Return the lowest and the highest membrane with ready codes; none where they are reversed."""
    low = max(-TABLE_REACH, min(piece.low for piece in neuron.pieces))
    high = min(TABLE_REACH - 1, max(piece.high for piece in neuron.pieces))
    return low, high


def _make_table(neuron: HgNeuron, steps: int, membranes: range) -> _Table:
    packed = np.empty(len(membranes), dtype=np.int32)
    for start in range(0, len(membranes), READY_BLOCK):
        part = membranes[start : start + READY_BLOCK]
        grid = np.arange(part.start, part.stop, dtype=np.int64)
        coded = fire_piece_by_piece(grid, neuron, steps)
        packed[start : start + len(part)] = (coded.code << EXPONENT_BITS) - coded.exponent
    return _Table(steps=steps, first=membranes.start, packed=packed)
