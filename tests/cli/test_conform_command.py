"""`conform`: a device, its verdict, its files."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from spikeref import __version__
from spikeref.vectors.reader import Suite
from tests.check.controls import command
from tests.cli.command_line import Program, run_apart
from tests.vectors.hand_made_suite import write


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small suite; tests do not change it."""
    return write(tmp_path_factory.mktemp("conform") / "suite")


def test_a_right_device(spikeref: Program, suite: Path) -> None:
    called = spikeref("conform", suite, "--json", "--", *command("right", suite))
    assert (called.status, called.err) == (0, "")
    stated = called.json()
    wanted = {
        "verdict": "pass", "cases": 4, "passed": 4, "failed": 0, "missing": 0, "class": "full",
        "root_digest": Suite.open(suite).manifest.root_digest, "fault": None,
        "versions": {"spikeref": __version__, "spec": "1.0", "suite": "1.2.0"},
        "first_divergence": None, "consistent_with": [],
    }  # fmt: skip
    assert {name: stated[name] for name in wanted} == wanted
    assert stated["by_requirement"]["ARITH-2"] == {"passed": 2, "failed": 0}


def test_a_wrong_device(spikeref: Program, suite: Path, tmp_path: Path) -> None:
    junit, statement, out = (tmp_path / name for name in ("junit.xml", "statement.json", "out"))
    called = spikeref(
        "conform", suite, "--junit", junit, "--statement", statement, "--output", out,
        "--", *command("last-element-wrong", suite),
    )  # fmt: skip
    assert (called.status, called.err) == (1, "")
    assert called.out.splitlines()[:2] == [
        "fail: 1 of 4 cases",
        "first divergence: add-b5, sparse_add (ADD-1)",
    ]
    assert ElementTree.fromstring(junit.read_bytes()).get("failures") == "1"
    assert json.loads(statement.read_bytes())["verdict"] == "fail"
    again = spikeref("check", suite, out, "--json").json()
    assert (again["failed"], again["first_divergence"]["case"]) == (1, "add-b5")


def test_a_claim_is_run_and_stated_alone(spikeref: Program, suite: Path, tmp_path: Path) -> None:
    statement = tmp_path / "statement.json"
    called = spikeref(
        "conform", suite, "--where", "bits=5", "--where", "ties=half-even", "--class", "full",
        "--statement", statement, "--json", "--", *command("right", suite),
    )  # fmt: skip
    assert called.json()["cases"] == 3
    stated = json.loads(statement.read_bytes())
    assert stated["where"] == {"bits": ["5"], "ties": ["half-even"]}


def test_a_device_that_ends_badly_fails_with_its_words(spikeref: Program, suite: Path) -> None:
    called = spikeref("conform", suite, "--", *command("complains", suite))
    assert called.status == 1
    lines = called.out.splitlines()
    assert lines[0] == "fail: the device ended with status 3"
    assert lines[-1].strip() == "assertion ?[31mfailed? in lane 3"
    stated = spikeref("conform", suite, "--json", "--", *command("complains", suite)).json()
    assert (stated["verdict"], stated["passed"], stated["failed"]) == ("fail", 4, 0)
    assert stated["fault"] == "the device ended with status 3"


def test_the_devices_own_options_are_its_own(
    spikeref: Program, suite: Path, tmp_path: Path
) -> None:
    script = "import sys; open(sys.argv[1], 'w').write(repr(sys.argv[2:-3]))"
    spikeref(
        "conform", suite, "--", sys.executable, "-c", script, tmp_path / "seen",
        "--json", "--", "--class", "x",
    )  # fmt: skip
    assert (tmp_path / "seen").read_text() == "['--json', '--', '--class', 'x']"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--class", "linear", "--", "true"], "no case of class linear"),
        (["--where", "bits=9", "--", "true"], "cases have 4, 5"),
        (["--timeout", "0", "--", "true"], "--timeout 0"),
        (["--", "./no-such-device"], "cannot be started"),
        (["--"], "required"),
        ([], "required"),
    ],
)
def test_bad_usage_leaves_nothing(
    spikeref: Program, suite: Path, tmp_path: Path, options: list[str], words: str
) -> None:
    files = ["--statement", tmp_path / "s.json", "--junit", tmp_path / "j.xml"]
    called = spikeref("conform", suite, *files, "--output", tmp_path / "out", *options)
    assert words in called.refusal()
    assert list(tmp_path.iterdir()) == []


def test_files_that_cannot_be_written_are_refused_before_the_device_runs(
    spikeref: Program, suite: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "something").touch()
    ran = [sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')"]
    for options in (["--output", tmp_path / "out"], ["--junit", tmp_path]):
        spikeref("conform", suite, *options, "--", *ran).refusal()
    assert not (tmp_path / "ran").exists()


def test_in_a_process_of_its_own(suite: Path) -> None:
    """The program's stdin, stdout and process group are not the device's."""
    called = run_apart("conform", suite, "--json", "--", *command("complains", suite))
    assert called.status == 1
    assert called.json()["fault"] == "the device ended with status 3"
