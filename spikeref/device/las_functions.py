"""Chapters 18 and 19: HG neurons, and the functions that they make."""

from collections.abc import Sequence
from dataclasses import dataclass

from .las_neurons import few_spikes
from .tensor import Refusal

WHOLE_STEPS = 16
"""Steps for which thresholds and exponents are stated (NEUR-7)."""
LARGEST_CODE = (1 << WHOLE_STEPS) - 1


@dataclass(frozen=True, slots=True)
class Expansion:
    """Thresholds X_1 … of a rising or falling piece, those of a neuron of T steps (NEUR-6)."""

    thresholds: Sequence[int]
    falling: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """The shift e_0 of an identity (NEUR-8)."""

    shift: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FewSpikes:
    """Constants of an FS neuron (NEUR-1)."""

    resets: Sequence[int]
    thresholds: Sequence[int]
    weights: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A range of the membrane with its sub-neuron, sign and exponent (NEUR-8)."""

    low: int
    high: int
    sign: int
    exponent: int
    neuron: Expansion | Identity | FewSpikes


def fewer(thresholds: Sequence[int], stated: int, steps: int) -> list[int]:
    """The thresholds of a neuron of fewer steps than those that they are stated for (NEUR-7)."""
    apart = 1 << (stated - steps)
    return [thresholds[c * apart - 1] for c in range(1, 1 << steps)]


def expand(x: int, neuron: Expansion, steps: int) -> int:
    """The code, from its most significant bit down (NEUR-6)."""
    code = 0
    for step in range(1, steps + 1):
        trial = code + (1 << (steps - step))
        threshold = neuron.thresholds[trial - 1]
        fires = x <= threshold if neuron.falling else x >= threshold
        if fires:
            code = trial
    return code


def code_of(x: int, piece: Piece, steps: int) -> int:
    """The code of the sub-neuron of a piece, on T steps (NEUR-8)."""
    match piece.neuron:
        case Expansion():
            return expand(x, piece.neuron, steps)
        case Identity(shift):
            return x >> (shift + WHOLE_STEPS - steps)
        case FewSpikes():
            given = piece.neuron
            output = few_spikes(x - piece.low, given.resets, given.thresholds, given.weights)
            return min(max(output, 0), LARGEST_CODE) >> (WHOLE_STEPS - steps)


def fire(x: int, pieces: Sequence[Piece], steps: int) -> tuple[int, int]:
    """Signed code on 16 steps and exponent of the open piece; 0 and 0 where none is (NEUR-8)."""
    for piece in pieces:
        if piece.low <= x <= piece.high:
            code = code_of(x, piece, steps) << (WHOLE_STEPS - steps)
            return piece.sign * code, piece.exponent
    return 0, 0


def activate(x: int, pieces: Sequence[Piece], steps: int) -> int:
    """a(x) with 20 fraction bits (HG-1)."""
    code, exponent = fire(x, pieces, steps)
    up = exponent + 20
    return code << up if up >= 0 else code >> -up


@dataclass(frozen=True, slots=True)
class Function:
    """The one piece of exp, reciprocal, rsqrt, sqrt or square; its steps, its lowest membrane."""

    neuron: Expansion | FewSpikes
    steps: int
    low: int = 0

    def __call__(self, membrane: int) -> int:
        """The code on 16 steps (HG-9)."""
        if isinstance(self.neuron, FewSpikes):
            low, neuron = self.low, self.neuron
            piece = Piece(low=low, high=membrane, sign=1, exponent=0, neuron=neuron)
            code = code_of(membrane, piece, self.steps)
        else:
            code = expand(membrane, self.neuron, self.steps)
        return code << (WHOLE_STEPS - self.steps)


def exponential(t: int, function: Function) -> int:
    """E(t) = 2^−t with 39 fraction bits (HG-2)."""
    whole = t >> 16
    if whole > 23:
        return 0
    return function(t - (whole << 16)) << (23 - whole)


def mantissa_of(s: int, *, even: bool) -> tuple[int, int]:
    """s = m·2^e with m of 24 bits, or of 23 or 24 where e must be even (HG-3)."""
    if not 0 < s < 1 << 62:
        raise Refusal("range", f"{s} outside 1 … 2^62−1")
    exponent = s.bit_length() - 24
    if even:
        exponent += exponent % 2
    return (s >> exponent if exponent > 0 else s << -exponent), exponent


def reciprocal(s: int, function: Function) -> tuple[int, int]:
    """C and e with 1/s ≈ C·2^−(39+e) (HG-4)."""
    mantissa, exponent = mantissa_of(s, even=False)
    return function(mantissa), exponent


def inverse_root(s: int, function: Function) -> tuple[int, int]:
    """C and e/2 with 1/√s ≈ C·2^−(27+e/2) (HG-5)."""
    mantissa, exponent = mantissa_of(s, even=True)
    return function(mantissa), exponent // 2


def root(s: int, function: Function) -> tuple[int, int]:
    """C and e/2 with √s ≈ C·2^(e/2−4) (HG-6)."""
    mantissa, exponent = mantissa_of(s, even=True)
    return function(mantissa), exponent // 2


def square(x: int, function: Function) -> int:
    """About x² (HG-7)."""
    if x == 0:
        return 0
    if abs(x) >= 1 << 30:
        raise Refusal("range", f"|{x}| ≥ 2^30")
    mantissa, exponent = mantissa_of(abs(x), even=False)
    code, up = function(mantissa), 32 + 2 * exponent
    return code << up if up >= 0 else code >> -up
