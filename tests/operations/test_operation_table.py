"""The table of operations is that of CONF-9, row by row, and checks what it is given (CONF-10)."""

import re
from pathlib import Path

import numpy as np
import pytest

from spikeref.errors import RangeError, RefusedError, UsageError
from spikeref.operations.table import OPERATIONS, run_operation

CHAPTER = Path(__file__).parents[2] / "spec" / "17-conformance.md"
LINES = re.findall(r"^\| `[a-z_0-9]+` \|.*\|$", CHAPTER.read_text(encoding="utf-8"), re.MULTILINE)
CELLS = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in LINES]
ROWS = {cells[0]: cells for cells in CELLS}
"""Name -> name, class, parameters, inputs, outputs, as the chapter has them."""

NAMED = re.compile(r"([a-z][a-z0-9_]*(?:, [a-z][a-z0-9_]*)*) ([iu](?:8|16|32|64)) \[")


def test_the_operations_are_those_of_the_chapter_in_its_order() -> None:
    assert list(OPERATIONS) == list(ROWS)
    assert len(OPERATIONS) == 75


@pytest.mark.parametrize("name", OPERATIONS)
def test_class_and_parameters_are_those_of_the_row(name: str) -> None:
    operation, row = OPERATIONS[name], ROWS[name]
    assert operation.case_class == row[1]
    words = set(re.findall(r"[a-z_0-9]+", row[2]))
    if "encoder parameters" in row[2]:
        words |= {"bits", "encoding", "ratio_n", "ratio_d", "ties"}
    if "model parameters" in row[2]:
        words |= set(operation.parameters)
    optional = {"gamma_exponent"}
    assert set(operation.parameters) - optional <= words


@pytest.mark.parametrize("name", OPERATIONS)
def test_types_of_inputs_are_those_of_the_row(name: str) -> None:
    forms = OPERATIONS[name].inputs
    stated = {
        tensor: kind for names, kind in NAMED.findall(ROWS[name][3]) for tensor in names.split(", ")
    }
    for tensor, kind in stated.items():
        if tensor in forms:
            assert forms[tensor].split()[0] == kind, tensor
    if name not in ("attend", "decode", "generate"):
        assert set(stated) == set(forms)


def test_another_name_type_or_shape_is_no_case() -> None:
    x, s = np.array([5, 7]), np.array([1, 1], dtype=np.int32)
    ties = {"ties": "half-even"}
    assert run_operation("round_shift", ties, {"x": x, "s": s})["y"].tolist() == [2, 4]
    for parameters, inputs in (
        ({}, {"x": x, "s": s}),
        ({**ties, "bits": 4}, {"x": x, "s": s}),
        (ties, {"x": x}),
        (ties, {"x": x, "s": s, "z": s}),
        (ties, {"x": x, "s": s.astype(np.int64)}),
        (ties, {"x": x, "s": s[None]}),
        (ties, {"x": x, "s": s[:1]}),
    ):
        with pytest.raises(UsageError):
            run_operation("round_shift", parameters, inputs)
    with pytest.raises(UsageError, match="CONF-9 lists"):
        run_operation("round-shift", ties, {"x": x, "s": s})


def test_outputs_have_the_types_of_the_table_in_its_order() -> None:
    found = run_operation("softmax", {"ties": "half-up"}, {
        "score": np.array([5, 6]),
        "table": np.array([1 << 30, 1 << 30, 0, 0, 0, 0, 0]),
    })  # fmt: skip
    assert list(found) == ["top", "weight", "sum"]
    assert {name: (array.dtype, array.shape) for name, array in found.items()} == {
        "top": (np.int64, ()),
        "weight": (np.int64, (2,)),
        "sum": (np.int64, ()),
    }


def test_a_case_may_name_no_folder_but_the_suites_model(tmp_path: Path) -> None:
    tokens = {"tokens": np.array([1])}
    parameters = {"model": "../elsewhere", "chunks": ""}
    with pytest.raises(RefusedError) as refusal:
        run_operation("decode", parameters, tokens, folder=tmp_path)
    assert refusal.value.kind == "parameter"
    with pytest.raises(RefusedError) as refusal:
        run_operation("decode", {**parameters, "model": "model"}, tokens, folder=tmp_path)
    assert refusal.value.kind == "model"


def test_a_value_that_leaves_its_output_type_does_not_wrap() -> None:
    y = np.array([[1 << 30]], dtype=np.int32)
    inputs = {
        "y": y,
        "zero_point": np.array([255], dtype=np.int16),
        "weight_sums": np.array([-(1 << 23)], dtype=np.int32),
    }
    with pytest.raises(RangeError, match="does not fit 32 bits"):
        run_operation("zero_point", {}, inputs)
