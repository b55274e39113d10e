"""The plain SystemVerilog bench replays the frozen vectors on both simulators."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.hdl import tools
from tests.hdl.tools import CONSUMER, make, ran, require_simulator

BUILDS = (
    {"BITS": 4},
    {"BITS": 4, "RATIO": "1/2"},
    {"BITS": 4, "TIES": "half-up"},
    {"BITS": 2},
    {"BITS": 5},
    {"BITS": 5, "RATIO": "1/2", "TIES": "half-up"},
    {"BITS": 4, "ENCODING": "binary"},
)

OPERATIONS = (
    "encode", "unfold", "sparse_add", "tiled_add", "pack_events", "integrate", "rescale", "linear",
)  # fmt: skip


ENCODER = ("bits", "encoding", "ratio_n", "ratio_d", "ties")


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


def ternary_encoders() -> Counter[tuple[str, str, str]]:
    """Return how many encode cases the suite has for each (bits, ties, ratio), refusals apart."""
    found: Counter[tuple[str, str, str]] = Counter()
    for path in tools.CORE.glob("cases/*/case.txt"):
        case = dict(line.split("=", 1) for line in path.read_text().splitlines())
        if case["operation"] == "encode" and case["verdict"] == "exact":
            given = {name: case[f"parameter.{name}"] for name in ENCODER}
            if given["encoding"] == "ternary":
                ratio = f"{given['ratio_n']}/{given['ratio_d']}"
                found[given["bits"], given["ties"], ratio] += 1
    return found


def test_every_ternary_encoder_of_the_suite(builds: Path) -> None:
    """Each is elaborated for itself: bits, tie rule and clip ratio are parameters of the RTL."""
    require_simulator("icarus")
    expected = ternary_encoders()
    assert len(expected) > 20

    def replay(one: tuple[str, str, str]) -> int:
        bits, ties, ratio = one
        # Wide enough for the rows that stand at every threshold of 8 bits.
        chosen = {"BITS": bits, "TIES": ties, "RATIO": ratio, "NEURONS": 1024}
        made = make(builds, OPERATION="encode", **chosen)
        assert made.status == 0, f"{one}: {made.output}"
        return passed(made.output)

    with ThreadPoolExecutor(max_workers=2) as pool:
        replayed = dict(zip(expected, pool.map(replay, expected), strict=True))
    assert replayed == dict(expected)
    ran["cases replayed on icarus"] += expected.total()
    ran["encoders elaborated on icarus"] += len(expected)


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
    lists = list(builds.glob("cases-4-ternary-1-1-half-even-64x16/cases.list"))
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
    folder = builds / "cases-2-ternary-1-1-half-even-64x16"
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
