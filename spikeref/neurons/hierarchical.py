"""The HG neuron: gates over ranges, each with a sub-neuron of its own (NEUR-8)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.neurons.expansion import Expansion, expansion_codes, first_steps
from spikeref.neurons.few_spikes import FewSpikes, few_spikes

TABLE_REACH = 1 << 20
"""Membranes of a smaller magnitude, below 16 with 16 fraction bits, have ready codes: 8 MB."""
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
    """Pieces whose ranges do not overlap, from low to high."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """What HG neurons fire: code·2^exponent."""

    code: NDArray[np.int64]
    """Signed, int64 [...], |code| < 2^16, at the scale of 16 steps."""
    exponent: NDArray[np.int64]
    """int64 [...]; 0 where no gate is open."""


def fire(x: NDArray[np.int64], neuron: HgNeuron, steps: int) -> Coded:
    """Return the codes of membranes x, int64 [...], after T steps (equations 8 and 9)."""
    table = _ready_codes(neuron, steps)
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
class _ReadyCodes:
    """Codes and exponents of consecutive membranes, packed: one look-up in place of seven gates."""

    first: int
    packed: NDArray[np.int32]
    """code·2^6 − exponent."""


@lru_cache(maxsize=32)
def _ready_codes(neuron: HgNeuron, steps: int) -> _ReadyCodes | None:
    """Return the codes of membranes of moderate size, None where no piece is open for one.

    Others are fired when asked.
    """
    low = max(-TABLE_REACH, min((piece.low for piece in neuron.pieces), default=TABLE_REACH))
    high = min(TABLE_REACH - 1, max((piece.high for piece in neuron.pieces), default=0))
    if low > high:
        return None
    grid = np.arange(low, high + 1, dtype=np.int64)
    coded = fire_piece_by_piece(grid, neuron, steps)
    packed = (coded.code << EXPONENT_BITS) - coded.exponent
    return _ReadyCodes(first=low, packed=packed.astype(np.int32))
