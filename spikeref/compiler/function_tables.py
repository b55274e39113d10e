"""The standard HG neurons: thresholds of exact functions, alike on every machine (chapter 19)."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from math import isqrt
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.compiler.fitted_constants import fitted_constants
from spikeref.compiler.real_functions import (
    Real,
    gelu_deficit,
    gelu_tanh_deficit,
    silu_deficit,
    tanh_deficit,
)
from spikeref.errors import RangeError
from spikeref.functions.tables import ActivationName, FunctionName, FunctionTables
from spikeref.model.las_profile import Functions
from spikeref.neurons.expansion import CODE_BITS, UNREACHED, Expansion
from spikeref.neurons.hierarchical import HgNeuron, Identity, Piece

LARGEST_CODE = (1 << CODE_BITS) - 1
ONE = 1 << 16
"""1 with 16 fraction bits."""
HALF_MANTISSA, MANTISSA_END = 1 << 23, 1 << 24
LAST_IDENTITY_OCTAVE = 14
MARGIN = 1e-9
"""Float64 gives |f|·2^−e below 2^16 to within 2^−33; a table is refused where a value lies so near
to an integer that another mathematical library could round it down differently."""


@lru_cache(maxsize=16)
def standard_neuron(name: FunctionName) -> HgNeuron:
    """Return the HG neuron of a function by its name in chapter 19."""
    match name:
        case "silu":
            return _activation(silu_deficit, start=-16, trough=-83785, exponent=-17, octaves=4)
        case "gelu":
            return _activation(gelu_deficit, start=-8, trough=-49269, exponent=-18, octaves=3)
        case "gelu-tanh":
            return _activation(gelu_tanh_deficit, start=-8, trough=-49313, exponent=-18, octaves=3)
        case "relu":
            unit = Piece(low=0, high=ONE - 1, sign=1, exponent=-16, neuron=Identity(0))
            return HgNeuron(pieces=(unit, *_identity_octaves(0)))
        case "tanh":
            return _tanh()
        case "exp":
            power = _sampled(lambda f: np.exp2(-f), 0, ONE - 1, 1, -16, falling=True)
            return HgNeuron(pieces=(power,))
        case "reciprocal":
            return _of_mantissas(HALF_MANTISSA, lambda c: (1 << 39) // c, falling=True)
        case "rsqrt":
            return _of_mantissas(HALF_MANTISSA >> 1, lambda c: (1 << 54) // (c * c), falling=True)
        case "sqrt":
            return _of_mantissas(HALF_MANTISSA >> 1, lambda c: -(-c * c >> 8), falling=False)
        case "square":
            return _of_mantissas(HALF_MANTISSA, lambda c: isqrt((c << 32) - 1) + 1, falling=False)
        case _:
            assert_never(name)


@lru_cache(maxsize=16)
def fitted_neuron(name: FunctionName) -> HgNeuron:
    """Return the HG neuron of a function with an FS neuron for every expansion (HG-8)."""
    constants = fitted_constants(name)
    pieces = enumerate(standard_neuron(name).pieces)
    return HgNeuron(
        pieces=tuple(
            replace(piece, neuron=constants[i].neuron) if i in constants else piece
            for i, piece in pieces
        )
    )


def neuron_of(name: FunctionName, functions: Functions) -> HgNeuron:
    """Return the HG neuron of a function in profiles with such functions (LMOD-4)."""
    match functions:
        case Functions.EXPANSION:
            return standard_neuron(name)
        case Functions.FITTED:
            return fitted_neuron(name)
        case _:
            assert_never(functions)


def standard_tables(activation: ActivationName, *, tanh: bool) -> FunctionTables:
    """Return the functions of a model with that activation, and tanh where it has a pooler."""
    return FunctionTables(
        exp=standard_neuron("exp"),
        reciprocal=standard_neuron("reciprocal"),
        rsqrt=standard_neuron("rsqrt"),
        square_root=standard_neuron("sqrt"),
        square=standard_neuron("square"),
        activation=standard_neuron(activation),
        tanh=standard_neuron("tanh") if tanh else None,
    )


def _activation(deficit: Real, *, start: int, trough: int, exponent: int, octaves: int) -> HgNeuron:
    """Return an activation's pieces: its negative lobe, octaves up to 2^octaves, the identity.

    deficit: x − f(x), which is −f(−x) for each of them, with a small relative error.
    """

    def lobe(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return deficit(-x)

    pieces = [
        _sampled(lobe, start * ONE, trough - 1, -1, exponent, falling=False),
        _sampled(lobe, trough, -1, -1, exponent, falling=True),
        _below_identity(deficit, 0, ONE - 1, -16),
    ]
    for octave in range(octaves):
        low, high = ONE << octave, (ONE << (octave + 1)) - 1
        pieces.append(_below_identity(deficit, low, high, octave - 15))
    return HgNeuron(pieces=(*pieces, *_identity_octaves(octaves)))


def _tanh() -> HgNeuron:
    # From 6.6 on every code is the largest.
    end = 7 * ONE
    codes = _codes_below_identity(tanh_deficit, 0, end, -16)
    rising = _thresholds_of(codes, 0, falling=False).astype(np.int64)
    thresholds = np.where(rising == UNREACHED, -UNREACHED - 1, -rising)
    limit = 1 << 31
    return HgNeuron(
        pieces=(
            Piece(
                low=-limit,
                high=-1,
                sign=-1,
                exponent=-16,
                neuron=Expansion(thresholds=_frozen(thresholds), falling=True),
            ),
            Piece(
                low=0,
                high=limit - 1,
                sign=1,
                exponent=-16,
                neuron=Expansion(thresholds=_frozen(rising), falling=False),
            ),
        )
    )


def _identity_octaves(first: int) -> list[Piece]:
    return [
        Piece(
            low=ONE << octave,
            high=(ONE << (octave + 1)) - 1,
            sign=1,
            exponent=octave - 15,
            neuron=Identity(octave + 1),
        )
        for octave in range(first, LAST_IDENTITY_OCTAVE + 1)
    ]


def _sampled(
    function: Real, low: int, high: int, sign: int, exponent: int, *, falling: bool
) -> Piece:
    """Return the piece of a function of x·2^−16 over low <= x <= high, from every grid value.

    RangeError where a value is too near to an integer, or the codes are not monotone.
    """
    x = np.arange(low, high + 1, dtype=np.float64) / ONE
    value = np.ldexp(np.abs(function(x)), np.int32(-exponent))
    codes = _rounded_down(value, low)
    return _piece(codes, low, sign, exponent, falling=falling)


def _below_identity(deficit: Real, low: int, high: int, exponent: int) -> Piece:
    """Return the rising piece of x − deficit(x), however small the deficit is."""
    codes = _codes_below_identity(deficit, low, high, exponent)
    return _piece(codes, low, 1, exponent, falling=False)


def _codes_below_identity(deficit: Real, low: int, high: int, exponent: int) -> NDArray[np.int64]:
    """Return ⌊(x − deficit(x))·2^−exponent⌋ for the grid values low … high.

    x·2^−exponent is a multiple of 2^−4, so a deficit below 2^−10 counts only where x itself is a
    code: it takes one off.
    """
    x = np.arange(low, high + 1, dtype=np.float64) / ONE
    whole = np.ldexp(x, np.int32(-exponent))
    lacking = np.ldexp(deficit(x), np.int32(-exponent))
    slight = (lacking > 0.0) & (lacking < 2.0**-10)
    codes = _rounded_down(np.where(slight, whole, whole - lacking), low)
    codes -= slight & (np.floor(whole) == whole)
    return codes


def _rounded_down(value: NDArray[np.float64], low: int) -> NDArray[np.int64]:
    """Return codes of |f|·2^−e; RangeError where one is too near to an integer (MARGIN)."""
    nearest = np.rint(value)
    # Values are not negative, so that near 0 nothing can be rounded down otherwise.
    doubtful = (nearest != value) & (nearest >= 1.0) & (nearest <= LARGEST_CODE)
    close = doubtful & (np.abs(value - nearest) < MARGIN)
    if np.any(close):
        raise RangeError("HG threshold near", low + int(np.argmax(close)), 32, "HG-1")
    return np.minimum(np.floor(value), float(LARGEST_CODE)).astype(np.int64)


def _piece(codes: NDArray[np.int64], low: int, sign: int, exponent: int, *, falling: bool) -> Piece:
    """Return the piece of the codes of membranes low, low + 1, …; RangeError if not monotone."""
    steps = np.diff(codes)
    wrong = (steps > 0) if falling else (steps < 0)
    if np.any(wrong):
        raise RangeError("HG threshold after", low + int(np.argmax(wrong)), 32, "HG-1")
    thresholds = _thresholds_of(codes, low, falling=falling)
    return Piece(
        low=low,
        high=low + len(codes) - 1,
        sign=sign,
        exponent=exponent,
        neuron=Expansion(thresholds=thresholds, falling=falling),
    )


def _thresholds_of(codes: NDArray[np.int64], low: int, *, falling: bool) -> NDArray[np.int32]:
    """Return X_c for c = 1 … 2^16 − 1 of monotone codes of membranes low, low + 1, …"""
    wanted = np.arange(1, LARGEST_CODE + 1, dtype=np.int64)
    if falling:
        # As many membranes as reach c, from the lowest on.
        reached = len(codes) - np.searchsorted(codes[::-1], wanted, side="left")
        found = np.where(reached > 0, low + reached - 1, -UNREACHED - 1)
    else:
        below = np.searchsorted(codes, wanted, side="left")
        found = np.where(below < len(codes), low + below, UNREACHED)
    return _frozen(found)


def _of_mantissas(low: int, bound: Callable[[int], int], *, falling: bool) -> HgNeuron:
    """Return a neuron over mantissas low … 2^24 − 1 whose exact X_c, cut to them, is bound(c)."""
    high = MANTISSA_END - 1
    found = []
    for code in range(1, LARGEST_CODE + 1):
        exact = bound(code)
        if falling:
            found.append(min(exact, high) if exact >= low else -UNREACHED - 1)
        else:
            found.append(max(exact, low) if exact <= high else UNREACHED)
    neuron = Expansion(thresholds=_frozen(np.array(found, dtype=np.int64)), falling=falling)
    return HgNeuron(pieces=(Piece(low=low, high=high, sign=1, exponent=0, neuron=neuron),))


def _frozen(thresholds: NDArray[np.int64]) -> NDArray[np.int32]:
    narrowed = thresholds.astype(np.int32)
    narrowed.flags.writeable = False
    return narrowed
