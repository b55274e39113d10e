"""The HG neurons of a model, to tensors and back (LMOD-4)."""

from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import pairwise
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import ModelError
from spikeref.functions.tables import ACTIVATION_NAMES, FunctionName, FunctionTables
from spikeref.neurons.code_runs import code_range
from spikeref.neurons.expansion import CODE_BITS, UNREACHED, Expansion
from spikeref.neurons.few_spikes import FewSpikes
from spikeref.neurons.hierarchical import HgNeuron, Identity, Piece, SubNeuron


class PieceKind(IntEnum):
    """Kinds of sub-neurons (LMOD-4)."""

    RISING = 0
    FALLING = 1
    IDENTITY = 2
    FEW_SPIKES = 3


LOWEST_EXPONENT = -20
"""Activations are given with 20 fraction bits, exactly (HG-1)."""
LARGEST_MEMBRANE = 1 << 31
LARGEST_CONSTANT = 1 << 32
"""Of an FS neuron: potentials and outputs of 16 steps stay far within 64 bits."""

LARGEST_GATE = 1 << 15
"""So that the gate's value has 32 bits with 16 fraction bits, as up has (LAS-17)."""

MANTISSA_FUNCTIONS: dict[FunctionName, tuple[int, int]] = {
    "reciprocal": (1 << 23, (1 << 24) - 1),
    "rsqrt": (1 << 22, (1 << 24) - 1),
    "sqrt": (1 << 22, (1 << 24) - 1),
    "square": (1 << 23, (1 << 24) - 1),
    "exp": (0, (1 << 16) - 1),
}
"""Functions of one piece, which is open for exactly these membranes (HG-2 to HG-7)."""
LEAST_CODES: dict[FunctionName, int] = {
    "reciprocal": 1 << 15,
    "rsqrt": 1 << 15,
    "sqrt": 1 << 15,
    "square": 1 << 14,
    "exp": 1 << 15,
}
"""What a code of theirs is at least, of whichever neuron (HG-8)."""


def neuron_tensors(name: FunctionName, neuron: HgNeuron) -> dict[str, NDArray[Any]]:
    """Return the tensors of a function by name."""
    prefix = f"tables.{name}"
    tensors: dict[str, NDArray[Any]] = {
        f"{prefix}.pieces": np.array([piece_members(p) for p in neuron.pieces], dtype=np.int64)
    }
    for number, piece in enumerate(neuron.pieces):
        sub = piece.neuron
        match sub:
            case Expansion():
                tensors[f"{prefix}.{number}.thresholds"] = sub.thresholds
            case FewSpikes():
                rows = (sub.resets, sub.thresholds, sub.weights)
                tensors[f"{prefix}.{number}.few_spikes"] = np.array(rows, dtype=np.int64)
            case Identity():
                pass
            case _:
                assert_never(sub)
    return tensors


def piece_members(piece: Piece) -> tuple[int, int, int, int, int, int]:
    """Return a row of `pieces` (LMOD-4)."""
    kind, shift = PieceKind.RISING, 0
    match piece.neuron:
        case Expansion(falling=falling):
            kind = PieceKind.FALLING if falling else PieceKind.RISING
        case Identity(shift):
            kind = PieceKind.IDENTITY
        case FewSpikes():
            kind = PieceKind.FEW_SPIKES
        case _:
            assert_never(piece.neuron)
    return piece.low, piece.high, piece.sign, piece.exponent, kind, shift


def read_neuron(name: FunctionName, array: Callable[[str], NDArray[Any]]) -> HgNeuron:
    """Return the HG neuron of a function from its tensors; ModelError for one that is none."""
    prefix = f"tables.{name}"
    rows = array(f"{prefix}.pieces").tolist()
    pieces = tuple(read_piece(f"{prefix}.{i}", row, array) for i, row in enumerate(rows))
    for earlier, later in pairwise(pieces):
        if earlier.high >= later.low:
            raise ModelError(f"{prefix}.pieces: ranges overlap or are not in order")
    ranges = [(piece.low, piece.high) for piece in pieces]
    needed = MANTISSA_FUNCTIONS.get(name)
    if not pieces or (needed is not None and ranges != [needed]):
        raise ModelError(f"{prefix}.pieces: not the ranges that chapter 19 needs")
    if name in LEAST_CODES:
        _require_codes(f"{prefix}.0", pieces[0], LEAST_CODES[name])
    return HgNeuron(pieces=pieces)


