"""The functions of chapter 19 in decimal numbers of 60 digits, and integers just below them."""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

DIGITS = 60
ONE = 1 << 16

REAL_NAMES = ("silu", "gelu", "gelu-tanh", "tanh", "exp")


def value(name: str, x: int) -> Fraction:
    """f(x·2^−16), correct to about 50 digits."""
    with localcontext() as context:
        context.prec = DIGITS
        real = Decimal(x) / ONE
        return Fraction(_FUNCTIONS[name](real))


def _silu(x: Decimal) -> Decimal:
    return x / (1 + (-x).exp())


def _tanh(x: Decimal) -> Decimal:
    if abs(x) > 40:
        return Decimal(1).copy_sign(x) * (1 - 2 * (-2 * abs(x)).exp())
    power = (2 * x).exp()
    return (power - 1) / (power + 1)


PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def _gelu(x: Decimal) -> Decimal:
    """x·Φ(x) by the series Φ(x) = 1/2 + φ(x)·Σ x^(2k+1)/(1·3·…·(2k+1)), without cancellation."""
    size = abs(x)
    term, total, k = size, Decimal(0), 0
    while term > Decimal(10) ** -DIGITS:
        total += term
        k += 1
        term = term * size * size / (2 * k + 1)
    density = (-size * size / 2).exp() / (2 * PI).sqrt()
    above = Decimal(1) / 2 + density * total
    return x * (above if x >= 0 else 1 - above)


def _gelu_tanh(x: Decimal) -> Decimal:
    inner = (2 / PI).sqrt() * (x + Decimal("0.044715") * x * x * x)
    return x / (1 + (-2 * inner).exp())


def _exp2_of_minus(x: Decimal) -> Decimal:
    return (-x * Decimal(2).ln()).exp()


_FUNCTIONS: dict[str, Callable[[Decimal], Decimal]] = {
    "silu": _silu,
    "gelu": _gelu,
    "gelu-tanh": _gelu_tanh,
    "tanh": _tanh,
    "exp": _exp2_of_minus,
}


def code_of(name: str, x: int, exponent: int) -> int:
    """⌊|f(x)|·2^−e⌋ cut to 16 bits."""
    return min(math.floor(abs(value(name, x)) * Fraction(2) ** -exponent), (1 << 16) - 1)


def deficit(name: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """x − f(x) for x >= 0 to a relative 1e−14: for these functions it is also −f(−x)."""
    match name:
        case "silu":
            return np.asarray(x * np.exp(-x) / (1 + np.exp(-x)))
        case "gelu":
            above = [0.5 * math.erfc(v * math.sqrt(0.5)) for v in x.tolist()]
            return np.asarray(x * np.array(above))
        case "gelu-tanh":
            z = 2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
            return np.asarray(x * np.exp(-z) / (1 + np.exp(-z)))
        case _:
            raise AssertionError(name)


def floors_below_identity(
    x: NDArray[np.int64], lacking: NDArray[np.float64], exponent: int
) -> NDArray[np.int64]:
    """⌊x·2^(−16−e) − lacking·2^−e⌋, with the whole part taken off before the difference.

    lacking is not negative and almost exact, so a whole x less something tiny falls by one. Where
    the difference comes near an integer otherwise, the assertion fails.
    """
    shift = 16 + exponent
    whole, rest = x >> shift if shift > 0 else x << -shift, np.zeros_like(x)
    if shift > 0:
        rest = x & ((1 << shift) - 1)
    left = rest * 2.0**-shift - lacking * 2.0**-exponent
    tiny = (rest == 0) & (np.abs(left) < 2.0**-20)
    assert bool(np.all(tiny | (np.abs(left - np.rint(left)) > 1e-9)))
    return np.asarray(whole + np.floor(left).astype(np.int64))
