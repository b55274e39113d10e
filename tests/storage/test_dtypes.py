from fractions import Fraction

import numpy as np

from spikeref.storage.dtypes import bfloat16_to_float32, widen


def dyadic(bits: int, exponent_bits: int, fraction_bits: int) -> Fraction | None:
    """The value of an IEEE-style pattern by the definition; None for NaN and infinity."""
    fraction = bits & ((1 << fraction_bits) - 1)
    exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1)
    sign = -1 if bits >> (exponent_bits + fraction_bits) else 1
    bias = (1 << (exponent_bits - 1)) - 1
    if exponent == (1 << exponent_bits) - 1:
        return None
    if exponent == 0:
        return sign * Fraction(fraction) * Fraction(2) ** (1 - bias - fraction_bits)
    mantissa = fraction + (1 << fraction_bits)
    return sign * mantissa * Fraction(2) ** (exponent - bias - fraction_bits)


def test_every_bfloat16_widens_exactly() -> None:
    patterns = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16)
    widened = bfloat16_to_float32(patterns)
    for bits, value in enumerate(widened.tolist()):
        expected = dyadic(bits, 8, 7)
        assert (expected is None) != np.isfinite(value)
        if expected is not None:
            assert Fraction(value) == expected
    assert np.array_equal(np.signbit(widened), patterns >> 15 == 1)


def test_every_float16_widens_exactly() -> None:
    patterns = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16)
    widened = widen(patterns.view(np.float16), "F16")
    assert widened.dtype == np.float32
    for bits, value in enumerate(widened.tolist()):
        expected = dyadic(bits, 5, 10)
        assert (expected is None) != np.isfinite(value)
        if expected is not None:
            assert Fraction(value) == expected


def test_widening_float32_copies() -> None:
    stored = np.ones(3, dtype=np.float32)
    widened = widen(stored, "F32")
    widened[0] = 2
    assert stored.tolist() == [1, 1, 1]
