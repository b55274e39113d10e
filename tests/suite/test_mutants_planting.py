"""Fresh copies of the plain device, time limits, and set cover."""

import sys
from dataclasses import replace

import pytest

from spikeref import device
from spikeref.check.kill_matrix import KilledMutant, KillMatrix
from spikeref.device import Tensor
from spikeref.errors import VectorError
from spikeref.suite.catalogue import core_cases
from spikeref.suite.cover import greedy_cover, smoke_cases
from spikeref.suite.execute import PlainCase, outcome_of, plain_cases
from spikeref.suite.kill import kill_matrix
from spikeref.suite.mutants import MUTANTS
from spikeref.suite.mutants.mutant import planted
from spikeref.suite.plant import Device, load_changed, original
from spikeref.suite.reach import Place, reached

TIE = {"x": Tensor("i64", (2,), (5, -5)), "s": Tensor("i32", (2,), (1, 1))}
BY = {mutant.id: mutant for mutant in MUTANTS}


def round_shift(loaded: Device) -> tuple[int, ...]:
    found: tuple[int, ...] = loaded.run("round_shift", {"ties": "half-even"}, TIE)["y"].flat
    return found


def test_a_copy_has_the_fault_and_the_original_has_not() -> None:
    mutant = BY["round-shift-away"]
    assert round_shift(load_changed(mutant.file, planted(mutant))) == (3, -3)
    assert round_shift(original()) == (2, -2)
    assert not [name for name in sys.modules if name.startswith("planted_device")]
    assert sys.modules["spikeref.device"].run is device.run


def test_a_fault_reaches_every_module_that_depends_on_it() -> None:
    mutant = BY["round-shift-away"]
    loaded = load_changed(mutant.file, planted(mutant))
    u = Tensor("i64", (1, 2), (-(3 << 15), 1 << 16))
    parameters = {
        "bits": 4, "encoding": "ternary", "ratio_n": 1, "ratio_d": 1, "ties": "half-even",
        "rotate": 0,
    }  # fmt: skip
    inputs = {"u": u, "exponent": Tensor("i32", (1,), (0,))}
    shifted = loaded.run("spiking_input", parameters, inputs)["potential"].flat
    assert shifted == device.run("spiking_input", parameters, inputs)["potential"].flat
    inputs["u"] = Tensor("i64", (1, 2), (-5, 1 << 15))
    assert loaded.run("spiking_input", parameters, inputs)["potential"].flat[0] == -3
    assert device.run("spiking_input", parameters, inputs)["potential"].flat[0] == -2


def first_case() -> PlainCase:
    return plain_cases([next(iter(core_cases()))])[0]


def test_a_case_that_does_not_end_gets_no_answer() -> None:
    def run(*arguments: object) -> dict[str, Tensor]:
        while True:
            pass

    assert outcome_of(Device(run, device.Refusal, Tensor), first_case(), seconds=1) == "crash"


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"y": Tensor("i64", (1,), (0,))},
        {"y": Tensor("i8", (2,), (200, 0))},
        {"z": Tensor("i64", (2,), (2, -2))},
    ],
)
def test_outputs_that_are_not_those_of_the_case_are_no_answer(outputs: dict[str, Tensor]) -> None:
    assert outcome_of(Device(lambda *_: outputs, device.Refusal, Tensor), first_case()) == "crash"


def test_a_case_tells_which_functions_it_runs() -> None:
    case = first_case()
    places, outcome = reached(case)
    assert outcome == case.outcome
    assert Place("arithmetic.py", "round_shift") in places
    assert Place("hadamard.py", "matrix") not in places


def test_a_conforming_device_that_fails_is_no_ground_for_a_matrix() -> None:
    case = next(iter(core_cases()))
    assert case.outputs is not None
    wrong = {name: tensor + 1 for name, tensor in case.outputs.items()}
    with pytest.raises(VectorError, match=f"case {case.id}: the plain device itself"):
        kill_matrix([replace(case, outputs=wrong)], MUTANTS[:1], "1.0.0", "0" * 64)


def matrix(kills: dict[str, list[str]]) -> KillMatrix:
    return KillMatrix(
        suite_version="1.0.0",
        root_digest="0" * 64,
        mutants=tuple(
            KilledMutant(
                id=name, operator="encode", clauses=(), file="", before="", after="", why="",
                outcomes=dict.fromkeys(cases, "crash"),
            )
            for name, cases in kills.items()
        ),
    )  # fmt: skip


def test_the_cover_is_greedy_and_takes_the_first_of_equals() -> None:
    assert greedy_cover([{"a"}, {"a", "b"}, {"b", "c"}, set()], ["w", "x", "y", "z"]) == ["x", "y"]
    assert greedy_cover([set()], ["w"]) == []


def test_smoke_kills_all_and_shows_every_class() -> None:
    found = matrix({"a": ["one", "two"], "b": ["two"], "survivor": []})
    classes = {"one": "encoder", "two": "encoder", "three": "full", "four": "full"}
    assert smoke_cases(found, classes) == ["two", "three"]
