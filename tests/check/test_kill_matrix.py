"""The kill matrix file, and which mutants a device's failures fit."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from spikeref.check.consistent import consistent_with
from spikeref.check.judge import ACCEPTED, NO_ANSWER, Failure, Judgement
from spikeref.check.kill_matrix import (
    KilledMutant,
    KillMatrix,
    load_matrix,
    matrix_json,
    parse_matrix,
    save_matrix,
    shipped_matrix,
)
from spikeref.errors import VectorError
from spikeref.vectors.manifest import manifest_of
from spikeref.vectors.outcome import outcome_digest
from tests.vectors.hand_made_suite import SHIFT

SCHEMA = Path(__file__).parents[2] / "conformance" / "schema" / "kill-matrix.json"


def mutant(identity: str, outcomes: Mapping[str, str]) -> KilledMutant:
    return KilledMutant(
        id=identity,
        operator="encode",
        clauses=("ENC-2",),
        file="device/encoding.py",
        before=">=",
        after=">",
        why="a strict threshold",
        outcomes=outcomes,
    )


def matrix(*mutants: KilledMutant) -> KillMatrix:
    return KillMatrix(suite_version="1.0.0", root_digest="a" * 64, mutants=mutants)


A, B, C = (letter * 16 for letter in "abc")
MATRIX = matrix(mutant("m1", {"c1": A, "c3": NO_ANSWER}), mutant("m2", {}))


def test_a_matrix_comes_back(tmp_path: Path) -> None:
    save_matrix(MATRIX, tmp_path / "m.json")
    assert load_matrix(tmp_path / "m.json") == MATRIX
    assert [survivor.id for survivor in MATRIX.survivors] == ["m2"]


def test_a_matrix_is_valid_and_deterministic() -> None:
    data = matrix_json(MATRIX)
    assert data == matrix_json(parse_matrix(data, "m"))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes())).validate(json.loads(data))


def test_the_shipped_matrix_is_one() -> None:
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes())).validate(
        json.loads(matrix_json(shipped_matrix()))
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.__setitem__("format", "x"), "format"),
        (lambda m: m.__setitem__("spec_version", "3.0"), "specification"),
        (lambda m: m.pop("mutants"), "mutants is missing"),
        (lambda m: m.__setitem__("root_digest", "x"), "root_digest"),
        (lambda m: m["mutants"].append(m["mutants"][0]), "same id"),
        (lambda m: m["mutants"].append(3), "is not an object"),
        (lambda m: m["mutants"][0].pop("why"), "why is missing"),
        (lambda m: m["mutants"][0].__setitem__("clauses", ["x"]), "clause 'x'"),
        (lambda m: m["mutants"][0]["outcomes"].__setitem__("c1", "boom"), "'boom'"),
        (lambda m: m["mutants"][0]["outcomes"].__setitem__("C", A), "'C'"),
    ],
)
def test_a_broken_matrix_is_refused(change: Callable[[dict[str, Any]], object], words: str) -> None:
    stated = json.loads(matrix_json(MATRIX))
    change(stated)
    with pytest.raises(VectorError, match=words):
        parse_matrix(json.dumps(stated).encode(), "m.json")


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VectorError, match="cannot be read"):
        load_matrix(tmp_path / "absent.json")


def judged(outcomes: Mapping[str, str], cases: str = "c1 c2 c3 c4", missing: str = "") -> Judgement:
    """Return the judgement of a device that fails as `outcomes` say, and leaves cases out."""
    manifests = {name: replace(manifest_of(SHIFT), id=name) for name in cases.split()}
    failures = [
        Failure(case=name, kind="differs", reason="", manifest=manifests[name], outcome=outcome)
        for name, outcome in outcomes.items()
    ]
    failures += [
        Failure(case=name, kind="missing", reason="", manifest=manifests[name])
        for name in missing.split()
    ]
    return Judgement(cases=tuple(manifests.values()), failures=tuple(failures))


def found(against: KillMatrix, judgement: Judgement) -> list[tuple[str, str]]:
    return [(s.mutant.id, s.likeness) for s in consistent_with(against, judgement)]


MUTANTS = matrix(
    mutant("same", {"c1": A, "c2": B}),
    mutant("other-values", {"c1": C, "c2": B}),
    mutant("more", {"c1": A, "c2": B, "c3": C}),
    mutant("later", {"c2": B}),
    mutant("survivor", {}),
)


def test_the_same_outcomes_come_first() -> None:
    assert found(MUTANTS, judged({"c1": A, "c2": B})) == [("same", "outcomes")]


def test_without_them_the_same_failing_cases() -> None:
    assert found(MUTANTS, judged({"c1": B, "c2": A})) == [
        ("same", "cases"),
        ("other-values", "cases"),
    ]


def test_without_them_the_same_first_case_by_overlap() -> None:
    assert found(MUTANTS, judged({"c1": A, "c3": C, "c4": C})) == [
        ("more", "first case"),
        ("same", "first case"),
        ("other-values", "first case"),
    ]


def test_at_most_five_guesses() -> None:
    many = matrix(*(mutant(f"m{n}", {"c1": A, "c2": B}) for n in range(9)))
    assert len(found(many, judged({"c1": A}))) == 5


def test_only_judged_cases_count() -> None:
    assert found(MUTANTS, judged({"c1": A, "c2": B}, "c1 c2")) == [
        ("same", "outcomes"),
        ("more", "outcomes"),
    ]


def test_a_device_that_passes_fits_no_mutant() -> None:
    assert found(MUTANTS, judged({})) == []


def test_an_unlike_device_fits_none() -> None:
    assert found(MUTANTS, judged({"c4": A})) == []


def test_what_a_device_that_died_leaves_out_says_nothing() -> None:
    crashes = matrix(
        mutant("dies-in-c2", {"c1": A, "c2": NO_ANSWER, "c4": B}),
        mutant("dies-in-c3", {"c1": A, "c3": NO_ANSWER}),
    )
    assert found(crashes, judged({"c1": A}, missing="c2 c3 c4")) == [("dies-in-c2", "outcomes")]
    assert found(crashes, judged({"c1": A}, missing="c3 c4")) == [("dies-in-c3", "outcomes")]
    # A case left out before others that are there was not the last one of a process.
    assert found(crashes, judged({"c1": A}, missing="c3")) == [("dies-in-c3", "outcomes")]


def test_a_device_without_any_answer_fits_none() -> None:
    crashes = matrix(mutant("dies", {"c1": NO_ANSWER}))
    assert found(crashes, judged({}, missing="c1 c2 c3 c4")) == []


def test_an_answer_in_place_of_a_refusal_fits_any_answer() -> None:
    refusals = matrix(
        mutant("answers", {"c1": A}),
        mutant("other-class", {"c1": outcome_digest("token")}),
        mutant("crashes", {"c1": NO_ANSWER}),
    )
    assert found(refusals, judged({"c1": ACCEPTED})) == [("answers", "outcomes")]
    assert found(refusals, judged({"c1": NO_ANSWER})) == [("crashes", "outcomes")]
