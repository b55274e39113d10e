"""Long commands show a bar with rate and remaining time on a terminal, and nothing when piped."""

import json
import os
import re
import struct
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from spikeref.suite.catalogue import core_cases
from spikeref.vectors.writer import write_suite
from tests.cli.command_line import REPOSITORY, run_apart

fcntl = pytest.importorskip("fcntl", reason="needs pseudo-terminals")
pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
termios = pytest.importorskip("termios", reason="needs pseudo-terminals")

REMAINING = re.compile(r"\d+/\d+ \[\d\d:\d\d<[\d:?]+,")
"""Done and all, time passed and remaining; behind it stands the rate."""

COMMANDS = {
    "compile": "compile {checkpoint} -o {out}",
    "eval model": "eval {model} --tokens-file {tokens}",
    "eval checkpoint": "eval {checkpoint} --tokens-file {tokens}",
    "eval choices": "eval {model} --choices {items}",
    "compare": "compare {checkpoint} --tokens-file {tokens} --profiles spikellm-w4a4kv4",
    "calibrate": "calibrate {model} --tokens-file {tokens} -o {out}",
    "widths": "widths {model} --tokens-file {tokens}",
    "run": "run {model} --tokens 1,2,3 --max-new-tokens 2 --trace {out}",
    "trace show": "trace show {trace}",
    "trace export": "trace export {trace} -o {out}",
    "demo": "demo",
    "export-pkg": "export-pkg {model} -o {out}",
    "report": "report {trace} -o {out}.html",
    "conform": "conform {suite} -- {python} -m spikeref.device",
    "vectors generate": "vectors generate -o {out} --suite model --model {model} --tokens 1",
}


@pytest.fixture
def filled(
    checkpoint: Path, model: Path, token_file: Path, traces: dict[str, Path], tmp_path: Path
) -> dict[str, Path]:
    (tmp_path / "suite").mkdir()
    write_suite(tmp_path / "suite", "core", islice(core_cases(), 4))
    items = tmp_path / "items.jsonl"
    items.write_text(json.dumps({"query": [1], "choices": [[2], [3]], "gold": 0}) + "\n")
    return {
        "checkpoint": checkpoint,
        "model": model,
        "tokens": token_file,
        "items": items,
        "trace": traces["dense"],
        "suite": tmp_path / "suite",
        "python": Path(sys.executable),
        "out": tmp_path / "out",
    }


def on_a_terminal(arguments: list[str]) -> str:
    """Run the program with a terminal for its stderr; return what it showed there."""
    ours, theirs = pty.openpty()
    # 24 rows of 100 columns; a new one has none.
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "spikeref", *arguments],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=os.environ | {"TQDM_MININTERVAL": "0"},
        )
        os.close(theirs)
        shown = b""
        while True:
            try:
                block = os.read(ours, 4096)
            except OSError:
                # Linux's way to say that the other side has closed.
                break
            if not block:
                break
            shown += block
        process.communicate(timeout=60)
        assert process.returncode == 0, shown
        return shown.decode("utf-8")
    finally:
        os.close(ours)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_bar_on_a_terminal(filled: dict[str, Path], name: str) -> None:
    shown = on_a_terminal(COMMANDS[name].format(**filled).split())
    assert REMAINING.search(shown), shown
    # The last bar is wiped.
    assert shown.endswith("\r")
    assert not shown.split("\r")[-2].strip()


@pytest.mark.parametrize("name", list(COMMANDS))
def test_nothing_when_piped(filled: dict[str, Path], name: str) -> None:
    called = run_apart(*COMMANDS[name].format(**filled).split())
    assert (called.status, called.err) == (0, "")
