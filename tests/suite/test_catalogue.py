"""The catalogue covers what conformance asks for, and says so honestly (CONF-1, CONF-2, CONF-8)."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from spikeref.errors import SpikerefError
from spikeref.operations.operation import Operation
from spikeref.operations.table import OPERATIONS
from spikeref.suite.build import accepted, hand_worked, refused
from spikeref.suite.catalogue import core_cases
from spikeref.suite.draw import Draw, tensor
from spikeref.vectors.case import REJECT_KINDS, Case

CASES = list(core_cases())
BY_ID = {case.id: case for case in CASES}
ROUNDING = [name for name, operation in OPERATIONS.items() if "ties" in operation.parameters]
COUNT_BITS = [
    name
    for name, operation in OPERATIONS.items()
    if "bits" in operation.parameters
    and name not in ("saturate", "block_shift", "normalise", "rescale")
]


def of(name: str) -> Iterator[Case]:
    return (case for case in CASES if case.operation == name and case.outputs is not None)


def test_ids_are_distinct_and_operations_in_causal_order() -> None:
    assert len(BY_ID) == len(CASES)
    order = list(OPERATIONS)
    places = [order.index(case.operation) for case in CASES]
    assert all(before <= after for before, after in pairwise(places))


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)
def test_every_operation_has_cases_of_its_class(operation: Operation) -> None:
    assert list(of(operation.name))
    assert all(case.case_class == operation.case_class for case in of(operation.name))


@pytest.mark.parametrize("name", ROUNDING)
def test_both_tie_rules(name: str) -> None:
    assert {case.parameters["ties"] for case in of(name)} == {"half-even", "half-up"}


@pytest.mark.parametrize("name", ["round_shift", "round_div", "normalise", "rescale", "encode"])
def test_the_tie_rules_give_different_outputs(name: str) -> None:
    """Twins that differ in `ties` alone must not agree: else no tie is among the inputs."""
    found = 0
    for case in of(name):
        twin = BY_ID.get(case.id.replace("half-even", "half-up"))
        if twin is None or twin is case or list(twin.inputs) != list(case.inputs):
            continue
        if any(not np.array_equal(twin.inputs[k], case.inputs[k]) for k in case.inputs):
            continue
        assert case.outputs is not None
        assert twin.outputs is not None
        found += any(not np.array_equal(case.outputs[k], twin.outputs[k]) for k in case.outputs)
    assert found >= 1


@pytest.mark.parametrize("name", COUNT_BITS)
def test_every_number_of_count_bits(name: str) -> None:
    assert {case.parameters["bits"] for case in of(name)} >= set(range(2, 9))


@pytest.mark.parametrize(
    "name", [name for name in COUNT_BITS if "encoding" in OPERATIONS[name].parameters]
)
def test_both_encodings_with_every_number_of_bits(name: str) -> None:
    pairs = {(case.parameters["bits"], case.parameters["encoding"]) for case in of(name)}
    wanted = {(bits, encoding) for bits in range(2, 9) for encoding in ("ternary", "binary")}
    assert pairs >= wanted or (name == "tiled_add" and {b for b, _ in pairs} == set(range(2, 9)))


@pytest.mark.parametrize(
    "name", [name for name, op in OPERATIONS.items() if "ratio_n" in op.parameters]
)
def test_clip_ratios_of_one_and_below(name: str) -> None:
    ratios = {(case.parameters["ratio_n"], case.parameters["ratio_d"]) for case in of(name)}
    assert (1, 1) in ratios or name == "generate"
    assert len(ratios) >= 2 or name == "generate"


def test_every_kind_of_refusal_stands_beside_a_case_of_the_same_operation() -> None:
    refusals = [case for case in CASES if case.reject is not None]
    assert {case.reject for case in refusals} == set(REJECT_KINDS)
    for case in refusals:
        assert case.beside is not None, case.id
        neighbour = BY_ID[case.beside]
        assert neighbour.operation == case.operation
        assert neighbour.outputs is not None
        assert "CONF-10" in case.requirements


def test_comments_say_what_is_caught_or_derive_the_values() -> None:
    for case in CASES:
        told = "catches" in case.comment or case.provenance == "hand-worked"
        told = told or "neighbour" in case.comment
        assert told, case.id
        assert len(case.comment) > 30, case.id


def test_a_dozen_cases_and_more_are_derived_on_paper() -> None:
    assert sum(case.provenance == "hand-worked" for case in CASES) >= 24
    by_hand = {case.operation for case in CASES if case.provenance == "hand-worked"}
    assert by_hand >= {"encode", "hadamard", "rescale", "rms_norm", "scores", "mix", "pack_events"}


def test_a_hand_worked_value_contradicts_the_code() -> None:
    inputs = {"x": tensor([5], "i64"), "s": tensor([1], "i32")}
    arguments = ("some-case", "round_shift", "5/2", {"ties": "half-even"}, inputs)
    assert hand_worked(*arguments, {"y": [2]}).provenance == "hand-worked"
    with pytest.raises(SpikerefError, match="y is \\[2\\], on paper \\[3\\]"):
        hand_worked(*arguments, {"y": [3]})
    with pytest.raises(SpikerefError, match="expectations"):
        hand_worked(*arguments, {})


def test_a_refusal_that_is_none_or_another_is_no_case() -> None:
    good = {"a": tensor([5], "i64"), "b": tensor([1], "i64")}
    bad = {**good, "b": tensor([0], "i64")}
    arguments = ("some-case", "round_div")
    ties = {"ties": "half-even"}
    assert refused(*arguments, "range", "0", ties, bad, beside="other").outputs is None
    with pytest.raises(SpikerefError, match="not refused"):
        refused(*arguments, "range", "0", ties, good, beside="other")
    with pytest.raises(SpikerefError, match="refused as range"):
        refused(*arguments, "parameter", "0", ties, bad, beside="other")


def test_random_input_is_that_of_the_specification() -> None:
    """ARITH-10: seeded by case id and tensor name, so that anyone can draw it again."""
    drawn = Draw("label").uniform("name", -5, 5, (4,), "i64").tolist()
    words = accepted(
        "words", "random_words", "catches", {"label": "label/name", "count": 4}, {}
    ).outputs
    assert words is not None
    assert drawn == [-5 + int(word) % 11 for word in words["words"]]
    spread = Draw("label").spread("name", 20, (500,), "i64")
    assert {int(v).bit_length() for v in np.abs(spread)} >= set(range(18))
    assert (spread < 0).any()
    assert (spread > 0).any()


def test_events_arrive_in_every_way_and_delivery_fails_in_every_way() -> None:
    ids = {case.id for case in CASES if case.operation == "integrate"}
    ways = ("sorted", "reversed", "shuffled", "end-first", "end-in-the-middle", "silent")
    faults = (
        "dropped", "doubled", "wrong-epoch", "end-missing", "end-twice", "end-counts-one-less",
        "source-out-of-range", "step-out-of-range",
    )  # fmt: skip
    assert ids >= {f"integrate-{name}" for name in (*ways, *faults)}
    for name in faults:
        assert BY_ID[f"integrate-{name}"].reject == "delivery"
    orders = {tuple(BY_ID[f"integrate-{way}"].inputs["packets"].tolist()) for way in ways[:5]}
    assert len(orders) == 5
    sums = {tuple((BY_ID[f"integrate-{w}"].outputs or {})["y"].tolist()) for w in ways[:5]}
    assert len(sums) == 1


@pytest.mark.parametrize("width", [12, 20, 28, 52, 100, 156, 172])
def test_impulses_reach_every_lane(width: int) -> None:
    case = BY_ID[f"hadamard-{width}-impulses-forward"]
    u = case.inputs["u"]
    assert np.count_nonzero(u, axis=0).tolist() == [1] * width
    assert case.outputs is not None
    # Each sum of ±2^k tells every sign of a row of H apart.
    for row, sums in zip(u.tolist(), case.outputs["v"].tolist(), strict=True):
        total = sum(row)
        assert all((total + value) % 2 == 0 and abs(value) <= total for value in sums)


def test_chunks_change_nothing() -> None:
    """THM-8, ATT-12: the same tokens in other passes."""
    cases = [case for case in CASES if case.id.startswith("cached-attention-same-tokens")]
    assert len({case.parameters["chunks"] for case in cases}) == 4
    first = cases[0].outputs
    assert first is not None
    for case in cases[1:]:
        assert case.outputs is not None
        assert all(np.array_equal(case.outputs[name], first[name]) for name in first)
