"""The standard tables: their bytes, their shape, and their accuracy beside published ones."""

import hashlib
import itertools
from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.compiler import function_tables
from spikeref.compiler.function_tables import standard_neuron, standard_tables
from spikeref.errors import RangeError
from spikeref.functions.activation import activate
from spikeref.functions.exponential import exp_weights
from spikeref.functions.reciprocal import reciprocal
from spikeref.functions.roots import sqrt_code
from spikeref.functions.square import square
from spikeref.functions.tables import FUNCTION_NAMES, FunctionName
from spikeref.model.las_tables import neuron_tensors
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.hierarchical import fire_piece_by_piece
from tests.functions.exact import value

DIGESTS: dict[FunctionName, str] = {
    "silu": "30091cde50fa5789685c1e71c4e5c5454fe93bac14a2406f8a10d120844ce31e",
    "gelu": "a3ece628ee5e72d26847748590c81184467ca77849f773ad23eef049b0005e1b",
    "gelu-tanh": "a9346ee94f56a9db3c637e5ddc9909123b0b96cef89944ab50fe472761612696",
    "relu": "de87321e47e16d4c63713ddc6829e931a5452f12f88b3dbf6ea57ce7ed5dc5c9",
    "tanh": "dd5ff8633351e4b59bb54b88979015845658239a85fa7df27c1fc94886b86557",
    "exp": "2cf47c96cff3e23c763faa76d4ef4b03ef8c46522767dd00859653faada09f96",
    "reciprocal": "01eaf9dba50f5f367cd4566840427a2966b874fef32edf2b64e2f1213acf2d7f",
    "rsqrt": "3cc4d3acd2c63e8479beae6cf0fe3df6193c650b4aa795653f400f5a9bb9d159",
    "sqrt": "dd3ead6e180b475d41627085e34ca826d66a0c86e228c188182fd4588f791fe2",
    "square": "83ebbc832f50d5e534e9ecc67bd2dde58c489edfd0bda85a17c691950b210d52",
}
"""SHA-256 of each function's tensors (LMOD-4) in order of name, little-endian."""


def digest_of(name: FunctionName) -> str:
    digest = hashlib.sha256()
    for tensor, array in sorted(neuron_tensors(name, standard_neuron(name)).items()):
        digest.update(f"{tensor} {list(array.shape)} ".encode())
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_the_bytes_of_the_standard_tables(name: FunctionName) -> None:
    """The same thresholds on every machine (chapter 19)."""
    assert digest_of(name) == DIGESTS[name]


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_tables_are_sane(name: FunctionName) -> None:
    """Pieces in order and apart, thresholds monotone and never to be written to."""
    pieces = standard_neuron(name).pieces
    for earlier, later in itertools.pairwise(pieces):
        assert earlier.high < later.low
    for piece in pieces:
        assert piece.low <= piece.high
        assert -20 <= piece.exponent <= 0
        if isinstance(piece.neuron, Expansion):
            thresholds = piece.neuron.thresholds
            assert thresholds.shape == ((1 << 16) - 1,)
            assert thresholds.dtype == np.int32
            assert not thresholds.flags.writeable
            steps = np.diff(thresholds.astype(np.int64))
            assert bool(np.all(steps <= 0 if piece.neuron.falling else steps >= 0))
    assert standard_neuron(name) is standard_neuron(name)


def test_tables_of_a_model() -> None:
    plain = standard_tables("relu", tanh=False)
    assert plain.tanh is None
    assert plain.activation is standard_neuron("relu")
    assert plain.square_root is standard_neuron("sqrt")
    assert standard_tables("gelu", tanh=True).tanh is standard_neuron("tanh")


def test_a_value_too_near_to_an_integer_is_refused() -> None:
    """Tables that another mathematical library could round otherwise are not made."""
    near = np.array([5.0, 7.0 + 1e-12, 9.5])
    with pytest.raises(RangeError, match="HG threshold near: 101"):
        function_tables._rounded_down(near, 100)
    with pytest.raises(RangeError, match="HG threshold after: 1"):
        function_tables._piece(np.array([1, 2, 1]), 0, 1, -16, falling=False)