def _require_codes(prefix: str, piece: Piece, least: int) -> None:
    if piece.sign != 1 or isinstance(piece.neuron, Identity):
        raise ModelError(f"{prefix}: its sign is -1, or it is an identity (LMOD-4)")
    if code_range(piece, CODE_BITS)[0] < least:
        raise ModelError(f"{prefix}: a code below {least} (HG-8)")


def require_gate(name: FunctionName, neuron: HgNeuron) -> None:
    """Refuse a function of a decoder's gate whose values times up leave 62 bits (LAS-17)."""
    for number, piece in enumerate(neuron.pieces):
        if code_range(piece, CODE_BITS)[1] >= LARGEST_GATE << -piece.exponent:
            raise ModelError(f"tables.{name}.{number}: a code·2^e is 2^15 or more (LAS-17)")


def read_piece(prefix: str, row: list[int], array: Callable[[str], NDArray[Any]]) -> Piece:
    """Return the piece of a row of `pieces`; ModelError for one that LMOD-4 does not describe.

    array: gives the tensor of a name, `prefix`.thresholds or `prefix`.few_spikes.
    """
    low, high, sign, exponent, kind, shift = row
    sane = -LARGEST_MEMBRANE <= low <= high < LARGEST_MEMBRANE and sign in (-1, 1)
    if not sane or not LOWEST_EXPONENT <= exponent <= 0 or not 0 <= shift <= 16:
        raise ModelError(f"{prefix}: a member of its piece is out of range (LMOD-4)")
    neuron: SubNeuron
    match kind:
        case PieceKind.RISING | PieceKind.FALLING:
            falling = kind == PieceKind.FALLING
            neuron = _expansion(prefix, array(f"{prefix}.thresholds"), falling=falling)
        case PieceKind.IDENTITY:
            if low < 0 or high >> shift >= LARGEST_MEMBRANE >> 15:
                raise ModelError(f"{prefix}: an identity whose codes leave 16 bits")
            neuron = Identity(shift)
        case PieceKind.FEW_SPIKES:
            neuron = _few_spikes(prefix, array(f"{prefix}.few_spikes"))
        case _:
            raise ModelError(f"{prefix}: kind {kind} is unknown")
    return Piece(low=low, high=high, sign=sign, exponent=exponent, neuron=neuron)


def _expansion(prefix: str, thresholds: NDArray[np.int32], *, falling: bool) -> Expansion:
    steps = np.diff(thresholds.astype(np.int64))
    if np.any(steps > 0) if falling else np.any(steps < 0):
        raise ModelError(f"{prefix}.thresholds: not monotone (NEUR-6)")
    if int(np.abs(thresholds.astype(np.int64)).max()) > UNREACHED + 1:
        raise ModelError(f"{prefix}.thresholds: one leaves 32 bits")
    return Expansion(thresholds=thresholds, falling=falling)


def _few_spikes(prefix: str, constants: NDArray[np.int64]) -> FewSpikes:
    if np.any((constants > LARGEST_CONSTANT) | (constants < -LARGEST_CONSTANT)):
        raise ModelError(f"{prefix}.few_spikes: a constant beyond 2^32 (LMOD-4)")
    resets, thresholds, weights = constants.tolist()
    return FewSpikes(resets=tuple(resets), thresholds=tuple(thresholds), weights=tuple(weights))


def named_neurons(tables: FunctionTables, names: tuple[FunctionName, ...]) -> Iterator[
    tuple[FunctionName, HgNeuron]
]:  # fmt: skip
    """Yield the neurons of a model's functions by name."""
    own = {
        "exp": tables.exp,
        "reciprocal": tables.reciprocal,
        "rsqrt": tables.rsqrt,
        "sqrt": tables.square_root,
        "square": tables.square,
    }
    for name in names:
        neuron = tables.tanh if name == "tanh" else own.get(name, tables.activation)
        if neuron is not None:
            yield name, neuron


def read_tables(
    names: tuple[FunctionName, ...], array: Callable[[str], NDArray[Any]]
) -> FunctionTables:
    """Return the functions of a model whose functions are `names` (model.las_tensors)."""
    found = {name: read_neuron(name, array) for name in names}
    (activation,) = found.keys() & set(ACTIVATION_NAMES)
    return FunctionTables(
        exp=found["exp"],
        reciprocal=found["reciprocal"],
        rsqrt=found["rsqrt"],
        square_root=found["sqrt"],
        square=found["square"],
        activation=found[activation],
        tanh=found.get("tanh"),
    )
