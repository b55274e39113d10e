"""--help: an example that the program itself would accept."""

import re
import shlex

import pytest

from spikeref.cli.program import COMMANDS, _parser
from tests.cli.command_line import Program

NESTED = [
    "trace show", "trace diff", "trace export",
    "vectors generate", "vectors verify", "vectors list",
]  # fmt: skip


@pytest.mark.parametrize("command", [command.name for command in COMMANDS] + NESTED)
def test_help_shows_an_example_that_parses(spikeref: Program, command: str) -> None:
    called = spikeref(*command.split(), "--help")
    assert called.status == 0
    assert called.err == ""
    found = re.search(r"^example:\n  spikeref (.*)\n", called.out, re.MULTILINE)
    assert found is not None
    parsed = _parser().parse_args(shlex.split(found[1]))
    assert parsed.command.name == command.split()[0]
    if command in NESTED:
        assert f"{parsed.command.name} {parsed.action}" == command


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_help_lists_json_where_the_command_ends(spikeref: Program, command: str) -> None:
    leaves = [leaf for leaf in NESTED if leaf.split()[0] == command] or [command]
    for leaf in leaves:
        assert "--json" in spikeref(*leaf.split(), "--help").out


@pytest.mark.parametrize(
    ("command", "defaults"),
    [
        ("compile", ["--profile PROFILE one of .* \\(default sdllm-w4a4kv4\\)"]),
        ("ablate", ["--profile PROFILE one of .* \\(default las\\)"]),
        ("functions", ["one of .* \\(default las\\)", "10 to 16 \\(default: the profile's\\)"]),
        (
            "run",
            [
                "--max-new-tokens N .*\\(default 0\\)",
                "--engine .*\\(default dense\\)",
                "sorted \\(default\\), reversed",
                "--trace-level .*\\(default counts\\)",
            ],
        ),
        ("trace show", ["where an option chooses one, a raster"]),
        ("trace export", ["--format .*the extra hdl"]),
    ],
)
def test_help_tells_defaults_and_needs(
    spikeref: Program, command: str, defaults: list[str]
) -> None:
    said = " ".join(spikeref(*command.split(), "--help").out.split())
    for words in defaults:
        assert re.search(words, said), words


def test_main_help_names_every_command(spikeref: Program) -> None:
    called = spikeref("--help")
    assert called.status == 0
    for command in COMMANDS:
        assert re.search(rf"^    {command.name}\b", called.out, re.MULTILINE)
    assert "example: spikeref demo" in called.out


def test_version_is_the_package_version(spikeref: Program) -> None:
    from spikeref import __version__

    assert spikeref("--version").out == f"spikeref {__version__}\n"
