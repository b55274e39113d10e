"""Every spikeref command that the documents show runs as shown, in the order shown."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.synthetic_checkpoint import write_checkpoint

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "docs/accuracy.md",
    "docs/energy.md",
    "docs/hg-errors.md",
    "docs/software-guide.md",
)

COMMAND = re.compile(r"^ {4}(spikeref .+)$|^\|.*`(spikeref [^`]+)`", re.M)
"""A command on a line of its own, or the one in a row of a table."""

RUN_BY_A_TEST_OF_ITS_OWN = frozenset({"spikeref mutants"})

STANDING_FOR = {
    "CHECKPOINT": "./checkpoint",
    "TOKENS.json": "tokens.json",
    "EXPECTED": "./trace",
    "GOT": "./trace",
}
"""What a reader puts in the place of a word in capitals."""


def commands_of(document: str) -> list[str]:
    text = (ROOT / document).read_text(encoding="utf-8")
    found = [line or cell for line, cell in COMMAND.findall(text)]
    return [command for command in found if command not in RUN_BY_A_TEST_OF_ITS_OWN]


def in_this_place(command: str) -> str:
    """Return a command with a reader's words for those in capitals."""
    return " ".join(STANDING_FOR.get(word, word) for word in command.split(" "))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder as a reader has it who followed the documents from the top."""
    write_checkpoint("tiny-llama", tmp_path / "checkpoint")
    write_checkpoint("tiny-bert", tmp_path / "bert-checkpoint")
    (tmp_path / "tokens.json").write_text(json.dumps([[1, 2, 3, 4, 5, 6, 7, 8]]))
    item = {"query": "The sky is", "choices": ["blue", "a kind of bread"], "gold": 0}
    (tmp_path / "items.jsonl").write_text(json.dumps(item) + "\n")
    (tmp_path / "conformance").symlink_to(ROOT / "conformance")
    return tmp_path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_run(document: str, place: Path) -> None:
    commands = commands_of(document)
    assert commands
    programs = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    if not any(" compile " in command for command in commands):
        commands.insert(0, "spikeref compile ./checkpoint -o ./model")
    for command in commands:
        done = subprocess.run(
            in_this_place(command),
            shell=True,
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
