"""The fitted FS neurons: the constants of the file, their errors, their range (HG-8)."""

import json
from importlib.resources import files

import numpy as np
import pytest

from spikeref.compiler.fitted_constants import FILE, fitted_constants
from spikeref.compiler.function_tables import fitted_neuron, neuron_of, standard_neuron
from spikeref.compiler.real_functions import magnitude
from spikeref.evaluate.function_errors import piece_error
from spikeref.functions.tables import FUNCTION_NAMES, FunctionName
from spikeref.model.las_profile import Functions
from spikeref.model.las_tables import LARGEST_CONSTANT, LEAST_CODES
from spikeref.neurons.code_runs import code_runs
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.few_spikes import FewSpikes
from spikeref.neurons.hierarchical import sub_neuron_codes
from tests.functions.exact import value

CONSTANTS = json.loads(files("spikeref.compiler").joinpath(FILE).read_text(encoding="utf-8"))
BLOCK = 1 << 20


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_the_file_is_what_fires(name: FunctionName) -> None:
    """FS neurons in the place of expansion neurons, and nothing else changed."""
    for number, (fitted, standard) in enumerate(
        zip(fitted_neuron(name).pieces, standard_neuron(name).pieces, strict=True)
    ):
        assert (fitted.low, fitted.high, fitted.sign, fitted.exponent) == (
            standard.low, standard.high, standard.sign, standard.exponent,
        )  # fmt: skip
        if isinstance(standard.neuron, Expansion):
            entry = CONSTANTS[name][str(number)]
            assert fitted.neuron == FewSpikes(
                resets=tuple(entry["resets"]),
                thresholds=tuple(entry["thresholds"]),
                weights=tuple(entry["weights"]),
            )
            rows = (*entry["resets"], *entry["thresholds"], *entry["weights"])
            assert len(rows) == 48
            assert max(map(abs, rows)) <= LARGEST_CONSTANT
        else:
            assert fitted.neuron == standard.neuron
            assert str(number) not in CONSTANTS.get(name, {})


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_stated_errors_hold_over_every_membrane(name: FunctionName) -> None:
    """Each is the largest error, rounded up in its third decimal."""
    for number, constants in fitted_constants(name).items():
        found = piece_error(name, fitted_neuron(name).pieces[number], 16).units
        assert constants.largest_error - 0.002 < found <= constants.largest_error


@pytest.mark.parametrize(("name", "number"), [("silu", 1), ("exp", 0), ("square", 0)])
def test_an_error_from_runs_is_the_error_of_every_membrane(name: FunctionName, number: int) -> None:
    piece = fitted_neuron(name).pieces[number]
    largest = 0.0
    for start in range(piece.low, piece.high + 1, BLOCK):
        grid = np.arange(start, min(start + BLOCK, piece.high + 1), dtype=np.int64)
        wanted = magnitude(name, grid) * 2.0**-piece.exponent
        errors = np.abs(sub_neuron_codes(grid, piece, 16) - wanted)
        largest = max(largest, float(errors.max()))
    assert largest == piece_error(name, piece, 16).units


@pytest.mark.parametrize("functions", list(Functions))
@pytest.mark.parametrize(("name", "least"), LEAST_CODES.items(), ids=list(LEAST_CODES))
def test_mantissas_stay_in_their_range(
    name: FunctionName, least: int, functions: Functions
) -> None:
    (piece,) = neuron_of(name, functions).pieces
    for steps in (10, 13, 16):
        codes = code_runs(piece, steps).code
        assert least <= int(codes.min())
        assert int(codes.max()) < 1 << 16


@pytest.mark.parametrize(
    ("name", "pieces", "published"),
    [
        ("exp", (0,), 0.090),
        ("gelu", (0, 1, 2), 0.071),
        ("gelu", (3, 4, 5), 0.185),
    ],
)
def test_activations_beat_the_published_neurons(
    name: FunctionName, pieces: tuple[int, ...], published: float
) -> None:
    """By ten at least: largest errors in absolute value."""
    for number in pieces:
        piece = fitted_neuron(name).pieces[number]
        assert piece_error(name, piece, 16).units * 2.0**piece.exponent < published / 9


@pytest.mark.parametrize(
    ("name", "shift", "published"), [("reciprocal", -16, 0.041), ("square", -14, 0.23)]
)
def test_mantissas_beat_the_published_neurons(
    name: FunctionName, shift: int, published: float
) -> None:
    """1/x on [1, 2) beside (1, 4], x² on [1, 2) beside [0, 3]."""
    (piece,) = fitted_neuron(name).pieces
    assert piece_error(name, piece, 16).units * 2.0**shift < published / 6


@pytest.mark.parametrize("name", ["silu", "gelu", "gelu-tanh", "tanh", "exp"])
def test_real_functions_are_those_of_the_decimals(name: FunctionName) -> None:
    grid = [-500000, -131072, -83785, -40000, -9, 0, 1, 17, 30000, 65535, 65536, 300000, 2600000]
    if name == "exp":
        grid = [x for x in grid if 0 <= x < 65536]
    found = magnitude(name, np.array(grid, dtype=np.int64)).tolist()
    for x, size in zip(grid, found, strict=True):
        exact = abs(value(name, x))
        assert abs(size - exact) <= abs(exact) * 2**-44


@pytest.mark.parametrize("name", ["reciprocal", "rsqrt", "sqrt", "square"])
def test_real_functions_of_mantissas_lie_just_above_their_codes(name: FunctionName) -> None:
    """Rounded down they are the codes of the standard neuron, whose thresholds are exact."""
    (piece,) = standard_neuron(name).pieces
    grid = np.arange(piece.low, piece.high + 1, 1001, dtype=np.int64)
    expected = sub_neuron_codes(grid, piece, 16)
    found = np.minimum(np.floor(magnitude(name, grid)), 65535.0)
    np.testing.assert_array_equal(found.astype(np.int64), expected)
