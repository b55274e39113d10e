"""The planted faults as data."""

import re
from pathlib import Path

import pytest

from spikeref.errors import VectorError
from spikeref.operations.table import OPERATIONS
from spikeref.suite.mutants import EQUIVALENT, MUTANTS
from spikeref.suite.mutants.mutant import Mutant, fault, planted_source
from spikeref.suite.plant import sources

SPEC = Path(__file__).parents[2] / "spec"
EVERY = (*MUTANTS, *(equivalent.mutant for equivalent in EQUIVALENT))


def test_ids_are_words_and_unique() -> None:
    assert len({mutant.id for mutant in EVERY}) == len(EVERY)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", mutant.id) for mutant in EVERY)
    assert len(MUTANTS) >= 90


def test_every_operation_has_a_mutant() -> None:
    assert {mutant.operator for mutant in MUTANTS} == set(OPERATIONS)


@pytest.mark.parametrize("mutant", EVERY, ids=lambda mutant: mutant.id)
def test_a_mutant_is_one_small_change_that_a_person_can_read(mutant: Mutant) -> None:
    source = sources()[mutant.file]
    assert planted_source(mutant) != source
    assert mutant.before != mutant.after
    assert "\n" not in mutant.before.strip()
    assert len(mutant.why.split()) >= 3


def test_clauses_exist() -> None:
    text = "".join(path.read_text("utf-8") for path in sorted(SPEC.glob("[0-9]*.md")))
    stated = set(re.findall(r"^\*\*([A-Z]+-[0-9]+)", text, re.MULTILINE))
    assert {clause for mutant in EVERY for clause in mutant.clauses} <= stated


def test_equivalent_ones_carry_a_proof() -> None:
    assert all(len(equivalent.proof.split()) >= 10 for equivalent in EQUIVALENT)


@pytest.mark.parametrize(
    ("place", "before", "reason"),
    [
        ("arithmetic.py:round_shift", "x >>> shift", "stands 0 times"),
        ("arithmetic.py", "ties", r"stands \d+ times"),
        ("arithmetic.py:round_up", "x", "has no round_up"),
    ],
)
def test_a_text_that_does_not_stand_exactly_once_is_refused(
    place: str, before: str, reason: str
) -> None:
    mutant = fault("wrong", "round_shift", "ARITH-2", place, before, "x", "a slip")
    with pytest.raises(VectorError, match=reason):
        planted_source(mutant)
