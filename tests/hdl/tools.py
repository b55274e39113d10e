"""Tools that hardware tests need, and running make in the SystemVerilog consumer's folder."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
CONSUMER = REPOSITORY / "conformance" / "consumers" / "systemverilog"
CORE = REPOSITORY / "conformance" / "core"

SIMULATORS = {"icarus": ("iverilog", "vvp", "make"), "verilator": ("verilator", "g++", "make")}

spent: Counter[str] = Counter()
"""Milliseconds in each simulator's builds and runs."""

ran: Counter[str] = Counter()
"""Hardware tests, cases, benches and mutants that ran, by what they are."""


def require(present: bool, reason: str) -> None:
    """Skip a test that lacks a tool; fail it in continuous integration, which installs all."""
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (not skipped: CI is set)")
    pytest.skip(reason)


def require_simulator(name: str) -> None:
    """Require the programs of a simulator."""
    missing = [program for program in SIMULATORS[name] if shutil.which(program) is None]
    require(not missing, f"{name}: {', '.join(missing)} not installed")


def require_module(name: str) -> None:
    """Require a Python package of the extra `hdl`."""
    present = importlib.util.find_spec(name) is not None
    require(present, f"{name} is not installed; pip install 'spikeref[hdl]'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a make did."""

    status: int
    output: str

    def line(self, start: str) -> str:
        """Return the first line that holds `start`, from there on; empty if there is none."""
        for line in self.output.splitlines():
            if start in line:
                return line[line.index(start) :]
        return ""


def make(folder: Path, target: str = "replay", **variables: str | int | Path) -> Made:
    """Run make in the consumer's folder, with builds in `folder`."""
    given = {"OUT": folder, "SUITE": CORE, "PYTHON": sys.executable, **variables}
    start = time.monotonic()
    done = subprocess.run(
        [
            "make",
            "-C",
            str(CONSUMER),
            target,
            *(f"{name}={value}" for name, value in given.items()),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    spent[str(variables.get("SIM", "icarus"))] += round(1000 * (time.monotonic() - start))
    return Made(status=done.returncode, output=done.stdout)
