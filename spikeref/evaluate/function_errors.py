"""How far HG neurons are from the functions they stand for (HG-1 to HG-8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from spikeref.compiler.function_tables import neuron_of
from spikeref.compiler.real_functions import magnitude
from spikeref.functions.tables import FUNCTION_NAMES, FunctionName
from spikeref.model.las_profile import Functions
from spikeref.neurons.code_runs import code_runs
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.few_spikes import FewSpikes
from spikeref.neurons.hierarchical import Identity, Piece

FRACTION_BITS: dict[FunctionName, int] = {"reciprocal": 23, "rsqrt": 22, "sqrt": 22, "square": 23}
"""Of x in the membrane, 16 in other functions: a mantissa stands for 1 <= x < 2 or 4."""
UNIT_SHIFTS: dict[FunctionName, int] = {
    "reciprocal": -16,
    "rsqrt": -16,
    "sqrt": -15,
    "square": -14,
}
"""f(x) is C·2^shift where e = 0: 2^39/m is 2^16/x, and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceError:
    """The largest error of one piece over its whole range, and where it is."""

    units: float
    """In units 2^e of the piece, those of 16 steps."""
    membrane: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceRow:
    """One piece of a function, as a table for people has it."""

    function: FunctionName
    piece: int
    """Its number."""
    low: float
    high: float
    """low <= x < high."""
    unit: int
    """One code stands for 2^unit, at 16 steps."""
    kind: str
    error: float
    """Largest |C·2^unit − |f(x)||."""
    units: float
    """The same in units."""


def piece_error(name: FunctionName, piece: Piece, steps: int) -> PieceError:
    """Return the largest |C·2^e − |f|| over all integer membranes of a piece, at T steps.

    The code is constant over runs and |f| monotone over a piece, so the largest error of a run is
    at one of its ends: nothing is sampled. Float64 adds less than 2^−16 units.
    """
    runs = code_runs(piece, steps)
    ends = np.concatenate([runs.first, runs.last])
    codes = np.concatenate([runs.code, runs.code]).astype(np.float64)
    errors = np.abs(codes - magnitude(name, ends) * 2.0**-piece.exponent)
    worst = int(errors.argmax())
    return PieceError(units=float(errors[worst]), membrane=int(ends[worst]))


def piece_rows(functions: Functions, steps: int) -> Iterator[PieceRow]:
    """Yield every piece of every function with its largest error at T steps."""
    for name in FUNCTION_NAMES:
        one = 2.0 ** FRACTION_BITS.get(name, 16)
        for number, piece in enumerate(neuron_of(name, functions).pieces):
            units = piece_error(name, piece, steps).units
            unit = piece.exponent + UNIT_SHIFTS.get(name, 0)
            yield PieceRow(
                function=name,
                piece=number,
                low=piece.low / one,
                high=(piece.high + 1) / one,
                unit=unit,
                kind=_kind(piece),
                error=units * 2.0**unit,
                units=units,
            )


def _kind(piece: Piece) -> str:
    match piece.neuron:
        case Expansion(falling=falling):
            return "falling" if falling else "rising"
        case Identity():
            return "identity"
        case FewSpikes():
            return "fitted"
        case _:
            assert_never(piece.neuron)
