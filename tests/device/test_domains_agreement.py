"""The reference and the plain device refuse the same odd parameters and values (CONF-10)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref import device
from spikeref.device import Refusal, Tensor
from spikeref.errors import RefusedError
from spikeref.operations.operation import Parameters
from spikeref.operations.table import run_operation
from spikeref.vectors.case import type_of

TIES = {"ties": "half-even"}
WIDE = 1 << 62
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
