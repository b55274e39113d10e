"""The width gate (ARITH-1)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.arith.widths import magnitude, minimum_bits, require_integers, require_width
from spikeref.errors import RangeError, UsageError


def fits(low: int, high: int, bits: int) -> bool:
    return -(2 ** (bits - 1)) <= low and high <= 2 ** (bits - 1) - 1


def test_minimum_bits_on_every_small_range() -> None:
    for low in range(-70, 71):
        for high in range(low, 71):
            bits = minimum_bits(low, high)
            assert fits(low, high, bits)
            assert bits == 1 or not fits(low, high, bits - 1)


@given(x=st.integers(-(1 << 63), (1 << 63) - 1), bits=st.integers(2, 63))
def test_the_gate_opens_exactly_for_what_fits(x: int, bits: int) -> None:
    array = np.array([0, x], dtype=np.int64)
    if fits(x, x, bits):
        require_width("residual", array, bits, "OP-10")
        return
    with pytest.raises(RangeError, match="residual") as caught:
        require_width("residual", array, bits, "OP-10")
    assert caught.value.value == x
    assert caught.value.bits == bits
    assert caught.value.clause == "OP-10"


def test_the_gate_names_the_offending_end() -> None:
    with pytest.raises(RangeError) as caught:
        require_width("q", np.array([5, -129], dtype=np.int64), 8, "OP-8")
    assert caught.value.value == -129


def test_nothing_fits_anywhere() -> None:
    require_width("empty", np.zeros(0, dtype=np.int64), 1, "OP-8")
    assert magnitude(np.zeros((0, 3), dtype=np.int8)) == 0


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64])
def test_magnitude_of_the_lowest_value_does_not_wrap(dtype: type[Any]) -> None:
    lowest = np.iinfo(dtype).min
    assert magnitude(np.array([lowest, 1], dtype=dtype)) == -int(lowest)


def test_magnitude_of_unsigned_values() -> None:
    assert magnitude(np.array([0, 200], dtype=np.uint8)) == 200


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.bool_])
def test_only_integers_are_integers(dtype: type[Any]) -> None:
    with pytest.raises(UsageError, match="integers are needed"):
        require_integers("membrane potentials", np.zeros(3, dtype=dtype))
    require_integers("membrane potentials", np.zeros(3, dtype=np.uint8))
