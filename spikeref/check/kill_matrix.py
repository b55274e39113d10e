"""The kill matrix: planted faults, and what each makes of every case that it fails."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from spikeref.check.judge import NO_ANSWER
from spikeref.errors import VectorError
from spikeref.storage.canonical import parse_json
from spikeref.storage.json_fields import JsonFields
from spikeref.vectors.case_files import HEX_DIGEST, check_members, lines_json
from spikeref.vectors.manifest import REQUIREMENT, is_case_id
from spikeref.vectors.versions import FORMAT_VERSION, SPEC_VERSION, check_versions

MATRIX_FORMAT = "spikeref-kill-matrix"
MATRIX_NAME = "kill-matrix.json"
_OUTCOME = re.compile(rf"[0-9a-f]{{16}}|{NO_ANSWER}")
_TEXTS = ("id", "operator", "file", "before", "after", "why")
_MUTANT_MEMBERS = frozenset({*_TEXTS, "clauses", "outcomes"})
_MEMBERS = frozenset(
    {"format", "format_version", "spec_version", "suite_version", "root_digest", "mutants"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KilledMutant:
    """One planted fault and what it fails."""

    id: str
    operator: str
    """Name of an operation of CONF-9: where the fault sits."""
    clauses: tuple[str, ...]
    """The clauses that it breaks."""
    file: str
    """The module of the plain device that it changes, below the package."""
    before: str
    after: str
    why: str
    """The mistake that it stands for, in words."""
    outcomes: Mapping[str, str]
    """Failing case -> outcome digest, or "crash"; in causal order; empty for a survivor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KillMatrix:
    """The outcomes of every mutant on one suite."""

    suite_version: str
    root_digest: str
    """Of the suite that the mutants ran."""
    mutants: tuple[KilledMutant, ...]

    @property
    def survivors(self) -> tuple[KilledMutant, ...]:
        """The mutants that fail no case."""
        return tuple(mutant for mutant in self.mutants if not mutant.outcomes)


def matrix_json(matrix: KillMatrix) -> bytes:
    """Return the content of kill-matrix.json, one mutant a line."""
    return lines_json(
        {
            "format": MATRIX_FORMAT,
            "format_version": FORMAT_VERSION,
            "spec_version": SPEC_VERSION,
            "suite_version": matrix.suite_version,
            "root_digest": matrix.root_digest,
            "mutants": [_mutant_json(mutant) for mutant in matrix.mutants],
        }
    )


def save_matrix(matrix: KillMatrix, path: Path) -> None:
    """Write a kill matrix; the same matrix gives the same bytes."""
    path.write_bytes(matrix_json(matrix))


def load_matrix(path: Path) -> KillMatrix:
    """Return the kill matrix of a file; VectorError where it is none."""
    try:
        return parse_matrix(path.read_bytes(), str(path))
    except OSError as fault:
        raise VectorError(f"{path}: cannot be read ({fault.strerror})") from None


def shipped_matrix() -> KillMatrix:
    """Return the kill matrix of the core suite that this release ships."""
    source = resources.files("spikeref.check").joinpath("data", MATRIX_NAME)
    return parse_matrix(source.read_bytes(), MATRIX_NAME)


def parse_matrix(data: bytes, where: str) -> KillMatrix:
    """Return the kill matrix of foreign bytes; VectorError naming what is wrong."""
    stated = parse_json(data, where, VectorError)
    if not isinstance(stated, dict) or stated.get("format") != MATRIX_FORMAT:
        raise VectorError(f"{where}: not a kill matrix in the format {MATRIX_FORMAT}")
    check_versions(stated, where)
    check_members(stated, _MEMBERS, where)
    fields = JsonFields(stated, where, VectorError)
    if not HEX_DIGEST.fullmatch(fields.text("root_digest")):
        raise VectorError(f"{where}: root_digest is not 64 lower-case hexadecimal digits")
    mutants = [
        _mutant(item, f"{where}: mutants[{number}]")
        for number, item in enumerate(fields.get("mutants", list))
    ]
    if len({mutant.id for mutant in mutants}) != len(mutants):
        raise VectorError(f"{where}: two mutants have the same id")
    return KillMatrix(
        suite_version=fields.text("suite_version"),
        root_digest=fields.text("root_digest"),
        mutants=tuple(mutants),
    )


def _mutant_json(mutant: KilledMutant) -> dict[str, Any]:
    return {
        "id": mutant.id,
        "operator": mutant.operator,
        "clauses": list(mutant.clauses),
        "file": mutant.file,
        "before": mutant.before,
        "after": mutant.after,
        "why": mutant.why,
        "outcomes": dict(mutant.outcomes),
    }


def _mutant(item: object, where: str) -> KilledMutant:
    if not isinstance(item, dict):
        raise VectorError(f"{where}: is not an object")
    check_members(item, _MUTANT_MEMBERS, where)
    fields = JsonFields(item, where, VectorError)
    clauses, outcomes = fields.get("clauses", list), fields.get("outcomes", dict)
    for clause in clauses:
        if not isinstance(clause, str) or not REQUIREMENT.fullmatch(clause):
            raise VectorError(f"{where}: clause {clause!r} is no clause id, like ENC-2")
    for case, outcome in outcomes.items():
        known = isinstance(outcome, str) and _OUTCOME.fullmatch(outcome)
        if not is_case_id(case) or not known:
            raise VectorError(f"{where}: outcome {outcome!r} of case {case!r} is no outcome")
    id_, operator, file, before, after, why = (fields.text(name) for name in _TEXTS)
    return KilledMutant(
        id=id_,
        operator=operator,
        clauses=tuple(clauses),
        file=file,
        before=before,
        after=after,
        why=why,
        outcomes=outcomes,
    )
