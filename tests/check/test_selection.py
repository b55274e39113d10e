"""Claims: a class, narrowed by parameters."""

from pathlib import Path

import pytest

from spikeref.check.selection import Claim, claimed_cases, parse_where
from spikeref.errors import UsageError
from spikeref.vectors.case import CaseClass
from spikeref.vectors.reader import Suite


def chosen(suite: Path, case_class: CaseClass = "full", *pairs: str) -> list[str]:
    claim = Claim(case_class=case_class, where=parse_where(list(pairs)))
    return [manifest.id for manifest in claimed_cases(Suite.open(suite), claim)]


def test_full_has_all_cases_and_another_class_its_own(suite: Path) -> None:
    assert chosen(suite) == ["shift-ties", "shift-too-wide", "encode-b4", "add-b5"]
    assert chosen(suite, "encoder") == ["encode-b4"]
    assert chosen(suite, "accumulator") == ["add-b5"]


def test_parameters_narrow_and_cases_without_them_stay(suite: Path) -> None:
    assert chosen(suite, "full", "bits=4") == ["shift-ties", "shift-too-wide", "encode-b4"]
    assert chosen(suite, "full", "bits=4", "bits=5") == chosen(suite)
    assert chosen(suite, "full", "bits=5", "ties=half-even") == [
        "shift-ties", "shift-too-wide", "add-b5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("case_class", "pair", "words"),
    [
        ("linear", None, "no case of class linear"),
        ("full", "bits=6", "cases have 4, 5"),
        ("encoder", "bits=5", "cases have 4"),
        ("full", "width=4", "no case has it"),
        ("full", "bits", "NAME=VALUE"),
        ("full", "=4", "NAME=VALUE"),
    ],
)
def test_a_claim_of_nothing_is_bad_usage(
    suite: Path, case_class: CaseClass, pair: str | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        chosen(suite, case_class, *([] if pair is None else [pair]))
