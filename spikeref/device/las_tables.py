"""The tables of HG neurons that a model holds (LMOD-4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .las_functions import (
    LARGEST_CODE,
    WHOLE_STEPS,
    Expansion,
    FewSpikes,
    Function,
    Identity,
    Piece,
    fewer,
)
from .model_shape import Expected
from .tensor import Refusal, Tensor

RISING, FALLING, IDENTITY, FEW_SPIKES = range(4)
"""Kinds of pieces."""

SINGLE = ("exp", "reciprocal", "rsqrt", "sqrt", "square")
"""Functions of one piece, which every model holds."""

RANGES = {
    "exp": (0, (1 << 16) - 1),
    "reciprocal": (1 << 23, (1 << 24) - 1),
    "rsqrt": (1 << 22, (1 << 24) - 1),
    "sqrt": (1 << 22, (1 << 24) - 1),
    "square": (1 << 23, (1 << 24) - 1),
}
"""The membranes of the piece of each of them (HG-2, HG-4 to HG-7)."""

LEAST_CODES = dict.fromkeys(SINGLE, 1 << 15) | {"square": 1 << 14}
"""What their codes are at least (HG-8)."""

Tensors: TypeAlias = Mapping[str, Tensor]
Pieces: TypeAlias = Sequence[Piece]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The functions of a model at its T steps; tanh where there is a pooler."""

    steps: int
    exp: Function
    reciprocal: Function
    inverse_root: Function
    root: Function
    square: Function
    activation: Pieces
    tanh: Pieces


def table_name(function: str, number: int, kind: int) -> str:
    """The name of the table of a piece (LMOD-4)."""
    return f"tables.{function}.{number}.{'few_spikes' if kind == FEW_SPIKES else 'thresholds'}"


def expected_tables(functions: Sequence[str], tensors: Tensors) -> Expected:
    """Name to type and shape of the tables of these functions, by the pieces that they state."""
    wanted: Expected = {}
    for function in functions:
        name = f"tables.{function}.pieces"
        if name not in tensors or tensors[name].shape[1:] != (6,):
            raise Refusal("model", f"{name} is missing, or its rows are not of six numbers")
        rows = tensors[name].rows()
        wanted[name] = ("i64", (len(rows), 6))
        for number, (_, _, _, _, kind, _) in enumerate(rows):
            if kind in (RISING, FALLING):
                wanted[table_name(function, number, kind)] = ("i32", (LARGEST_CODE,))
            elif kind == FEW_SPIKES:
                wanted[table_name(function, number, kind)] = ("i64", (3, WHOLE_STEPS))
    return wanted


def pieces_of(function: str, tensors: Tensors, steps: int) -> list[Piece]:
    """The pieces of a function at T steps; refuses pieces that NEUR-8 does not describe."""
    pieces = []
    for number, row in enumerate(tensors[f"tables.{function}.pieces"].rows()):
        low, high, sign, exponent, kind, shift = row
        if low > high or sign not in (1, -1) or kind not in range(4) or shift < 0:
            raise Refusal("model", f"piece {number} of {function}: {row}")
        table = tensors.get(table_name(function, number, kind))
        neuron = _neuron(kind, shift, table, steps)
        pieces.append(Piece(low=low, high=high, sign=sign, exponent=exponent, neuron=neuron))
    return pieces


def _neuron(
    kind: int, shift: int, table: Tensor | None, steps: int
) -> Expansion | Identity | FewSpikes:
    if table is None:
        return Identity(shift)
    if kind == FEW_SPIKES:
        resets, thresholds, weights = table.rows()
        return FewSpikes(resets=resets, thresholds=thresholds, weights=weights)
    return Expansion(fewer(table.flat, WHOLE_STEPS, steps), kind == FALLING)


def end_codes(piece: Piece, steps: int) -> list[int]:
    """The codes at both ends of a piece, on 16 steps: the extremes, as its codes are monotone."""
    ends, neuron = (piece.low, piece.high), piece.neuron
    match neuron:
        case Identity(shift):
            return [x >> shift for x in ends]
        case Expansion(thresholds, falling):
            reached = [sum(x <= t if falling else x >= t for t in thresholds) for x in ends]
            return [code << (WHOLE_STEPS - steps) for code in reached]
        case FewSpikes():
            raise AssertionError("the codes of an FS neuron are not monotone")


def check_gate(pieces: Pieces, steps: int) -> None:
    """Refuse a gate of 2^15 or more, whose product with up may leave 62 bits (LAS-17).

    The gate product itself refuses that of an FS neuron, whose codes are not monotone.
    """
    for piece in pieces:
        if isinstance(piece.neuron, FewSpikes):
            continue
        if max(end_codes(piece, steps)) >= 1 << max(0, 15 - piece.exponent):
            raise Refusal("model", f"a gate of 2^15 or more from {piece.low} to {piece.high}")


def function_of(name: str, tensors: Tensors, steps: int) -> Function:
    """A function of one piece (HG-2, HG-4 to HG-7)."""
    pieces = pieces_of(name, tensors, steps)
    if [(piece.low, piece.high, piece.sign) for piece in pieces] != [(*RANGES[name], 1)]:
        raise Refusal("model", f"{name}: another range or sign than those of its clause")
    piece = pieces[0]
    if isinstance(piece.neuron, Identity):
        raise Refusal("model", f"{name}: an identity in place of a function")
    if isinstance(piece.neuron, Expansion) and min(end_codes(piece, steps)) < LEAST_CODES[name]:
        raise Refusal("model", f"{name}: a code below {LEAST_CODES[name]}")
    return Function(piece.neuron, steps, piece.low)


def tables_of(activation: str, tensors: Tensors, steps: int, *, tanh: bool) -> Tables:
    """The functions of a model, all checked by `expected_tables` before."""
    exp, reciprocal, inverse_root, root, square = (function_of(f, tensors, steps) for f in SINGLE)
    return Tables(
        steps=steps,
        exp=exp,
        reciprocal=reciprocal,
        inverse_root=inverse_root,
        root=root,
        square=square,
        activation=pieces_of(activation, tensors, steps),
        tanh=pieces_of("tanh", tensors, steps) if tanh else [],
    )
