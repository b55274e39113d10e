"""Activations, tanh and exp over every integer of their ranges (HG-1, HG-2, THM-19)."""

import math
from fractions import Fraction
from typing import Literal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.compiler.function_tables import standard_neuron
from spikeref.functions.activation import activate, with_fraction_bits
from spikeref.functions.exponential import exp_weights
from spikeref.functions.tables import FunctionName
from spikeref.neurons.hierarchical import HgNeuron
from tests.functions.exact import code_of, deficit, floors_below_identity, value

Bent = Literal["silu", "gelu", "gelu-tanh"]
BENT: tuple[Bent, ...] = ("silu", "gelu", "gelu-tanh")
ONE = 1 << 16
LIMIT = 1 << 31
TROUGH = {"silu": -83785, "gelu": -49269, "gelu-tanh": -49313}
START = {"silu": -16, "gelu": -8, "gelu-tanh": -8}
LOBE = {"silu": -17, "gelu": -18, "gelu-tanh": -18}
OCTAVES = {"silu": 4, "gelu": 3, "gelu-tanh": 3}
MOST = ONE - 1


def fired(name: FunctionName, low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    grid = np.arange(low, high + 1, dtype=np.int64)
    found = activate(grid, standard_neuron(name), 16)
    return grid, found.code * 2 ** (found.exponent + 20)


@pytest.mark.parametrize("name", BENT)
def test_every_integer_of_the_negative_lobe(name: Bent) -> None:
    grid, values = fired(name, START[name] * ONE, -1)
    size = deficit(name, -grid / ONE) * 2.0 ** -LOBE[name]
    expected = np.minimum(np.floor(size), MOST).astype(np.int64)
    assert bool(np.all((np.abs(size - np.rint(size)) > 1e-9) | (size < 0.5)))
    np.testing.assert_array_equal(values, -expected << (LOBE[name] + 20))


@pytest.mark.parametrize("name", BENT)
def test_every_positive_integer_below_the_identity(name: Bent) -> None:
    for low, high, exponent in [
        (0, ONE - 1, -16),
        *((ONE << j, (ONE << (j + 1)) - 1, j - 15) for j in range(OCTAVES[name])),
    ]:
        grid, values = fired(name, low, high)
        lacking = deficit(name, grid / ONE)
        expected = np.minimum(floors_below_identity(grid, lacking, exponent), MOST)
        # In 0 … 1 the function ends below 1, so no code is cut there.
        np.testing.assert_array_equal(values, np.maximum(expected, 0) << (exponent + 20))


@pytest.mark.parametrize("name", [*BENT, "relu"])
def test_the_identity_octaves(name: FunctionName) -> None:
    first = 0 if name == "relu" else OCTAVES[name]
    for j in range(first, 15):
        edges = [ONE << j, (ONE << j) + 1, (ONE << (j + 1)) - 1, 3 * (ONE << j) // 2 + 5]
        x = np.array(edges, dtype=np.int64)
        found = with_fraction_bits(activate(x, standard_neuron(name), 16), 20)
        unit = j + 1
        assert found.tolist() == [(e >> unit << unit) << 4 for e in edges]
        # The error stays below one unit of the piece.
        assert all(0 <= (e << 4) - v < 1 << (j + 5) for e, v in zip(edges, found, strict=True))


def test_relu_of_small_and_negative_integers_is_exact() -> None:
    grid, values = fired("relu", -ONE, 2 * ONE - 1)
    expected = np.maximum(np.where(grid < ONE, grid, grid >> 1 << 1), 0) << 4
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("name", [*BENT, "relu", "tanh"])
def test_extremes(name: FunctionName) -> None:
    x = np.array([-LIMIT, -LIMIT + 1, 0, LIMIT - 1], dtype=np.int64)
    found = with_fraction_bits(activate(x, standard_neuron(name), 16), 20).tolist()
    if name == "tanh":
        assert found == [-MOST << 4, -MOST << 4, 0, MOST << 4]
    else:
        assert found == [0, 0, 0, (LIMIT - 1) >> 15 << 19]


@pytest.mark.parametrize("name", BENT)
def test_below_the_first_piece_the_function_is_nothing(name: Bent) -> None:
    start = START[name] * ONE
    x = np.array([start - 1, start - ONE], dtype=np.int64)
    assert activate(x, standard_neuron(name), 16).code.tolist() == [0, 0]
    # For gelu-tanh the tail is thinner still.
    bound = Fraction(1, 1 << (17 if name == "silu" else 40))
    assert abs(value(name, start - 1)) < bound


def test_every_integer_of_tanh_that_has_a_code_of_its_own() -> None:
    grid, values = fired("tanh", 0, 7 * ONE)
    x = grid / ONE
    exact = np.tanh(x) * ONE
    near = np.abs(exact - np.rint(exact)) < 1e-9
    # Near 0 tanh(x) is x less a little; 2^−16·x³/3 in units is what it lacks.
    lacks = near & (x > 0) & (x < 2.0**-6)
    assert not bool(np.any(near & ~lacks & (grid > 0)))
    expected = np.where(lacks, np.rint(exact) - 1, np.floor(exact))
    expected = np.minimum(expected, MOST).astype(np.int64)
    np.testing.assert_array_equal(values, expected << 4)
    mirrored = activate(-grid, standard_neuron("tanh"), 16)
    np.testing.assert_array_equal(mirrored.code, -expected)


def test_every_fraction_of_exp() -> None:
    """E = C·2^(23−k) with C = ⌊2^(16 − f)⌋; f = 0 is the one value cut."""
    grid = np.arange(ONE, dtype=np.int64)
    exact = np.exp2(16 - grid / ONE)
    assert bool(np.all((np.abs(exact - np.rint(exact)) > 1e-9) | (grid == 0)))
    codes = np.minimum(np.floor(exact), MOST).astype(np.int64)
    for k in (0, 1, 22, 23, 24, 200):
        weights = exp_weights(grid + (k << 16), standard_neuron("exp"), 16)
        expected = codes << (23 - k) if k <= 23 else np.zeros_like(codes)
        np.testing.assert_array_equal(weights, expected)
        assert int(weights.max()) < 1 << 39
        assert bool(np.all(np.diff(weights) <= 0))


@settings(max_examples=150)
@example(x=17 * ONE, name="silu")
@example(x=8 * ONE, name="gelu")
@given(x=st.integers(-17 * ONE, 17 * ONE) | st.integers(-40, 40), name=st.sampled_from(BENT))
def test_decimal_numbers_agree(x: int, name: Bent) -> None:
    """Sixty digits decide what binary64 decided in bulk."""
    found = activate(np.array([x], dtype=np.int64), standard_neuron(name), 16)
    code, exponent = int(found.code[0]), int(found.exponent[0])
    if x >= ONE << OCTAVES[name]:
        # The identity, of which the function lacks next to nothing.
        assert code == x >> (exponent + 16)
    else:
        assert abs(code) == (code_of(name, x, exponent) if exponent else 0)
    exact = value(name, x)
    assert code == 0 or (code < 0) == (exact < 0)
    assert abs(exact - code * Fraction(2) ** exponent) <= Fraction(2) ** (exponent or -17)


@given(x=st.integers(0, 8 * ONE) | st.integers(0, 2000))
def test_decimal_numbers_agree_on_tanh_and_exp(x: int) -> None:
    (code,) = activate(np.array([x], dtype=np.int64), standard_neuron("tanh"), 16).code.tolist()
    assert code == code_of("tanh", x, -16)
    weight = int(exp_weights(np.array([x], dtype=np.int64), standard_neuron("exp"), 16)[0])
    octave = x >> 16
    assert weight == code_of("exp", x & (ONE - 1), -16) << (23 - octave)
    assert abs(value("exp", x) - Fraction(weight, 1 << 39)) <= Fraction(1, 1 << (16 + octave))


NEURONS: tuple[FunctionName, ...] = (*BENT, "relu", "tanh", "exp")


@pytest.mark.parametrize("name", NEURONS)
def test_more_steps_are_never_worse(name: FunctionName) -> None:
    """C^(T)·2^(16−T): codes of T steps are the top T bits, so magnitudes only grow (HG-9)."""
    neuron = standard_neuron(name)
    low, high = (0, ONE - 1) if name == "exp" else (-17 * ONE, 17 * ONE)
    grid = np.arange(low, high + 1, 3, dtype=np.int64)
    whole = activate(grid, neuron, 16)
    before = np.zeros_like(grid)
    for steps in range(10, 17):
        found = activate(grid, neuron, steps)
        size = np.abs(found.code)
        np.testing.assert_array_equal(size, np.abs(whole.code) >> (16 - steps) << (16 - steps))
        np.testing.assert_array_equal(found.exponent, whole.exponent)
        assert bool(np.all(before <= size))
        before = size


@pytest.mark.parametrize("name", BENT)
def test_pieces_are_those_of_the_table(name: Bent) -> None:
    neuron: HgNeuron = standard_neuron(name)
    ranges = [(p.low, p.high, p.sign, p.exponent) for p in neuron.pieces]
    expected = [
        (START[name] * ONE, TROUGH[name] - 1, -1, LOBE[name]),
        (TROUGH[name], -1, -1, LOBE[name]),
        (0, ONE - 1, 1, -16),
        *((ONE << j, (ONE << (j + 1)) - 1, 1, j - 15) for j in range(15)),
    ]
    assert ranges == expected
    # The trough is where |f| is greatest.
    depths = [abs(value(name, TROUGH[name] + d)) for d in (-2, -1, 0, 1, 2)]
    assert max(depths) in depths[1:4]
    assert math.floor(max(depths) * Fraction(2) ** -LOBE[name]) <= MOST
