"""`check`: vectors against a device's output, and traces against traces."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.command_line import FAULTY_NEURON, Program
from tests.vectors.hand_made_suite import SMALL_CASES, write


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return write(tmp_path / "suite")


@pytest.fixture
def got(tmp_path: Path) -> Path:
    """The output of a device that is right."""
    folder = tmp_path / "got"
    for case in SMALL_CASES:
        (folder / case.id).mkdir(parents=True)
        if case.reject is not None:
            (folder / case.id / "reject.txt").write_text(f"{case.reject}\n")
        for name, array in (case.outputs or {}).items():
            np.save(folder / case.id / f"{name}.npy", array)
    return folder


def test_right_output_passes(spikeref: Program, suite: Path, got: Path) -> None:
    called = spikeref("check", suite, got, "--json")
    assert (called.status, called.err) == (0, "")
    stated = called.json()
    assert (stated["verdict"], stated["cases"], stated["failed"]) == ("pass", 4, 0)
    assert (stated["first_divergence"], stated["consistent_with"]) == (None, [])
    assert spikeref("check", suite, got).out == "pass: 4 cases\n"


def test_the_first_divergence_in_causal_order(spikeref: Program, suite: Path, got: Path) -> None:
    counts = np.array([[7, -4, 1], [7, 1, -7]], dtype=np.int16)
    np.save(got / "encode-b4" / "counts.npy", counts)
    (got / "add-b5" / "y.npy").unlink()
    called = spikeref("check", suite, got, "--json")
    assert (called.status, called.err) == (1, "")
    stated = called.json()
    assert (stated["verdict"], stated["failed"], stated["passed"]) == ("fail", 2, 2)
    assert [failure["case"] for failure in stated["failures"]] == ["encode-b4", "add-b5"]
    first = stated["first_divergence"]
    assert first["operands"] == [{"name": "v", "index": [1, 1], "values": [0], "elements": 1}]
    wanted = {
        "case": "encode-b4", "operation": "encode", "class": "encoder", "tensor": "counts",
        "requirements": ["ENC-2", "ENC-10"], "index": 4, "coordinates": [1, 1], "step": 1,
        "expected": 0, "got": 1, "record": None,
    }  # fmt: skip
    assert {name: first[name] for name in wanted} == wanted
    lines = spikeref("check", suite, got).out.splitlines()
    assert lines[:4] == [
        "fail: 2 of 4 cases",
        "first divergence: encode-b4, encode (ENC-2, ENC-10)",
        "  counts[1, 1] (element 4): expected 0, got 1, from virtual step 1",
        "  v[1, 1] = 0",
    ]
    assert "add-b5" in lines[4]


@pytest.mark.parametrize("kind", ["missing", "surplus"])
def test_missing_and_surplus_cases_fail(
    spikeref: Program, suite: Path, got: Path, kind: str
) -> None:
    if kind == "missing":
        shutil.rmtree(got / "shift-ties")
    else:
        (got / "bonus").mkdir()
    called = spikeref("check", suite, got, "--json")
    assert called.status == 1
    (failure,) = called.json()["failures"]
    assert failure["kind"] == kind


def test_an_empty_folder_fails_in_every_case(
    spikeref: Program, suite: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    stated = spikeref("check", suite, tmp_path / "empty", "--json").json()
    assert (stated["verdict"], stated["failed"], stated["missing"]) == ("fail", 4, 4)


def test_a_claim_is_judged_alone(spikeref: Program, suite: Path, got: Path) -> None:
    for name in ("shift-ties", "shift-too-wide", "add-b5"):
        shutil.rmtree(got / name)
    called = spikeref("check", suite, got, "--class", "encoder", "--json")
    assert (called.status, called.json()["cases"]) == (0, 1)
    called = spikeref("check", suite, got, "--class", "linear")
    assert "no case of class linear" in called.refusal()


def test_no_output_and_no_suite_are_bad_input(
    spikeref: Program, suite: Path, got: Path, tmp_path: Path
) -> None:
    assert "is not a folder" in spikeref("check", suite, tmp_path / "none").refusal()
    assert "is not a folder" in spikeref("check", suite, suite / "suite.json").refusal()
    assert "no such folder" in spikeref("check", tmp_path / "none", got).refusal()
    assert "suite.json" in spikeref("check", got, got).refusal()


def test_equal_traces_pass(spikeref: Program, traces: dict[str, Path]) -> None:
    called = spikeref("check", traces["dense"], traces["async"], "--json")
    stated = called.json()
    assert (called.status, stated["verdict"], stated["failed"]) == (0, "pass", 0)


def test_a_wrong_count_in_a_trace_fails(spikeref: Program, traces: dict[str, Path]) -> None:
    called = spikeref("check", traces["dense"], traces["faulty"], "--json")
    assert called.status == 1
    first = called.json()["first_divergence"]
    assert (first["token"], first["layer"], first["op"]) == (1, 1, "o_input")
    assert (first["field"], first["index"]) == ("counts", FAULTY_NEURON)
    lines = spikeref("check", traces["dense"], traces["faulty"]).out.splitlines()
    assert lines[0] == "fail"
    assert "token 1, layer 1, o_input" in lines[1]


def test_a_damaged_trace_of_a_device_fails_and_a_damaged_golden_one_is_bad_input(
    spikeref: Program, traces: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(traces["dense"], tmp_path / "damaged")
    path = tmp_path / "damaged" / "payload.bin"
    path.write_bytes(path.read_bytes()[:-1])
    called = spikeref("check", traces["dense"], tmp_path / "damaged", "--json")
    assert (called.status, called.json()["verdict"]) == (1, "fail")
    assert "payload.bin" in called.json()["first_divergence"]["reason"]
    called = spikeref("check", tmp_path / "damaged", traces["dense"])
    assert "payload.bin" in called.refusal()


def test_traces_have_no_classes(spikeref: Program, traces: dict[str, Path]) -> None:
    called = spikeref("check", traces["dense"], traces["async"], "--class", "encoder")
    assert "no classes" in called.refusal()


def test_traces_of_different_models_are_not_comparable(
    spikeref: Program, traces: dict[str, Path]
) -> None:
    assert "different models" in spikeref("check", traces["dense"], traces["other"]).refusal()


def test_surplus_cases_are_counted_apart(spikeref: Program, suite: Path, got: Path) -> None:
    (got / "bonus").mkdir()
    (got / "shift-ties" / "y.npy").unlink()
    first, *_ = spikeref("check", suite, got).out.splitlines()
    assert first == "fail: 1 of 4 cases, and 1 that no one asked for"
