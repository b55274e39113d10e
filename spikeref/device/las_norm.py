"""The norms of LAS (LAS-4), and that of the published program (LAS-16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .arithmetic import Ties, below, block_shift, round_div, round_shift, saturate, saturate_all
from .las_functions import Function, inverse_root, reciprocal, root, square
from .las_neurons import Code, Form, multi_threshold, outlier_aware, value_of, weighed

Kind: TypeAlias = Literal["layer", "rms"]

POSITIVE, NEGATIVE = 700 << 16, 200 << 16
"""Thresholds of the published norm's neurons (LAS-16)."""
PUBLISHED_CODE = (2 << 16, 50 << 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """Kind, √N as a scale, epsilon as a scale, gains and their exponent, shifts β, tie rule."""

    kind: Kind
    root: tuple[int, int]
    epsilon: tuple[int, int]
    gamma: Sequence[int]
    gamma_exponent: int
    beta: Sequence[int]
    ties: Ties


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """The functions of a norm; root and reciprocal are those of the published one."""

    square: Function
    inverse_root: Function | None = None
    root: Function | None = None
    reciprocal: Function | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Normed:
    """What a norm records (LAS-18)."""

    deviation: list[int]
    energy: int
    inverse: int
    inverse_exponent: int
    output: list[int]
    saturations: int


def deviations(x: Sequence[int], kind: Kind) -> list[int]:
    """N·x_j − Σ x, or x_j itself (LAS-4, step 1)."""
    if kind == "rms":
        return list(x)
    total = sum(x)
    return [len(x) * value - total for value in x]


def octave(mantissa: int, steps: int) -> int:
    """The leading `steps` bits of a mantissa: an identity of octave gates (LAS-4, step 3)."""
    dropped = max(0, abs(mantissa).bit_length() - steps)
    kept = abs(mantissa) >> dropped << dropped
    return -kept if mantissa < 0 else kept


def energy_of(deviation: Sequence[int], shift: int, norm: Norm, squared: Function) -> int:
    """A, with the epsilon at the scale of the deviations (LAS-4, step 4)."""
    mantissa, exponent = norm.epsilon
    epsilon = round_shift(mantissa, 2 * shift - exponent, norm.ties)
    return below(sum(square(d, squared) for d in deviation) + epsilon, (1 << 62) - 1)


def finish(y: Sequence[int], norm: Norm) -> tuple[list[int], int]:
    """Gain and shift, saturated (LAS-4, step 7)."""
    out = [
        round_shift(value * gain, -norm.gamma_exponent, norm.ties) + shift
        for value, gain, shift in zip(y, norm.gamma, norm.beta, strict=True)
    ]
    return saturate_all(out, 40)


def normalised(x: Sequence[int], norm: Norm, functions: Functions, steps: int) -> Normed:
    """The norm of one token (LAS-4)."""
    assert functions.inverse_root is not None
    mantissas, shift = block_shift(deviations(x, norm.kind), 24, norm.ties)
    deviation = [octave(m, steps) for m in mantissas]
    energy = energy_of(deviation, shift, norm, functions.square)
    inverse = half = 0
    y = [0] * len(deviation)
    if energy:
        inverse, half = inverse_root(energy, functions.inverse_root)
        mantissa, exponent = norm.root
        down = 11 + half - exponent
        y = [round_shift(d * inverse * mantissa, down, norm.ties) for d in deviation]
    output, saturations = finish(y, norm)
    return Normed(
        deviation=deviation,
        energy=energy,
        inverse=inverse,
        inverse_exponent=half,
        output=output,
        saturations=saturations,
    )


def published_deviation(d: int, form: Form) -> int:
    """7·V or −2·V of the neuron for its sign (LAS-16)."""
    if d >= 0:
        return 7 * weighed(multi_threshold(d, POSITIVE, form))
    return -2 * weighed(multi_threshold(-d, NEGATIVE, form))


def published(x: Sequence[int], norm: Norm, functions: Functions, form: Form) -> Normed:
    """The norm of the published program for one token (LAS-16)."""
    assert functions.root is not None
    assert functions.reciprocal is not None
    given = deviations(x, norm.kind)
    if norm.kind == "layer":
        given = [saturate(round_div(d, len(x), norm.ties), 40) for d in given]
    deviation = [published_deviation(d, form) for d in given]
    energy = energy_of(deviation, 0, norm, functions.square)
    inverse = exponent = 0
    y = [0] * len(deviation)
    if energy:
        code, half = root(energy, functions.root)
        inverse, _ = reciprocal(code << 8, functions.reciprocal)
        exponent = half - 12
        mantissa, up = norm.root
        down = 23 + exponent - up
        y = [round_shift(d * inverse * mantissa, down, norm.ties) for d in deviation]
    y = spiked(y, Code(form=form, normal=PUBLISHED_CODE[0], outlier=PUBLISHED_CODE[1]), norm.ties)
    output, saturations = finish(y, norm)
    return Normed(
        deviation=deviation,
        energy=energy,
        inverse=inverse,
        inverse_exponent=exponent,
        output=output,
        saturations=saturations,
    )


def spiked(y: Sequence[int], code: Code, ties: Ties) -> list[int]:
    """What the OAT neurons behind a published norm make of its values (LAS-16)."""
    mantissa, exponent = code.unit
    found = [outlier_aware(saturate(value, 40), 16, code) for value in y]
    values = [value_of(spike.count, spike.outlier, code) for spike in found]
    return [round_shift(v * mantissa, -(exponent + 16), ties) for v in values]
