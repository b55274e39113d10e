"""`vectors verify` and `vectors list` on a small suite."""

import json
from pathlib import Path

import pytest

from spikeref.vectors.reader import Suite
from tests.cli.command_line import Program
from tests.vectors.hand_made_suite import write


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small suite; tests do not change it."""
    return write(tmp_path_factory.mktemp("vectors") / "suite")


def test_verify(spikeref: Program, suite: Path) -> None:
    called = spikeref("vectors", "verify", suite, "--json")
    assert (called.status, called.err) == (0, "")
    got = called.json()
    assert got["cases"] == 4
    assert got["root_digest"] == Suite.open(suite).manifest.root_digest
    assert got["requirements"] == {"ADD-1": 1, "ARITH-2": 2, "CONF-10": 1, "ENC-2": 1, "ENC-10": 1}
    assert list(got["requirements"]) == ["ADD-1", "ARITH-2", "CONF-10", "ENC-2", "ENC-10"]
    assert (got["suite"], got["suite_version"], got["spec_version"]) == ("core", "1.2.0", "1.0")
    lines = spikeref("vectors", "verify", suite).out.splitlines()
    assert "4 cases, 5 clauses" in lines[0]
    assert lines[1].endswith(got["root_digest"])


def test_verify_refuses_a_damaged_suite(spikeref: Program, tmp_path: Path) -> None:
    folder = write(tmp_path / "suite")
    (folder / "cases" / "shift-ties" / "out" / "y.mem").write_text("0\n")
    assert "y.mem" in spikeref("vectors", "verify", folder, "--json").refusal()
    assert "no such folder" in spikeref("vectors", "verify", tmp_path / "none").refusal()


def test_list_answers_both_ways(spikeref: Program, suite: Path) -> None:
    of_clause = spikeref("vectors", "list", suite, "--requirement", "ARITH-2", "--json").json()
    assert [case["id"] for case in of_clause["cases"]] == ["shift-ties", "shift-too-wide"]
    assert of_clause["requirements"] == {"ARITH-2": ["shift-ties", "shift-too-wide"]}
    of_case = spikeref("vectors", "list", suite, "--case", "shift-too-wide", "--json").json()
    (case,) = of_case["cases"]
    assert case["requirements"] == ["ARITH-2", "CONF-10"]
    assert (case["operation"], case["class"], case["verdict"]) == ("round_shift", "full", "reject")
    everything = spikeref("vectors", "list", suite, "--json").json()
    assert len(everything["cases"]) == 4
    assert everything["requirements"]["ENC-2"] == ["encode-b4"]
    assert everything["root_digest"] == Suite.open(suite).manifest.root_digest


def test_list_for_people_is_a_line_a_case(spikeref: Program, suite: Path) -> None:
    lines = spikeref("vectors", "list", suite).out.splitlines()
    assert lines[2] == "encode-b4  encode  encoder  ENC-2 ENC-10"


def test_a_clause_without_cases_is_said(spikeref: Program, suite: Path) -> None:
    called = spikeref("vectors", "list", suite, "--requirement", "ATT-1", "--json")
    assert called.json()["requirements"] == {"ATT-1": []}
    called = spikeref("vectors", "list", suite, "--requirement", "ATT-1")
    assert called.out == "no case exercises ATT-1\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--requirement", "att1"], "no clause id"),
        (["--requirement", "XYZ-1"], "XYZ-1: the specification has no such clause"),
        (["--requirement", "ATT-13"], "no such clause"),
        (["--requirement", f"ATT-{'9' * 5000}"], "no such clause"),
        (["--case", "nothing"], "no such case"),
    ],
)
def test_list_refuses_what_cannot_be(
    spikeref: Program, suite: Path, options: list[str], words: str
) -> None:
    assert words in spikeref("vectors", "list", suite, *options).refusal()


def test_verify_reads_no_other_major_version(spikeref: Program, tmp_path: Path) -> None:
    folder = write(tmp_path / "suite")
    path = folder / "suite.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"spec_version": "2.0"}))
    assert "specification '2.0'" in spikeref("vectors", "verify", folder).refusal()


@pytest.mark.parametrize("option", ["--model", "--layers", "--tokens"])
def test_generate_takes_a_model_only_for_its_suite(
    spikeref: Program, tmp_path: Path, option: str
) -> None:
    called = spikeref("vectors", "generate", "-o", tmp_path / "core", option, "1")
    assert "--suite model" in called.refusal()
    assert not list(tmp_path.iterdir())
