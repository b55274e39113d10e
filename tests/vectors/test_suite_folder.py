"""Suite folders: what is written is read again, proves, and is the same each time."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeref.errors import VectorError
from spikeref.storage.canonical import canonical_json
from spikeref.vectors.case import Case
from spikeref.vectors.outcome import outcome_digest
from spikeref.vectors.reader import Suite
from spikeref.vectors.verify import verify_suite
from spikeref.vectors.writer import case_digest, write_suite
from tests.vectors.hand_made_suite import ADD, ENCODE, REFUSED, SHIFT, SMALL_CASES, same, write


def content(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_cases_come_back_as_they_were(tmp_path: Path) -> None:
    suite = Suite.open(write(tmp_path / "suite"))
    assert suite.ids == tuple(case.id for case in SMALL_CASES)
    for case in SMALL_CASES:
        assert same(suite.case(case.id), case)


def test_the_same_cases_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one"), write(tmp_path / "two")
    assert content(one) == content(two)


@pytest.mark.parametrize("npy", [False, True])
def test_a_suite_proves(tmp_path: Path, npy: bool) -> None:
    folder = write(tmp_path / "suite", npy=npy)
    manifest = verify_suite(folder)
    assert [identity for identity, _ in manifest.cases] == [case.id for case in SMALL_CASES]
    assert sum(name.endswith(".npy") for name in content(folder)) == (11 if npy else 0)
    assert sum(name.endswith(".mem") for name in content(folder)) == 11


def test_the_root_digest_is_that_of_the_clause(tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    folder.mkdir()
    root = write_suite(folder, "core", SMALL_CASES)
    cases = [
        {
            "id": case.id,
            "sha256": hashlib.sha256(
                (folder / "cases" / case.id / "case.json").read_bytes()
            ).hexdigest(),
        }
        for case in SMALL_CASES
    ]
    assert root == hashlib.sha256(canonical_json(cases)).hexdigest()
    assert json.loads((folder / "suite.json").read_bytes())["root_digest"] == root
    assert [case_digest(case) for case in SMALL_CASES] == [case["sha256"] for case in cases]


def test_the_plain_twin_by_hand(tmp_path: Path) -> None:
    folder = write(tmp_path / "suite", [SHIFT, REFUSED])
    digests = {name: hashlib.sha256(a.tobytes()).hexdigest() for name, a in REFUSED.inputs.items()}
    assert (folder / "cases/shift-too-wide/case.txt").read_text("ascii") == (
        "format=spikeref-case\nformat_version=1\nspec_version=1.0\nid=shift-too-wide\n"
        "operation=round_shift\nclass=full\nmode=teacher-forced\nprovenance=directed\n"
        "verdict=reject\nreject=range\nbeside=shift-ties\nrequirements=ARITH-2,CONF-10\n"
        f"parameter.ties=half-even\ninput.x=i64:1:{digests['x']}\ninput.s=i32:1:{digests['s']}\n"
    )
    root = json.loads((folder / "suite.json").read_bytes())["root_digest"]
    assert (folder / "suite.txt").read_text("ascii") == (
        "format=spikeref-suite\nformat_version=1\nsuite=core\nsuite_version=1.2.0\n"
        f"spec_version=1.0\nmodel_digest=\ncases=2\nroot_digest={root}\n"
    )
    assert (folder / "cases.txt").read_bytes() == b"shift-ties\nshift-too-wide\n"


def test_parameters_of_the_plain_twin_are_sorted_and_tensors_are_not(tmp_path: Path) -> None:
    folder = write(tmp_path / "suite", [ENCODE, ADD])
    lines = (folder / "cases/encode-b4/case.txt").read_text().splitlines()
    keys = [line.split("=")[0] for line in lines[12:]]
    assert keys == [
        "parameter.bits", "parameter.encoding", "parameter.ties", "input.v", "output.range",
        "output.counts",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "Shift"}, "id 'Shift'"),
        ({"id": "a" * 65}, "64 at most"),
        ({"id": "a--b"}, "joined by hyphens"),
        ({"id": "../x"}, "joined by hyphens"),
        ({"operation": "round shift"}, "operation"),
        ({"mode": "free-running"}, "mode"),
        ({"operation": "decode"}, "mode"),
        ({"requirements": ()}, "requirements are empty"),
        ({"requirements": ("ENC-02",)}, "'ENC-02'"),
        ({"requirements": ("ENC-2", "ENC-2")}, "twice"),
        ({"comment": ""}, "comment"),
        ({"comment": "two\nlines"}, "comment"),
        ({"parameters": {"Bits": 4}}, "'Bits'"),
        ({"parameters": {"bits": True}}, "parameter bits"),
        ({"parameters": {"bits": "4\n"}}, "parameter bits"),
        ({"parameters": {"bits": "²"}}, "parameter bits"),
        ({"inputs": {"../x": np.zeros(1, dtype=np.int8)}}, "'../x'"),
        ({"inputs": {"x": np.zeros(1)}}, "float64"),
        ({"outputs": None}, "either outputs"),
        ({"outputs": {}}, "either outputs"),
        ({"reject": "range"}, "either outputs"),
        ({"beside": "shift-ties"}, "beside"),
    ],
)
def test_cases_that_break_the_clause_are_not_written(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(VectorError, match=words):
        write(tmp_path / "suite", [replace(SHIFT, **change)])


@pytest.mark.parametrize(("cases", "words"), [([], "no cases"), ([SHIFT, SHIFT], "two of this id")])
def test_empty_and_ambiguous_suites_are_not_written(
    tmp_path: Path, cases: list[Case], words: str
) -> None:
    with pytest.raises(VectorError, match=words):
        write(tmp_path / "suite", cases)


def test_an_outcome_digest_by_hand() -> None:
    data = b"y=i64:3:".replace(b":3:", b":3\n") + np.array([2, 2, -2], dtype="<i8").tobytes()
    assert SHIFT.outputs is not None
    assert outcome_digest(SHIFT.outputs) == hashlib.sha256(data).hexdigest()[:16]
    assert outcome_digest("range") == hashlib.sha256(b"reject:range").hexdigest()[:16]


def test_an_outcome_digest_sees_shape_type_name_and_order() -> None:
    a = np.zeros((2, 3), dtype=np.int16)
    outcomes = [
        {"y": a}, {"y": a.reshape(3, 2)}, {"y": a.view(np.uint16)}, {"z": a},
        {"y": a, "z": a}, {"z": a, "y": a}, {"y": a + np.int16(1)},
    ]  # fmt: skip
    assert len({outcome_digest(outcome) for outcome in outcomes}) == len(outcomes)
