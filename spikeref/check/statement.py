"""The statement file: what may be claimed after a run, and of what."""

from typing import Any

from spikeref.check.conform import Conformance
from spikeref.check.report import by_requirement
from spikeref.vectors.case_files import lines_json
from spikeref.vectors.versions import FORMAT_VERSION

STATEMENT_FORMAT = "spikeref-statement"


def statement_json(done: Conformance, version: str) -> dict[str, Any]:
    """Return a statement; the same run gives the same statement, so no date stands in it.

    version: that of spikeref. A narrowed claim says so in `where`. `missing` cases are among the
    `failed`; none is ever skipped.
    """
    manifest, judgement = done.suite.manifest, done.judgement
    return {
        "format": STATEMENT_FORMAT,
        "format_version": FORMAT_VERSION,
        "versions": versions(done, version),
        "suite": manifest.suite,
        "root_digest": manifest.root_digest,
        "model_digest": manifest.model_digest,
        "class": done.claim.case_class,
        "where": {name: list(values) for name, values in done.claim.where.items()},
        "verdict": verdict(done),
        "cases": len(judgement.cases),
        "passed": judgement.passed,
        "failed": len(judgement.failures),
        "missing": judgement.missing,
        "skipped": 0,
        "fault": done.ended.fault,
        "by_requirement": by_requirement(judgement),
        "command": list(done.command),
    }


def statement_bytes(done: Conformance, version: str) -> bytes:
    """Return the content of a statement file."""
    return lines_json(statement_json(done, version))


def versions(done: Conformance, version: str) -> dict[str, str]:
    """Return the versions of spikeref, the specification and the suite."""
    manifest = done.suite.manifest
    return {"spikeref": version, "spec": manifest.spec_version, "suite": manifest.suite_version}


def verdict(done: Conformance) -> str:
    """Return "pass" or "fail"; there is no third."""
    return "pass" if done.passes else "fail"
