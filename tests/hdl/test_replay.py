"""The plain SystemVerilog bench replays the frozen vectors on both simulators."""

import re
from pathlib import Path

import pytest

from tests.hdl.tools import CONSUMER, make, ran, require_simulator

BUILDS = (
    {"BITS": 4},
    {"BITS": 4, "RATIO": "1/2"},
    {"BITS": 4, "TIES": "half-up"},
    {"BITS": 2},
    {"BITS": 5},
    {"BITS": 5, "RATIO": "1/2", "TIES": "half-up"},
    {"BITS": 8, "OPERATION": "encode"},
    {"BITS": 4, "ENCODING": "binary"},
)

OPERATIONS = (
    "encode", "unfold", "sparse_add", "tiled_add", "pack_events", "integrate", "rescale", "linear",
)  # fmt: skip


def named(build: dict[str, str | int]) -> str:
    return "-".join(str(value).replace("/", "of") for value in build.values())


def passed(made_output: str) -> int:
    """Return the number of cases on the PASS line, 0 if there is none."""
    found = re.search(r"^PASS (\d+) cases, (\d+) values", made_output, re.MULTILINE)
    return int(found[1]) if found is not None and int(found[2]) > 0 else 0


@pytest.mark.parametrize("build", BUILDS, ids=named)
def test_replay_on_icarus(builds: Path, build: dict[str, str | int]) -> None:
    require_simulator("icarus")
    made = make(builds, **build)
    assert made.status == 0, made.output
    assert passed(made.output) > 0
    ran["cases replayed on icarus"] += passed(made.output)


@pytest.mark.parametrize("stalls", [0, 2, 3])
def test_stalls_change_nothing(builds: Path, stalls: int) -> None:
    require_simulator("icarus")
    made = make(builds, STALLS=stalls)
    assert made.status == 0, made.output
    assert f"stalls {stalls}" in made.line("PASS")
    ran["cases replayed on icarus"] += passed(made.output)


def test_every_operation_is_replayed(builds: Path) -> None:
    require_simulator("icarus")
    make(builds)
    lists = list(builds.glob("cases-4-ternary-1-1-half-even-*/cases.list"))
    assert len(lists) == 1
    listed = [line.split()[0] for line in lists[0].read_text().splitlines()]
    assert set(listed) == set(OPERATIONS)


@pytest.mark.parametrize("stalls", [0, 1])
def test_replay_on_verilator(builds: Path, stalls: int) -> None:
    require_simulator("verilator")
    made = make(builds, SIM="verilator", STALLS=stalls)
    assert made.status == 0, made.output
    assert passed(made.output) > 0
    ran["cases replayed on verilator"] += passed(made.output)


def test_both_simulators_compare_the_same_values(builds: Path) -> None:
    require_simulator("icarus")
    require_simulator("verilator")
    lines = {make(builds, SIM=name).line("PASS") for name in ("icarus", "verilator")}
    assert len(lines) == 1
    assert lines != {""}


def test_no_case_is_a_failure(builds: Path) -> None:
    require_simulator("icarus")
    made = make(builds, NEURONS=2, TARGETS=2, OPERATION="linear", BITS=8, RATIO="1023/1024")
    assert made.status != 0
    assert "no case of the suite fits" in made.output


def test_a_bench_that_runs_nothing_is_a_failure(builds: Path) -> None:
    """prepare.py refuses an empty list; so does the bench itself."""
    require_simulator("icarus")
    make(builds, BITS=2)
    folder = next(builds.glob("cases-2-*"))
    listed = (folder / "cases.list").read_text()
    try:
        (folder / "cases.list").write_text("")
        made = make(builds, BITS=2)
    finally:
        (folder / "cases.list").write_text(listed)
    assert made.status != 0
    assert "FAIL no case was run" in made.output


def test_the_rtl_is_clean_under_lint(builds: Path) -> None:
    require_simulator("verilator")
    made = make(builds, "lint")
    assert made.status == 0, made.output
    assert "lint: nothing found" in made.output


def test_nothing_generated_lies_in_the_repository() -> None:
    assert (CONSUMER / ".gitignore").read_text().splitlines()[0] == "/build/"
