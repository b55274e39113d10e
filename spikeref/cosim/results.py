"""The verdict of a cocotb run: a simulator that found failures still ends with status 0."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from spikeref.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchResults:
    """What a results file states."""

    passed: tuple[str, ...]
    """Names module.test, in order."""
    failed: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def conforms(self) -> bool:
        """Whether at least one test ran and none failed."""
        return bool(self.passed) and not self.failed


def read_results(path: str | Path) -> BenchResults:
    """Return what cocotb's results.xml states.

    UsageError: the file is missing or no such file, as after a bench that crashed.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as fault:
        raise UsageError(f"{path}: no cocotb results ({fault}); the simulation ended early") from (
            None
        )
    found: dict[str, list[str]] = {"passed": [], "failed": [], "skipped": []}
    for case in root.iter("testcase"):
        marks = {child.tag for child in case}
        kind = (
            "failed"
            if marks & {"failure", "error"}
            else "skipped"
            if "skipped" in marks
            else "passed"
        )
        found[kind].append(f"{case.get('classname')}.{case.get('name')}")
    return BenchResults(
        passed=tuple(found["passed"]),
        failed=tuple(found["failed"]),
        skipped=tuple(found["skipped"]),
    )
