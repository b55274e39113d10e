"""Every spikeref command that the documents show runs as shown, in the order shown."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spikeref.cli.program import COMMANDS, main
from tests.documents.pages import ROOT, pages, text_of
from tools.synthetic_checkpoint import write_checkpoint

DOCUMENTS = (
    "CONTRIBUTING.md", "README.md", "conformance/README.md", "docs/accuracy.md", "docs/energy.md",
    "docs/hg-errors.md", "docs/las-guide.md", "docs/report.md", "docs/sdllm-guide.md",
    "docs/software-guide.md",
)  # fmt: skip

ELSEWHERE = frozenset({"docs/rtl-guide.md"})
"""Pages that tests/hdl runs, because they need simulators."""

COMMAND = re.compile(
    r"^ {4}((?:spikeref|python -m tools\.synthetic_checkpoint) .+)$|^\|.*`(spikeref [^`]+)`", re.M
)
"""A command on a line of its own, or the one in a row of a table."""

FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
MENTION = re.compile(r"`spikeref ([a-z-]+)([^`\n]*)`")

RUN_BY_A_TEST_OF_ITS_OWN = frozenset({"spikeref mutants"})

STANDING_FOR = {
    "CHECKPOINT": "./checkpoint",
    "DEVICE": "python -m spikeref.device",
    "TOKENS.json": "tokens.json",
    "EXPECTED": "./trace",
    "GOT": "./trace",
}
"""What a reader puts in the place of a word in capitals."""


def commands_of(document: str) -> list[str]:
    found = [line or cell for line, cell in COMMAND.findall(text_of(document))]
    return [command for command in found if command not in RUN_BY_A_TEST_OF_ITS_OWN]


def in_this_place(command: str) -> str:
    """Return a command with a reader's words for those in capitals."""
    return " ".join(STANDING_FOR.get(word, word) for word in command.split(" "))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder as a reader has it who followed the documents from the top."""
    (tmp_path / "tokens.json").write_text(json.dumps([[1, 2, 3, 4, 5, 6, 7, 8]]))
    (tmp_path / "labels.json").write_text(json.dumps([0]))
    item = {"query": "The sky is", "choices": ["blue", "a kind of bread"], "gold": 0}
    (tmp_path / "items.jsonl").write_text(json.dumps(item) + "\n")
    (tmp_path / "conformance").symlink_to(ROOT / "conformance")
    return tmp_path


def ran(command: str | list[str], place: Path) -> None:
    """Run a command line, or a program with its arguments, and require that it succeeds."""
    programs = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_run(document: str, place: Path) -> None:
    commands = commands_of(document)
    assert commands
    for shape, name in {"tiny-llama": "checkpoint", "tiny-bert": "bert-checkpoint"}.items():
        if not any("synthetic" in one and one.endswith(f" ./{name}") for one in commands):
            write_checkpoint(shape, place / name)
    if any(" ./model" in one for one in commands) and not any("compile" in one for one in commands):
        commands.insert(0, "spikeref compile ./checkpoint -o ./model")
    if "guide" in document:
        for block in PYTHON.findall(text_of(document)):
            ran([sys.executable, "-c", block], place)
    for command in commands:
        ran(in_this_place(command), place)


def test_the_python_of_the_readme_runs(place: Path) -> None:
    write_checkpoint("tiny-llama", place / "checkpoint")
    (block,) = PYTHON.findall(text_of("README.md"))
    ran([sys.executable, "-c", block], place)


def test_no_page_shows_a_command_that_no_test_runs() -> None:
    for page in pages():
        if page not in ELSEWHERE:
            fences = "".join(FENCE.findall(text_of(page)))
            assert "\nspikeref " not in fences, f"{page}: indent its commands"
            assert not commands_of(page) or page in DOCUMENTS, page
            assert "```python" not in text_of(page) or page == "README.md" or "guide" in page, page


def test_what_running_text_mentions_exists(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands in the middle of a sentence are not run; their names and options are real."""
    known = {command.name for command in COMMANDS}
    for page in pages():
        for name, rest in MENTION.findall(text_of(page)):
            assert name in known, f"{page}: spikeref {name}"
            words = [name, "--help"]
            if name in {"trace", "vectors"}:
                words.insert(1, rest.split()[0])
            options = set(re.findall(r"(?<!\S)--[a-z-]+", rest.partition(" -- ")[0]))
            with pytest.raises(SystemExit, match="0"):
                main(words)
            has = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
            assert options <= has, f"{page}: {name} {rest}"
