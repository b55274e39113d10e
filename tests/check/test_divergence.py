"""Where tensors first differ, and which record or step that is."""

from typing import Any

import numpy as np
import pytest

from spikeref.check.divergence import (
    LasOrigin,
    RecordPlace,
    SdllmOrigin,
    find_divergence,
    record_place,
)
from spikeref.check.operands import operands_at
from spikeref.neurons.outlier_aware import TrainForm

SDLLM = SdllmOrigin()


def test_the_first_difference_in_order_of_rows() -> None:
    a = np.zeros((2, 3, 4), dtype=np.int32)
    b = a.copy()
    b[1, 0, 3], b[1, 2, 0] = 5, -1
    found = find_divergence("y", a, b, SDLLM)
    assert (found.index, found.coordinates) == (15, (1, 0, 3))
    assert (found.expected, found.got, found.differing, found.step) == (0, 5, 2, None)


def test_a_scalar_has_no_coordinates() -> None:
    found = find_divergence("sum", np.array(3), np.array(4), SDLLM)
    assert (found.index, found.coordinates) == (0, ())


def test_words_of_64_bits_are_exact() -> None:
    a = np.array([(1 << 64) - 1], dtype=np.uint64)
    found = find_divergence("words", a, a - np.uint64(1), SDLLM)
    assert (found.expected, found.got) == ((1 << 64) - 1, (1 << 64) - 2)


@pytest.mark.parametrize(("a", "b", "step"), [(3, 5, 4), (-3, 0, 1), (2, -2, 1), (-7, -8, 8)])
def test_counts_name_the_virtual_step(a: int, b: int, step: int) -> None:
    assert find_divergence("counts", np.array([a]), np.array([b]), SDLLM).step == step


@pytest.mark.parametrize(
    ("a", "b", "levels", "step"),
    [(300, 301, 1, 16), (300, 303, 3, 15), (-300, 300, 1, 8), (1 << 15, 0, 1, 1), (0, 1, 2, None)],
)
def test_counts_of_las_name_the_time_step(a: int, b: int, levels: int, step: int | None) -> None:
    """300 and 301 differ in their last bit alone; 1 is no count of two levels."""
    origin = LasOrigin(form=TrainForm(steps=16, levels=levels))
    counts = [np.array([c], dtype=np.int32) for c in (a, b)]
    assert find_divergence("counts", *counts, origin).step == step
    assert find_divergence("counts", *counts, LasOrigin()).step is None


@pytest.mark.parametrize(("got", "fires"), [(3, True), (-5, True), (2, False), (-6, False)])
def test_trains_of_las_fire_levels(got: int, fires: bool) -> None:
    """Three levels: 3, 4 and 5 (NEUR-5)."""
    a = np.zeros((16, 3), dtype=np.int8)
    b = a.copy()
    b[5, 1] = got
    found = find_divergence("train", a, b, LasOrigin(form=TrainForm(steps=16, levels=3)))
    assert found.step == 6
    assert found.note == (None if fires else f"{got} is no spike of 3 levels (NEUR-5)")
    assert find_divergence("train", a, b, LasOrigin()).note is None


def test_digests_of_las_name_no_record_of_sdllm() -> None:
    """Three gated layers have 70 records a token, as four of SDLLM and two more have."""
    a = np.zeros((70, 32), dtype=np.uint8)
    assert record_place(3, 70, 1) is not None
    assert find_divergence("record_digests", a, a + np.uint8(1), LasOrigin()).record is None


def test_trains_name_the_virtual_step_and_what_is_no_spike() -> None:
    a = np.zeros((8, 3), dtype=np.int8)
    b = a.copy()
    b[5, 1] = -2
    found = find_divergence("train", a, b, SDLLM)
    assert (found.step, found.note) == (6, "-2 is no spike (PACK-2)")
    b[5, 1] = 1
    assert find_divergence("train", a, b, SDLLM).note is None


def test_an_illegal_ternary_code_is_named() -> None:
    a = np.array([[0b00_01_11_00]], dtype=np.uint8)
    b = np.array([[0b00_10_11_00]], dtype=np.uint8)
    note = find_divergence("packed", a, b, SDLLM).note
    assert note == "bits 4 and 5 hold code 10, no spike (PACK-2)"


def test_rows_of_record_digests_are_records() -> None:
    # Two tokens through two layers: 2 · (1 + 2 · 17 + 1) rows.
    rows = 72
    assert [record_place(row, rows, 2) for row in (0, 1, 17, 18, 34, 35, 36, 71)] == [
        RecordPlace(token=0, layer=-1, op="embedding"),
        RecordPlace(token=0, layer=0, op="qkv_input"),
        RecordPlace(token=0, layer=0, op="mlp_residual"),
        RecordPlace(token=0, layer=1, op="qkv_input"),
        RecordPlace(token=0, layer=1, op="mlp_residual"),
        RecordPlace(token=0, layer=2, op="head"),
        RecordPlace(token=1, layer=-1, op="embedding"),
        RecordPlace(token=1, layer=2, op="head"),
    ]


@pytest.mark.parametrize(("rows", "tokens"), [(71, 2), (4, 2), (20, 1)])
def test_rows_that_are_of_no_decoder_name_no_record(rows: int, tokens: int) -> None:
    assert record_place(0, rows, tokens) is None


def test_a_differing_digest_names_its_record() -> None:
    a = np.zeros((19, 32), dtype=np.uint8)
    b = a.copy()
    b[8, 30] = 1
    found = find_divergence("record_digests", a, b, SdllmOrigin(tokens=1))
    assert found.record == RecordPlace(token=0, layer=0, op="attention")
    assert find_divergence("other", a, b, SdllmOrigin(tokens=1)).record is None


def values(
    inputs: dict[str, Any], coordinates: tuple[int, ...], shape: tuple[int, ...]
) -> dict[str, tuple[tuple[int, ...], tuple[int, ...], int]]:
    found = operands_at(coordinates, shape, inputs)
    return {operand.name: (operand.index, operand.values, operand.elements) for operand in found}


def test_operands_stand_at_the_place_of_the_element() -> None:
    inputs = {
        "accumulator": np.arange(8).reshape(2, 4),
        "token_mantissa": np.array([10, 20]),
        "channel_mantissa": np.array([1, 2, 3, 4]),
        "table": np.arange(9),
        "scale": np.array(7),
    }
    assert values(inputs, (1, 2), (2, 4)) == {
        "accumulator": ((1, 2), (6,), 1),
        "token_mantissa": ((1,), (20,), 1),
        "channel_mantissa": ((2,), (3,), 1),
        "table": ((), (0, 1, 2, 3, 4, 5, 6, 7), 9),
        "scale": ((), (7,), 1),
    }


def test_operands_of_a_product_are_the_row() -> None:
    inputs = {"counts": np.arange(12).reshape(2, 6), "empty": np.zeros((0, 3), dtype=np.int64)}
    assert values(inputs, (1, 0), (2, 5)) == {
        "counts": ((1,), (6, 7, 8, 9, 10, 11), 6),
        "empty": ((), (), 0),
    }
