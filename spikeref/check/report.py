"""Verdicts as JSON and as lines for people."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from spikeref.check.consistent import Suspect
from spikeref.check.divergence import Divergence
from spikeref.check.judge import Failure, Judgement
from spikeref.check.operands import Operand
from spikeref.vectors.manifest import CaseManifest

MOST_LINES = 10
"""Failing cases that are listed for people; JSON has all."""


def failure_json(failure: Failure) -> dict[str, Any]:
    """Return a failure as the member first_divergence, or an item of failures, has it."""
    manifest, found = failure.manifest, failure.divergence
    return {
        "case": failure.case,
        "operation": manifest and manifest.operation,
        "class": manifest and manifest.case_class,
        "requirements": list(manifest.requirements) if manifest else [],
        "kind": failure.kind,
        "reason": failure.reason,
        "tensor": failure.tensor,
        "index": found and found.index,
        "coordinates": list(found.coordinates) if found else None,
        "step": found and found.step,
        "record": asdict(found.record) if found and found.record else None,
        "expected": found.expected if found else failure.expected,
        "got": found.got if found else failure.got,
        "differing": found and found.differing,
        "note": found and found.note,
        "operands": [asdict(operand) for operand in found.operands] if found else [],
    }


def suspects_json(suspects: Sequence[Suspect]) -> list[dict[str, Any]]:
    """Return the member consistent_with."""
    return [
        {
            "mutant": suspect.mutant.id,
            "operator": suspect.mutant.operator,
            "clauses": list(suspect.mutant.clauses),
            "why": suspect.mutant.why,
            "likeness": suspect.likeness,
        }
        for suspect in suspects
    ]


def judgement_json(judgement: Judgement, suspects: Sequence[Suspect]) -> dict[str, Any]:
    """Return what check and conform say alike: cases, failures, the first, and what they fit."""
    failures = [failure_json(failure) for failure in judgement.failures]
    return {
        "cases": len(judgement.cases),
        "passed": judgement.passed,
        "failed": len(failures),
        "missing": judgement.missing,
        "failures": failures,
        "first_divergence": failures[0] if failures else None,
        "consistent_with": suspects_json(suspects),
    }


def judgement_lines(judgement: Judgement, suspects: Sequence[Suspect]) -> list[str]:
    """Return the same for people."""
    if not judgement.failures:
        return [f"pass: {len(judgement.cases)} cases"]
    failures = judgement.failures
    total = len(judgement.cases)
    surplus = sum(failure.kind == "surplus" for failure in failures)
    beside = f", and {surplus} that no one asked for" if surplus else ""
    lines = [f"fail: {total - judgement.passed} of {total} cases{beside}"]
    lines += _first_lines(failures[0])
    lines += [
        f"consistent with: {s.mutant.id}, {s.mutant.why} ({s.mutant.operator}; same {s.likeness})"
        for s in suspects
    ]
    rest = failures[1 : MOST_LINES + 1]
    lines += [f"also: {_title(failure)}: {failure.reason}" for failure in rest]
    hidden = len(failures) - 1 - len(rest)
    return [*lines, f"and {hidden} more; --json lists all"] if hidden else lines


def by_requirement(judgement: Judgement) -> dict[str, dict[str, int]]:
    """Return, for each clause in order, how many of its cases passed and failed."""
    failing = {failure.case for failure in judgement.failures}
    counts: dict[str, dict[str, int]] = {}
    for manifest in judgement.cases:
        for requirement in manifest.requirements:
            row = counts.setdefault(requirement, {"passed": 0, "failed": 0})
            row["failed" if manifest.id in failing else "passed"] += 1
    return {name: counts[name] for name in sorted(counts, key=clause_order)}


def clause_order(requirement: str) -> tuple[str, int]:
    """Return a key that sorts ENC-2 before ENC-10."""
    chapter, _, number = requirement.rpartition("-")
    return chapter, int(number)


def by_clause(manifests: Sequence[CaseManifest]) -> dict[str, list[str]]:
    """Return the ids of the cases that exercise each clause, clauses in order."""
    found: dict[str, list[str]] = {}
    for manifest in manifests:
        for requirement in manifest.requirements:
            found.setdefault(requirement, []).append(manifest.id)
    return {name: found[name] for name in sorted(found, key=clause_order)}


def _first_lines(failure: Failure) -> list[str]:
    lines = [f"first divergence: {_title(failure)}"]
    found = failure.divergence
    if found is None:
        return [*lines, f"  {failure.reason}"]
    las = failure.manifest is not None and failure.manifest.case_class == "las"
    lines.append(f"  {_element(found, 'time' if las else 'virtual')}")
    if found.record is not None:
        record = found.record
        lines.append(f"  the record of token {record.token}, layer {record.layer}, {record.op}")
    lines += [f"  {found.note}"] if found.note else []
    return lines + [f"  {_operand(operand)}" for operand in found.operands]


def _title(failure: Failure) -> str:
    manifest = failure.manifest
    if manifest is None:
        return failure.case
    return f"{failure.case}, {manifest.operation} ({', '.join(manifest.requirements)})"


def _element(found: Divergence, steps: str) -> str:
    """Return the element that differs; steps: what kind those of its trains are."""
    place = f"{found.tensor}{_index(found.coordinates)} (element {found.index})"
    step = "" if found.step is None else f", from {steps} step {found.step}"
    more = f"; {found.differing} elements differ" if found.differing > 1 else ""
    return f"{place}: expected {found.expected}, got {found.got}{step}{more}"


def _operand(operand: Operand) -> str:
    values = ", ".join(map(str, operand.values))
    more = f", … ({operand.elements} values)" if operand.elements > len(operand.values) else ""
    return f"{operand.name}{_index(operand.index)} = {values}{more}"


def _index(coordinates: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, coordinates))}]" if coordinates else ""
