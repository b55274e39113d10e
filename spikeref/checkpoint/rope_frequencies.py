"""Inverse frequencies of rotary embeddings, to 50 decimal digits.

The standard's exp and ln are rounded correctly at any precision, so these digits are the same on
every machine; whoever makes a table from them rounds once.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from typing import assert_never

from spikeref.checkpoint.rope import DefaultRope, Llama3Rope, Rope

DIGITS = 50

TWO_PI = Decimal("6.2831853071795864769252867665590057683943387987502116419498891846")

_WORKING = Context(prec=DIGITS + 14, rounding=ROUND_HALF_EVEN)
_FINAL = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)


def inverse_frequencies(rope: Rope, head_dim: int) -> list[Decimal]:
    """The head_dim/2 inverse frequencies, in radians a position, each to 50 significant digits.

    Default: f_i = theta^(-2i/head_dim). LLaMA 3.1, with wavelength w = 2 pi / f_i, original
    length L, factors a < b (low, high) and stretch s:

        f_i                                     where w < L/b
        f_i / s                                 where w > L/a
        (1 - m) f_i / s + m f_i                 between, with m = (L/w - a) / (b - a)
    """
    with localcontext(_WORKING):
        base = [_power(rope.theta, i, head_dim) for i in range(head_dim // 2)]
        match rope:
            case DefaultRope():
                found = base
            case Llama3Rope():
                found = [_stretched(f, rope) for f in base]
            case _:
                assert_never(rope)
    return [_FINAL.plus(f) for f in found]


def _power(theta: Fraction, i: int, head_dim: int) -> Decimal:
    return (_decimal(theta).ln() * (-2 * i) / head_dim).exp()


def _stretched(f: Decimal, rope: Llama3Rope) -> Decimal:
    low, high = _decimal(rope.low_freq_factor), _decimal(rope.high_freq_factor)
    turns = rope.original_max_positions * f / TWO_PI  # L/w: rotations within the original length
    stretched = f / _decimal(rope.factor)
    if turns > high:
        return f
    if turns < low:
        return stretched
    smooth = (turns - low) / (high - low)
    return (1 - smooth) * stretched + smooth * f


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
