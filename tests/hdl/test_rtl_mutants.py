"""Planted faults of the RTL: each must fail, at the operator that it is in."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.hdl.tools import CONSUMER, make, ran, require_module, require_simulator


def _table() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rtl_mutants", CONSUMER / "mutants.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TABLE = _table()
REPLAYED = [mutant for mutant in TABLE.MUTANTS if not mutant.bench]
BENCHED = [mutant for mutant in TABLE.MUTANTS if mutant.bench]
ON_VERILATOR = ["accumulator-polarity", "rescale-ties-up"]


def variables(build: str) -> dict[str, str]:
    return dict(one.split("=", 1) for one in build.split())


def failing_operation(output: str) -> str | None:
    found = re.search(r"FAIL operation=(\w+)", output)
    return None if found is None else found[1]


def test_there_are_enough() -> None:
    assert len(TABLE.MUTANTS) >= 12
    assert len({mutant.name for mutant in TABLE.MUTANTS}) == len(TABLE.MUTANTS)
    files = {path.name for path in (CONSUMER / "rtl").glob("*.sv")}
    assert {mutant.file for mutant in TABLE.MUTANTS} == files


@pytest.mark.parametrize("mutant", TABLE.MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_one_place(mutant: object, tmp_path: Path) -> None:
    TABLE.plant(mutant, tmp_path)
    changed = [
        path.name
        for path in (CONSUMER / "rtl").glob("*.sv")
        if path.read_text() != (tmp_path / path.name).read_text()
    ]
    assert changed == [mutant.file]  # type: ignore[attr-defined]


@pytest.mark.parametrize("mutant", REPLAYED, ids=lambda mutant: mutant.name)
def test_replay_kills_it_at_its_operator(builds: Path, mutant: object) -> None:
    require_simulator("icarus")
    name, build = mutant.name, variables(mutant.build)  # type: ignore[attr-defined]
    made = make(builds, MUTANT=name, **build)
    assert made.status != 0, f"{name} survived: {made.line('PASS')}"
    assert failing_operation(made.output) == mutant.operation, made.output  # type: ignore[attr-defined]
    ran["mutants killed on icarus, at their operator"] += 1


@pytest.mark.parametrize("name", ON_VERILATOR)
def test_verilator_kills_it_too(builds: Path, name: str) -> None:
    require_simulator("verilator")
    made = make(builds, SIM="verilator", MUTANT=name)
    assert made.status != 0, f"{name} survived: {made.line('PASS')}"
    assert failing_operation(made.output) == TABLE.find(name).operation
    ran["mutants killed on verilator, at their operator"] += 1


@pytest.mark.parametrize("mutant", BENCHED, ids=lambda mutant: mutant.name)
def test_cocotb_kills_it_at_its_bench(builds: Path, mutant: object) -> None:
    require_simulator("icarus")
    require_module("cocotb")
    name, bench = mutant.name, mutant.bench  # type: ignore[attr-defined]
    made = make(builds, "cocotb", MUTANT=name)
    assert made.status != 0, f"{name} survived"
    failed = re.findall(r"^FAIL bench=benches\.test_(\w+)\.(\w+)", made.output, re.MULTILINE)
    assert failed[0][0] == bench, made.output
    if mutant.operation == "reset":  # type: ignore[attr-defined]
        assert "reset" in failed[0][1]
    ran["mutants killed by cocotb on icarus"] += 1


@pytest.mark.parametrize("name", ["accumulator-lost-event", "layer-no-exponent"])
def test_cocotb_kills_faults_at_their_module(builds: Path, name: str) -> None:
    require_simulator("icarus")
    require_module("cocotb")
    made = make(builds, "cocotb", MUTANT=name)
    assert made.status != 0
    failed = re.findall(r"^FAIL bench=benches\.test_(\w+)\.", made.output, re.MULTILINE)
    assert failed[0] == name.split("-")[0]
    ran["mutants killed by cocotb on icarus"] += 1


def test_an_unknown_mutant_is_an_error(builds: Path) -> None:
    require_simulator("icarus")
    made = make(builds, MUTANT="no-such-fault")
    assert made.status != 0
    assert "no-such-fault is unknown" in made.output
