"""Runs `spikeref`, in this process or in its own, and holds it to the rules of every command."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from spikeref.cli import main

REPOSITORY = Path(__file__).parents[2]

FAULTY_NEURON = 5
"""Of the trace `faulty`: its count at token 1, layer 1, o_input is wrong."""


@dataclass(frozen=True, slots=True)
class Called:
    """What one call did."""

    status: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Return the one object on stdout, which must be alone there, and on one line."""
        lines = self.out.splitlines()
        assert len(lines) == 1
        value = json.loads(lines[0], parse_constant=_refuse_constant)
        assert isinstance(value, dict)
        return value

    def refusal(self) -> str:
        """Return the one line on stderr of a call that must have been refused."""
        assert (self.status, self.out) == (2, "")
        lines = self.err.splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("spikeref")
        assert "Traceback" not in lines[0]
        return lines[0]


class Program:
    """Calls the program inside this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Called:
        self._capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else int(left.code is not None)
        captured = self._capsys.readouterr()
        return Called(status, captured.out, captured.err)


def start(arguments: Sequence[str | Path], **options: Any) -> "subprocess.Popen[str]":
    """Start the program in a process of its own; its text is read as UTF-8."""
    return subprocess.Popen(
        [sys.executable, "-m", "spikeref", *map(str, arguments)],
        cwd=REPOSITORY,
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        env=os.environ | options.pop("environment", {}),
        encoding="utf-8",
        **options,
    )


def run_apart(*arguments: str | Path, **options: Any) -> Called:
    """Run the program in a process of its own."""
    with start(arguments, **options) as process:
        out, err = process.communicate(timeout=300)
    return Called(process.returncode, out or "", err)


def names_below(folder: Path) -> set[str]:
    """Return every path below a folder, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")
