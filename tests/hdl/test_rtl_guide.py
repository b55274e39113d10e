"""Every command of the RTL guide runs as shown, in the order shown."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hdl import tools
from tests.hdl.tools import CONSUMER, REPOSITORY, ran, require_module, require_simulator

GUIDE = REPOSITORY / "docs" / "rtl-guide.md"
BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)


def blocks() -> list[tuple[str, list[str]]]:
    """Return the info string and the commands of every fenced block."""
    found = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    return [(info, body.splitlines()) for info, body in found]


def test_every_block_is_of_a_known_kind() -> None:
    kinds = [info for info, _ in blocks()]
    assert set(kinds) == {"sh install", "sh", "sh fails"}
    assert GUIDE.read_text().count("```") == 2 * len(kinds)


def test_continuous_integration_installs_what_the_guide_does() -> None:
    commands = [line for info, lines in blocks() if info == "sh install" for line in lines]
    assert len(commands) == 2
    pipeline = (REPOSITORY / ".ci" / "run").read_text()
    for package in commands[0].split()[3:]:
        assert f":{package}" in pipeline, package
    assert commands[1].startswith("pip install -e ")
    assert commands[1].split()[-1] in pipeline


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The root of a repository in which builds leave nothing behind."""
    consumer = tmp_path / CONSUMER.relative_to(REPOSITORY)
    shutil.copytree(CONSUMER, consumer, ignore=shutil.ignore_patterns("build", "__pycache__"))
    (tmp_path / "conformance" / "core").symlink_to(tools.CORE)
    return tmp_path


def test_commands_run(place: Path) -> None:
    for simulator in ("icarus", "verilator"):
        require_simulator(simulator)
    for module in ("cocotb", "vcd"):
        require_module(module)
    programs = place / "programs"
    programs.mkdir()
    for name, command in {"python3": "", "spikeref": " -m spikeref"}.items():
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable}{command} "$@"\n')
        script.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
    }
    for info, commands in blocks():
        if info == "sh install":
            continue
        for command in commands:
            done = subprocess.run(
                command,
                shell=True,
                cwd=place,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                check=False,
                timeout=300,
            )
            assert (done.returncode != 0) == (info == "sh fails"), f"{command}\n{done.stdout}"
            if info == "sh fails":
                assert "FAIL operation=unfold" in done.stdout
            ran["commands of the RTL guide"] += 1
    assert (place / "spikes.vcd").stat().st_size > 0
