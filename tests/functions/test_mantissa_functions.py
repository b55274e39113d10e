"""Reciprocal, roots and square at every threshold, and of whole integers (HG-3 to HG-7, THM-19)."""

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.compiler.function_tables import standard_neuron
from spikeref.functions.mantissas import reduced
from spikeref.functions.reciprocal import reciprocal
from spikeref.functions.roots import rsqrt, sqrt_code
from spikeref.functions.square import square
from spikeref.functions.tables import FunctionName
from spikeref.neurons.expansion import UNREACHED, Expansion
from spikeref.neurons.hierarchical import fire_piece_by_piece

LARGEST = (1 << 62) - 1
END = 1 << 24
POSITIVE = st.integers(1, LARGEST) | st.integers(0, 61).flatmap(
    lambda k: st.integers(max(1, (1 << k) - 2), min(LARGEST, (1 << k) + 2))
)
NAMES: tuple[FunctionName, ...] = ("reciprocal", "rsqrt", "sqrt", "square")


def reaches(name: FunctionName, m: int, c: int) -> bool:
    """Whether f(m) >= c, in integers."""
    match name:
        case "reciprocal":
            return c * m <= 1 << 39
        case "rsqrt":
            return c * c * m <= 1 << 54
        case "sqrt":
            return 256 * m >= c * c
        case "square":
            return m * m >= c << 32
        case _:
            raise AssertionError(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_threshold_is_where_the_function_reaches_its_code(name: FunctionName) -> None:
    """X_c is the least (falling: the greatest) mantissa at which |f| rounded down reaches c."""
    (piece,) = standard_neuron(name).pieces
    low = 1 << (22 if name in ("rsqrt", "sqrt") else 23)
    assert (piece.low, piece.high, piece.sign, piece.exponent) == (low, END - 1, 1, 0)
    assert isinstance(piece.neuron, Expansion)
    falling = piece.neuron.falling
    assert falling is (name in ("reciprocal", "rsqrt"))
    first, last, step = (END - 1, low, 1) if falling else (low, END - 1, -1)
    for c, x in enumerate(piece.neuron.thresholds.tolist(), start=1):
        if x == (-UNREACHED - 1 if falling else UNREACHED):
            assert not reaches(name, last, c)
            continue
        assert low <= x < END
        assert reaches(name, x, c)
        assert x == first or not reaches(name, x + step, c)


@pytest.mark.parametrize("name", NAMES)
def test_codes_have_the_widths_of_the_clauses(name: FunctionName) -> None:
    neuron = standard_neuron(name)
    (piece,) = neuron.pieces
    x = np.array([piece.low, piece.low + 1, (piece.low + END) // 2, END - 1], dtype=np.int64)
    codes = fire_piece_by_piece(x, neuron, 16).code.tolist()
    assert min(codes) >= 1 << (14 if name == "square" else 15)
    assert max(codes) < 1 << 16
    assert codes == sorted(codes, reverse=name in ("reciprocal", "rsqrt"))


@given(s=POSITIVE, even=st.booleans())
def test_mantissas(s: int, even: bool) -> None:
    found = reduced(np.array([s], dtype=np.int64), even=even)
    m, e = int(found.mantissa[0]), int(found.exponent[0])
    assert 1 << (22 if even else 23) <= m < END
    assert e % 2 == 0 or not even
    assert m == (s >> e if e > 0 else s << -e)


@given(s=POSITIVE, steps=st.integers(10, 16))
def test_reciprocals(s: int, steps: int) -> None:
    code, e = (int(v[0]) for v in reciprocal(_array(s), standard_neuron("reciprocal"), steps))
    m = s >> e if e > 0 else s << -e
    exact = min((1 << 39) // m, (1 << 16) - 1)
    assert code == exact >> (16 - steps) << (16 - steps)
    # One unit of T steps, and one part in 2^23 of what the mantissa left out.
    ratio = code * Fraction(2) ** (-39 - e) * s
    assert (
        1 - Fraction(2) ** (1 - steps) - Fraction(1, 1 << 22) <= ratio <= 1 + Fraction(1, 1 << 22)
    )


@given(s=POSITIVE, steps=st.integers(10, 16))
def test_inverse_roots(s: int, steps: int) -> None:
    code, half = (int(v[0]) for v in rsqrt(_array(s), standard_neuron("rsqrt"), steps))
    m = s >> 2 * half if half > 0 else s << -2 * half
    exact = min(isqrt((1 << 54) // m), (1 << 16) - 1)
    assert code == exact >> (16 - steps) << (16 - steps)
    squared = code * code * Fraction(4) ** (-27 - half) * s
    low = (1 - Fraction(2) ** (1 - steps)) ** 2 - Fraction(1, 1 << 21)
    assert low <= squared <= 1 + Fraction(1, 1 << 21)


@given(s=POSITIVE, steps=st.integers(10, 16))
def test_roots(s: int, steps: int) -> None:
    code, half = (int(v[0]) for v in sqrt_code(_array(s), standard_neuron("sqrt"), steps))
    m = s >> 2 * half if half > 0 else s << -2 * half
    exact = min(isqrt(256 * m), (1 << 16) - 1)
    assert code == exact >> (16 - steps) << (16 - steps)
    squared = code * code * Fraction(4) ** (half - 4) / s
    assert (1 - Fraction(2) ** (1 - steps)) ** 2 - Fraction(1, 1 << 21) <= squared <= 1


@given(
    x=st.integers(0, (1 << 30) - 1) | st.integers(0, 5000),
    sign=st.sampled_from([-1, 1]),
    steps=st.integers(10, 16),
)
def test_squares(x: int, sign: int, steps: int) -> None:
    (found,) = square(_array(sign * x), standard_neuron("square"), steps).tolist()
    if x == 0:
        assert found == 0
        return
    e = x.bit_length() - 24
    m = x >> e if e > 0 else x << -e
    code = (m * m >> 32) >> (16 - steps) << (16 - steps)
    assert found == (code << (32 + 2 * e) if 32 + 2 * e >= 0 else code >> (-32 - 2 * e))
    assert found <= x * x
    # Up to 2^24 the mantissa is the whole integer; codes of T steps have 2^(T−2) units or more.
    assert x * x - found <= 1 + (x * x >> (steps - 2))


def test_squares_of_small_integers_never_fall() -> None:
    grid = np.arange(0, 1 << 17, dtype=np.int64)
    before = None
    for steps in range(10, 17):
        found = square(grid, standard_neuron("square"), steps)
        assert bool(np.all(np.diff(found) >= 0))
        assert bool(np.all(found <= grid * grid))
        # More steps are never worse.
        assert before is None or bool(np.all(before <= found))
        before = found
    assert square(grid[:257], standard_neuron("square"), 16).tolist() == [
        x * x for x in range(256)
    ] + [65536]


def _array(s: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([s], dtype=np.int64)
