"""The reference and the plain device refuse the same odd parameters and values (CONF-10)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref import device
from spikeref.arith.exponential import STANDARD_COEFFICIENTS
from spikeref.device import Refusal, Tensor
from spikeref.errors import RefusedError
from spikeref.operations.operation import Parameters
from spikeref.operations.table import run_operation
from spikeref.vectors.case import type_of

TIES = {"ties": "half-even"}
WIDE = 1 << 62
CLIP = 1 << 47
Tensors = Mapping[str, NDArray[Any]]


def int64(*values: Any) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def refusals(operation: str, parameters: Parameters, inputs: Tensors) -> tuple[str, str]:
    """What the reference and the device refuse it as; "" is a value."""
    kinds = ["", ""]
    try:
        run_operation(operation, parameters, inputs)
    except RefusedError as refusal:
        kinds[0] = refusal.kind
    given = {
        name: Tensor(type_of(array), array.shape, tuple(array.ravel().tolist()))
        for name, array in inputs.items()
    }
    try:
        device.run(operation, parameters, given)
    except Refusal as refusal:
        kinds[1] = refusal.kind
    return kinds[0], kinds[1]


@pytest.mark.parametrize("beyond", [WIDE, -WIDE, 2 * WIDE - 1, -2 * WIDE])
def test_a_block_ends_below_2_62(beyond: int) -> None:
    parameters = {**TIES, "bits": 24}
    assert refusals("block_shift", parameters, {"x": int64([WIDE - 1, 1 - WIDE])}) == ("", "")
    assert refusals("block_shift", parameters, {"x": int64([3, beyond])}) == ("range", "range")


@pytest.mark.parametrize("beyond", [WIDE, 2 * WIDE - 1, 0, -2 * WIDE])
def test_what_is_normalised_lies_between_1_and_2_62(beyond: int) -> None:
    parameters = {**TIES, "bits": 16}
    assert refusals("normalise", parameters, {"a": int64(1, WIDE - 1)}) == ("", "")
    assert refusals("normalise", parameters, {"a": int64(1, beyond)}) == ("range", "range")


CHANNELS = {
    "channel_mantissa": np.array([1 << 15], dtype=np.uint16),
    "channel_exponent": np.array([-20], dtype=np.int16),
    "bias": int64(0),
}
RESCALED = {
    "accumulator": np.array([[5]], dtype=np.int32),
    "token_mantissa": np.array([1 << 15], dtype=np.int32),
    "token_exponent": np.array([-20], dtype=np.int32),
    **CHANNELS,
}
WEIGHED = {
    "u": int64([5]),
    "exponent": np.array([-16], dtype=np.int32),
    "weights": np.array([[3]], dtype=np.int8),
    **CHANNELS,
}
ENCODER = {"bits": 4, "encoding": "ternary", "ratio_n": 1, "ratio_d": 1, "rotate": 0}
CODE = {"steps": 16, "levels": 1, "threshold_n": 1 << 16, "threshold_o": 1 << 18}
SPIKES = {"counts": np.array([[5]], dtype=np.int32), "outliers": np.array([[0]], dtype=np.int8)}


@pytest.mark.parametrize(
    ("operation", "name", "parameters", "inputs", "widths"),
    [
        ("saturate", "bits", {}, {"x": int64([7, -2 * WIDE])}, (1, 64)),
        ("block_shift", "bits", TIES, {"x": int64([WIDE - 1, 0])}, (1, 64)),
        ("normalise", "bits", TIES, {"a": int64(1, WIDE - 1)}, (1, 62)),
        ("rescale", "bits", TIES, RESCALED, (2, 40)),
        ("linear", "output_bits", {**TIES, **ENCODER}, WEIGHED, (2, 40)),
        (
            "las_rescale",
            "output_bits",
            {**TIES, "bound": 8},
            {"accumulator": int64([5]), **CHANNELS},
            (2, 40),
        ),
        (
            "las_saw",
            "output_bits",
            {**TIES, **CODE},
            {**SPIKES, "weights": np.array([[3]], dtype=np.int16), **CHANNELS},
            (2, 40),
        ),
    ],
)
def test_widths_outside_their_range_are_refused(
    operation: str, name: str, parameters: Parameters, inputs: Tensors, widths: tuple[int, int]
) -> None:
    low, high = widths
    for bits in widths:
        assert refusals(operation, {**parameters, name: bits}, inputs) == ("", "")
    for bits in (low - 1, high + 1, -3, 0, 1 << 70):
        found = refusals(operation, {**parameters, name: bits}, inputs)
        assert found == ("parameter", "parameter"), bits


@pytest.mark.parametrize("beyond", [WIDE, -WIDE, 2 * WIDE - 1, -2 * WIDE])
def test_membranes_of_oat_neurons_end_below_2_62(beyond: int) -> None:
    parameters = {**CODE, "rule": "below", "gate": "below", "fraction_bits": 16}
    assert refusals("oat_encode", parameters, {"x": int64([WIDE - 1, 1 - WIDE])}) == ("", "")
    assert refusals("oat_encode", parameters, {"x": int64([1, beyond])}) == ("range", "range")
    mixed = {**TIES, "steps": 16, "levels": 1, "rule": "below", "gate": "below"}
    for role, threshold in (("probabilities", 1 << 16), ("value", 1 << 17)):
        mixed |= {f"{role}_threshold_n": threshold, f"{role}_threshold_o": threshold}
    values = {f"value_{name}": array for name, array in SPIKES.items()}
    for probability, expected in ((1 << 30, ""), (beyond, "range")):
        inputs = {"probability": int64(probability), **values}
        assert refusals("las_mix", mixed, inputs) == (expected, expected)


STANDARD = int64(*STANDARD_COEFFICIENTS)
POTENTIALS = {"v": np.array([[5, -5]], dtype=np.int32), "exponent": np.array([-8], dtype=np.int32)}
ONE_HEAD = {
    "query": np.array([[[3, -3]]], dtype=np.int32),
    "query_exponent": np.array([[-8]], dtype=np.int32),
    "table": STANDARD,
} | {
    f"{side}_{name}": array
    for side in ("key", "value")
    for name, array in (
        ("counts", np.array([[[1, -1]]], dtype=np.int16)),
        ("mantissa", np.array([[1 << 15]], dtype=np.int32)),
        ("exponent", np.array([[-20]], dtype=np.int32)),
    )
}


@pytest.mark.parametrize(
    ("operation", "name", "parameters", "inputs", "kept", "refused"),
    [
        (
            "clip",
            "threshold",
            {"mode": "gate", **TIES},
            POTENTIALS,
            (1 - CLIP, CLIP - 1),
            (-CLIP - 1, CLIP),
        ),
        ("random_words", "count", {"label": "words"}, {}, (0, 1), (-1, (1 << 24) + 1)),
        (
            "attend",
            "window",
            {"bits": 4, "rotate": 0, **TIES},
            ONE_HEAD,
            (0, 1, WIDE - 1),
            (-1, WIDE + 1),
        ),
        ("attend", "rotate", {"bits": 4, "window": 0, **TIES}, ONE_HEAD, (0, 1), (-1, 2)),
        (
            "queries",
            "score_mantissa",
            {"score_exponent": 0, "rotate": 0, **TIES},
            {"r": np.array([[[3, 4]]], dtype=np.int64)},
            (1, 1 << 16),
            (WIDE + 1, -WIDE - 1, 1 << 70),
        ),
        (
            "pack_events",
            "epoch",
            {"bits": 4, "encoding": "ternary"},
            {"counts": np.array([1], dtype=np.int16)},
            (0, -1, 1 << 70),
            (),
        ),
    ],
)
def test_parameters_outside_their_range_are_refused(
    operation: str,
    name: str,
    parameters: Parameters,
    inputs: Tensors,
    kept: tuple[int, ...],
    refused: tuple[int, ...],
) -> None:
    for value in kept:
        assert refusals(operation, {**parameters, name: value}, inputs) == ("", ""), value
    for value in refused:
        found = refusals(operation, {**parameters, name: value}, inputs)
        assert found == ("parameter", "parameter"), value


@pytest.mark.parametrize("place", range(7))
def test_a_table_is_one_that_a_model_may_have(place: int) -> None:
    inputs = {"score": int64(5, 6)}
    assert refusals("softmax", TIES, {**inputs, "table": STANDARD}) == ("", "")
    for odd in (-1, STANDARD[place] + 1, (1 << 63) - 1, -(1 << 63)):
        table = STANDARD.copy()
        table[place] = odd
        assert refusals("softmax", TIES, {**inputs, "table": table}) == ("range", "range"), odd
