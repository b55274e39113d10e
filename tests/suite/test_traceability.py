"""Every clause of the specification has what its kind needs, and no id dangles.

`spec/clauses.json` freezes the ids and their titles and says of what kind each is: `behaviour`,
what a device does, needs a test, a vector and a mutant that such a vector sees; `file`, what files,
commands, compiler and reference do, needs a test; `definition` needs nothing, and says why. A
behaviour that no mutant names lists the mutants that break it all the same.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from spikeref.check.kill_matrix import shipped_matrix
from spikeref.suite.catalogue import core_cases
from spikeref.suite.mutants import MUTANTS
from spikeref.vectors.clauses import LAST_CLAUSES
from spikeref.vectors.reader import Suite

ROOT = Path(__file__).parents[2]
FROZEN = ROOT / "conformance" / "core"
HEAD = re.compile(r"^\*\*([A-Z]+-[1-9][0-9]*)(?: ([^*]*?))?\.?\*\*", re.MULTILINE)
FAMILIES = (
    "CONV", "ARITH", "HAD", "ENC", "ADD", "MODEL", "COMP", "OP", "ATT", "ENG", "EVENT", "TRACE",
    "COUNT", "THM", "PACK", "CONF", "NEUR", "HG", "LAS", "LMOD",
)  # fmt: skip
ID = re.compile(rf"\b({'|'.join(FAMILIES)})-([0-9]+)\b")
RANGE = re.compile(rf"\b({'|'.join(FAMILIES)})-([1-9][0-9]*) (?:to|…) \1-([1-9][0-9]*)\b")
FROZEN_CLAUSES: list[dict[str, Any]] = json.loads(
    (ROOT / "spec" / "clauses.json").read_text(encoding="utf-8")
)["clauses"]
CLAUSES = {clause["id"]: clause for clause in FROZEN_CLAUSES}
INVENTED = {"ENC-02", "ATT-13"}
"""Ids that tests make up to see them refused."""


def of_kind(kind: str) -> list[str]:
    return [identity for identity, clause in CLAUSES.items() if clause["kind"] == kind]


@cache
def stated() -> list[tuple[str, str]]:
    """Id and title of each clause in the text, chapter by chapter."""
    chapters = sorted((ROOT / "spec").glob("[0-9]*.md"))
    return [
        (found[1], found[2] or "")
        for chapter in chapters
        for found in HEAD.finditer(chapter.read_text(encoding="utf-8"))
    ]


def named_in(text: str) -> set[str]:
    """Ids that a text names, those between the ends of a range included."""
    found = {f"{family}-{number}" for family, number in ID.findall(text)}
    for family, low, high in RANGE.findall(text):
        found |= {f"{family}-{number}" for number in range(int(low), int(high) + 1)}
    return found


@cache
def named_by(folder: str) -> dict[str, set[str]]:
    """Ids by the module below a folder that names them."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return {
        str(path.relative_to(ROOT)): named_in(path.read_text(encoding="utf-8")) for path in paths
    }


@cache
def named_by_tests() -> frozenset[str]:
    own = str(Path(__file__).relative_to(ROOT))
    files = named_by("tests").items()
    tests = [ids for path, ids in files if Path(path).name.startswith("test_") and path != own]
    return frozenset().union(*tests)


@cache
def exercised() -> dict[str, frozenset[str]]:
    """Ids of the clauses with the cases that name them."""
    found: dict[str, set[str]] = {}
    for case in core_cases():
        for clause in case.requirements:
            found.setdefault(clause, set()).add(case.id)
    return {clause: frozenset(cases) for clause, cases in found.items()}


def breaking(identity: str) -> list[str]:
    """The mutants that break a clause."""
    named = [mutant.id for mutant in MUTANTS if identity in mutant.clauses]
    return named + list(CLAUSES[identity].get("mutants", ()))


def test_no_clause_vanished_or_was_renumbered() -> None:
    assert stated() == [(clause["id"], clause["title"]) for clause in FROZEN_CLAUSES]
    assert len(CLAUSES) == len(FROZEN_CLAUSES) == 210


def test_the_program_knows_the_clauses() -> None:
    known = {f"{name}-{i}" for name, last in LAST_CLAUSES.items() for i in range(1, last + 1)}
    assert known == set(CLAUSES)


def test_numbers_of_a_chapter_run_from_one_and_stand_once() -> None:
    for family in FAMILIES:
        numbers = [int(name.split("-")[1]) for name, _ in stated() if name.startswith(f"{family}-")]
        assert numbers == list(range(1, len(numbers) + 1)), family


def test_every_clause_has_a_kind_and_what_belongs_to_it() -> None:
    for clause in FROZEN_CLAUSES:
        assert clause["kind"] in ("behaviour", "file", "definition"), clause
        assert ("why" in clause) == (clause["kind"] == "definition"), clause
        assert "mutants" not in clause or clause["kind"] == "behaviour", clause


@pytest.mark.parametrize("identity", of_kind("behaviour"))
def test_behaviour_has_a_test_a_vector_and_a_mutant(identity: str) -> None:
    assert identity in named_by_tests(), "no test names it"
    assert identity in exercised(), "no vector exercises it"
    seen_by = {mutant.id: set(mutant.outcomes) for mutant in shipped_matrix().mutants}
    assert any(seen_by[mutant] & exercised()[identity] for mutant in breaking(identity)), (
        "no vector of the clause sees a mutant that breaks it"
    )


@pytest.mark.parametrize("identity", of_kind("file"))
def test_files_and_commands_have_a_test(identity: str) -> None:
    assert identity in named_by_tests(), "no test names it"


def test_listed_mutants_exist() -> None:
    known = {mutant.id for mutant in MUTANTS}
    listed = {name for clause in FROZEN_CLAUSES for name in clause.get("mutants", ())}
    assert listed <= known


def test_no_id_dangles() -> None:
    """Neither in vectors, mutants, tests, tools nor in the code."""
    known = set(CLAUSES)
    assert set(exercised()) <= known
    suite = Suite.open(FROZEN)
    assert {ids for name in suite.ids for ids in suite.case_manifest(name).requirements} <= known
    assert {clause for mutant in MUTANTS for clause in mutant.clauses} <= known
    for folder in ("spikeref", "tools", "tests"):
        for path, ids in named_by(folder).items():
            assert ids <= known | INVENTED, path
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        assert named_in(page.read_text(encoding="utf-8")) <= known, page


def test_ids_in_the_specification_refer_to_clauses_that_exist() -> None:
    for chapter in (ROOT / "spec").glob("*.md"):
        assert named_in(chapter.read_text(encoding="utf-8")) <= set(CLAUSES), chapter


def test_ranges_name_what_lies_between() -> None:
    assert named_in("(TRACE-3 to TRACE-5, ENC-2)") == {"TRACE-3", "TRACE-4", "TRACE-5", "ENC-2"}
    assert named_in("UTF-8, SHA-256, half-even") == set()
