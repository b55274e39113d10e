"""Results files of cocotb: a run that failed, or ran nothing, must not pass."""

from pathlib import Path

import pytest

from spikeref.cosim.results import read_results
from spikeref.errors import UsageError

HEAD = '<testsuites name="results"><testsuite name="all" package="all">'
TAIL = "</testsuite></testsuites>"
GOOD = '<testcase name="one" classname="bench" time="1" />'
BAD = '<testcase name="two" classname="bench" time="1"><failure message="x" /></testcase>'
ERROR = '<testcase name="two" classname="bench" time="1"><error message="x" /></testcase>'
SKIPPED = '<testcase name="three" classname="bench" time="1"><skipped /></testcase>'


@pytest.mark.parametrize(
    ("body", "passed", "failed", "skipped", "conforms"),
    [
        (GOOD, 1, 0, 0, True),
        (GOOD + SKIPPED, 1, 0, 1, True),
        (GOOD + BAD, 1, 1, 0, False),
        (GOOD + ERROR, 1, 1, 0, False),
        (BAD, 0, 1, 0, False),
        (SKIPPED, 0, 0, 1, False),
        ("", 0, 0, 0, False),
    ],
)
def test_verdicts(
    tmp_path: Path, body: str, passed: int, failed: int, skipped: int, conforms: bool
) -> None:
    path = tmp_path / "results.xml"
    path.write_text(HEAD + body + TAIL)
    found = read_results(path)
    assert (len(found.passed), len(found.failed), len(found.skipped)) == (passed, failed, skipped)
    assert found.conforms is conforms


def test_names(tmp_path: Path) -> None:
    path = tmp_path / "results.xml"
    path.write_text(HEAD + GOOD + BAD + TAIL)
    found = read_results(path)
    assert found.passed == ("bench.one",)
    assert found.failed == ("bench.two",)


@pytest.mark.parametrize("content", [None, "", HEAD, "no xml"])
def test_no_results_are_an_error(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "results.xml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match="no cocotb results"):
        read_results(path)