def worst(found: NDArray[np.int64], fraction_bits: int, exact: list[Fraction]) -> Fraction:
    scale = 1 << fraction_bits
    return max(abs(Fraction(v, scale) - e) for v, e in zip(found.tolist(), exact, strict=True))


def sampled(low: Fraction, high: Fraction, count: int = 300) -> NDArray[np.int64]:
    return np.linspace(int(low * 65536), int(high * 65536), count).astype(np.int64)


@pytest.mark.parametrize(
    ("name", "low", "high", "published"),
    [
        ("gelu", -6, 30, "0.0029"),
        ("gelu", -6, 1, "0.071"),
        ("gelu-tanh", -6, 30, "0.0029"),
        ("silu", -20, 3, "0.00021"),
        ("silu", 3, 50, "0.0029"),
        ("silu", -10, 30, "0.0014"),
    ],
)
def test_activations_beat_the_published_tables(
    name: FunctionName, low: int, high: int, published: str
) -> None:
    """Largest error over the ranges of the published program's tables."""
    x = sampled(Fraction(low), Fraction(high))
    found = activate(x, standard_neuron(name), 16)
    values = found.code * 2 ** (found.exponent + 20)
    assert worst(values, 20, [value(name, v) for v in x.tolist()]) < Fraction(published)


def test_exp_beats_the_published_table() -> None:
    x = sampled(Fraction(0), Fraction(10))
    found = exp_weights(x, standard_neuron("exp"), 16)
    assert worst(found, 39, [value("exp", v) for v in x.tolist()]) <= Fraction(1, 1 << 16)
    assert Fraction(1, 1 << 16) < Fraction("0.00013")


@pytest.mark.parametrize(
    ("low", "high", "published"),
    [("0.2", "0.5", "0.23"), ("0.5", "1", "0.16"), ("1", "4", "0.041"), ("4", "10", "0.0051"),
     ("10", "30", "0.0031"), ("30", "60", "0.00099")],
)  # fmt: skip
def test_reciprocals_beat_the_published_neurons(low: str, high: str, published: str) -> None:
    x = sampled(Fraction(low), Fraction(high))
    code, e = reciprocal(x, standard_neuron("reciprocal"), 16)
    for s, c, places in zip(x.tolist(), code.tolist(), e.tolist(), strict=True):
        found = c * Fraction(2) ** (16 - 39 - places)
        assert abs(found - Fraction(65536, s)) < Fraction(published)


@pytest.mark.parametrize(
    ("low", "high", "published"), [("0.001", "10", "0.00043"), ("10", "1500", "0.0024")]
)
def test_roots_beat_the_published_tables(low: str, high: str, published: str) -> None:
    x = sampled(Fraction(low), Fraction(high)) << 16
    code, half = sqrt_code(x, standard_neuron("sqrt"), 16)
    for s, c, places in zip(x.tolist(), code.tolist(), half.tolist(), strict=True):
        found = c * Fraction(2) ** (places - 4 - 16)
        exact = Fraction(isqrt(s << 40), 1 << 36)
        assert abs(found - exact) < Fraction(published)


@pytest.mark.parametrize(("high", "published"), [("3", "0.23"), ("20", "0.33"), ("100", "33")])
def test_squares_beat_the_published_tables(high: str, published: str) -> None:
    x = sampled(Fraction(0), Fraction(high))
    found = square(x, standard_neuron("square"), 16)
    assert worst(found, 32, [Fraction(v * v, 1 << 32) for v in x.tolist()]) < Fraction(published)


@pytest.mark.parametrize("steps", [10, 16])
def test_exp_reaches_one_octave_above_one(steps: int) -> None:
    """t' of the published softmax is −9455 or more, down to −2^16 there is an octave (LAS-16)."""
    x = np.array([-(1 << 16), -9455, -1, 0], dtype=np.int64)
    found = exp_weights(x, standard_neuron("exp"), steps).tolist()
    codes = fire_piece_by_piece(x & np.int64(0xFFFF), standard_neuron("exp"), steps).code.tolist()
    assert found == [code << (23 if t == 0 else 24) for t, code in zip(x, codes, strict=True)]
    assert found[3] < 1 << 39 < found[1] < found[0] < 1 << 40
