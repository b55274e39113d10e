"""The shipped JSON Schemas accept what is written and refuse what breaks the clauses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.vectors.hand_made_suite import SMALL_CASES, write

SCHEMAS = Path(__file__).parents[2] / "conformance" / "schema"


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("schemas") / "suite")


def test_every_schema_is_one() -> None:
    names = {path.stem for path in SCHEMAS.iterdir()}
    assert names == {"case", "suite", "kill-matrix", "statement"}
    for name in names:
        validator(name)


def test_manifests_are_valid(suite: Path) -> None:
    validator("suite").validate(json.loads((suite / "suite.json").read_bytes()))
    for case in SMALL_CASES:
        path = suite / "cases" / case.id / "case.json"
        validator("case").validate(json.loads(path.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        lambda case: case.pop("comment"),
        lambda case: case.__setitem__("extra", 1),
        lambda case: case.__setitem__("id", "A"),
        lambda case: case.__setitem__("spec_version", "2.0"),
        lambda case: case.__setitem__("requirements", []),
        lambda case: case.__setitem__("reject", "range"),
        lambda case: case.__setitem__("verdict", "reject"),
        lambda case: case.__setitem__("outputs", []),
        lambda case: case.__setitem__("mode", "free-running"),
        lambda case: case.__setitem__("operation", "decode"),
        lambda case: case["parameters"].__setitem__("bits", 0.5),
        lambda case: case["inputs"][0].__setitem__("type", "f32"),
        lambda case: case["inputs"][0].__setitem__("shape", [-1]),
        lambda case: case["inputs"][0].__setitem__("sha256", "0"),
        lambda case: case["inputs"][0].pop("name"),
    ],
)
def test_a_broken_case_is_invalid(suite: Path, change: Callable[[dict[str, Any]], object]) -> None:
    case = json.loads((suite / "cases/shift-ties/case.json").read_bytes())
    change(case)
    assert list(validator("case").iter_errors(case))


@pytest.mark.parametrize(
    "change",
    [
        lambda suite: suite.__setitem__("cases", []),
        lambda suite: suite.__setitem__("suite", "other"),
        lambda suite: suite.__setitem__("suite_version", "1.0"),
        lambda suite: suite.__setitem__("root_digest", "x" * 64),
        lambda suite: suite["cases"][0].pop("sha256"),
    ],
)
def test_a_broken_suite_is_invalid(suite: Path, change: Callable[[dict[str, Any]], object]) -> None:
    stated = json.loads((suite / "suite.json").read_bytes())
    change(stated)
    assert list(validator("suite").iter_errors(stated))
