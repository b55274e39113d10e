"""`python -m spikeref.device SUITE OUT LIST`: a device in the sense of CONF-7."""

import subprocess
import sys
from pathlib import Path

import pytest

from spikeref.check.judge import judge
from spikeref.device.__main__ import main
from spikeref.device.suite_files import SuiteError, read_case
from spikeref.suite.catalogue import core_cases
from spikeref.vectors.reader import Suite
from spikeref.vectors.writer import write_suite


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    folder = tmp_path_factory.mktemp("suite") / "core"
    folder.mkdir()
    write_suite(folder, "core", core_cases())
    return Suite.open(folder)


def test_the_plain_device_passes_core(core: Suite, tmp_path: Path) -> None:
    out, listed = tmp_path / "out", core.path / "cases.txt"
    out.mkdir()
    assert main([str(core.path), str(out), str(listed)]) == 0
    judgement = judge(core, [core.case_manifest(identity) for identity in core.ids], out)
    assert [(failure.case, failure.reason) for failure in judgement.failures] == []
    assert judgement.passed == len(core.ids) > 0


def test_as_a_command(core: Suite, tmp_path: Path) -> None:
    refused = next(i for i in core.ids if core.case_manifest(i).reject is not None)
    chosen = [core.ids[0], refused]
    (tmp_path / "list").write_text("".join(f"{identity}\n" for identity in chosen))
    (tmp_path / "out").mkdir()
    places = [str(core.path), str(tmp_path / "out"), str(tmp_path / "list")]
    subprocess.run([sys.executable, "-m", "spikeref.device", *places], check=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(chosen)
    kind = (tmp_path / "out" / refused / "reject.txt").read_text()
    assert kind == f"{core.case_manifest(refused).reject}\n"


def test_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suite"]) == 2
    assert capsys.readouterr().err.startswith("usage:")


CASE = "cases/round-shift/case.txt"


@pytest.fixture
def plain_case(tmp_path: Path) -> Path:
    """A suite folder with one case without tensors, as text."""
    path = tmp_path / CASE
    path.parent.mkdir(parents=True)
    path.write_text(
        "format=spikeref-case\nformat_version=1\nspec_version=1.0\nid=round-shift\n"
        "operation=random_words\nparameter.count=2\nparameter.label=a=b\n"
    )
    return path


def test_a_case_is_read_as_it_stands(plain_case: Path) -> None:
    case = read_case(plain_case.parents[2], "round-shift")
    assert case.operation == "random_words"
    assert case.parameters == {"count": "2", "label": "a=b"}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("a=b\n", "a=b", "its last line does not end"),
        ("count=2\n", "count=2\n\n", "not key=value"),
        ("count=2\n", "count=2\nparameter.count=3\n", "stands twice"),
        ("format_version=1", "format_version=2", "states"),
        ("id=round-shift", "id=other", "states"),
        ("spec_version=1.0", "spec_version=2.0", "of specification 2.0"),
    ],
)
def test_a_case_that_contradicts_the_format_is_not_read(
    plain_case: Path, before: str, after: str, reason: str
) -> None:
    plain_case.write_text(plain_case.read_text().replace(before, after))
    with pytest.raises(SuiteError, match=reason):
        read_case(plain_case.parents[2], "round-shift")


def test_a_changed_tensor_is_not_read(plain_case: Path) -> None:
    with plain_case.open("a") as file:
        file.write(f"input.x=i8:2:{'0' * 64}\n")
    (plain_case.parent / "in").mkdir()
    (plain_case.parent / "in" / "x.bin").write_bytes(b"\x00\x01")
    with pytest.raises(SuiteError, match="SHA-256"):
        read_case(plain_case.parents[2], "round-shift")
