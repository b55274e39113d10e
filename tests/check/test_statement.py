"""The statement and the JUnit file of a run."""

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from spikeref.check.junit import junit_xml
from spikeref.check.selection import Claim
from spikeref.check.statement import statement_bytes
from spikeref.vectors.reader import Suite
from tests.check.controls import command, run_control

SCHEMA = Path(__file__).parents[2] / "conformance" / "schema" / "statement.json"


@pytest.mark.parametrize("kind", ["right", "stale", "null", "complains", "surplus-case"])
def test_statements_are_valid_and_the_same_each_time(suite: Path, kind: str) -> None:
    first, second = (statement_bytes(run_control(kind, suite), "1.2.3") for _ in range(2))
    assert first == second
    schema = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes()))
    stated = json.loads(first)
    schema.validate(stated)
    assert stated["verdict"] == ("pass" if kind == "right" else "fail")
    assert list(schema.iter_errors(stated | {"skipped": 1}))
    assert list(schema.iter_errors(stated | {"verdict": "pass", "failed": 1}))


def test_a_statement_says_what_of_what_passed(suite: Path) -> None:
    claim = Claim(where={"bits": ("4",)})
    stated = json.loads(statement_bytes(run_control("stale", suite, claim=claim), "1.2.3"))
    assert stated["versions"] == {"spikeref": "1.2.3", "spec": "1.0", "suite": "1.2.0"}
    assert stated["root_digest"] == Suite.open(suite).manifest.root_digest
    assert (stated["class"], stated["where"]) == ("full", {"bits": ["4"]})
    assert [stated[name] for name in ("cases", "passed", "failed", "missing", "skipped")] == [
        3, 1, 2, 0, 0,
    ]  # fmt: skip
    assert stated["by_requirement"] == {
        "ARITH-2": {"passed": 1, "failed": 1},
        "CONF-10": {"passed": 0, "failed": 1},
        "ENC-2": {"passed": 0, "failed": 1},
        "ENC-10": {"passed": 0, "failed": 1},
    }
    assert list(stated["by_requirement"]) == ["ARITH-2", "CONF-10", "ENC-2", "ENC-10"]
    assert stated["command"] == command("stale", suite)


def test_junit_counts_what_it_lists(suite: Path) -> None:
    root = ElementTree.fromstring(junit_xml(run_control("surplus-case", suite)))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("6", "1", "0")
    assert len(root.findall("testcase")) == 6
    (failing,) = [case for case in root if case.find("failure") is not None]
    assert failing.get("name") == "bonus"


def test_junit_names_place_and_values(suite: Path) -> None:
    root = ElementTree.fromstring(junit_xml(run_control("last-element-wrong", suite)))
    (failing,) = [case for case in root if case.find("failure") is not None]
    assert (failing.get("classname"), failing.get("name")) == (
        "spikeref.accumulator.sparse_add", "add-b5",
    )  # fmt: skip
    failure = failing.find("failure")
    assert failure is not None
    assert "y[0, 2]: expected -7" in (failure.get("message") or "")


def test_junit_holds_what_a_device_says_in_any_bytes(suite: Path) -> None:
    root = ElementTree.fromstring(junit_xml(run_control("complains", suite)))
    (failing,) = [case for case in root if case.find("failure") is not None]
    assert failing.get("name") == "device"
    failure = failing.find("failure")
    assert failure is not None
    assert failure.get("message") == "the device ended with status 3"
    assert "in lane 3" in (failure.text or "")
