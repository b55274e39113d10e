"""The plain device's own rules, on small domains and on what the text prints."""

import math
from fractions import Fraction

import pytest

from spikeref import device
from spikeref.device import Refusal, Tensor
from spikeref.device.arithmetic import below, gate, isqrt, round_div, round_shift
from spikeref.device.generator import random_words
from spikeref.device.operations.table import OPERATIONS, WHOLE_MODELS
from spikeref.device.tensor import from_bytes
from spikeref.operations.table import OPERATIONS as REFERENCE


def test_the_table_has_every_operation_in_causal_order() -> None:
    assert {*OPERATIONS, *WHOLE_MODELS} == set(REFERENCE)
    with pytest.raises(KeyError):
        device.run("round", {}, {})


@pytest.mark.parametrize("shift", range(-2, 6))
def test_round_shift_is_the_nearest(shift: int) -> None:
    for x in range(-130, 131):
        exact = Fraction(x) / Fraction(2) ** shift
        assert round_shift(x, shift, "half-even") == round(exact)
        assert round_shift(x, shift, "half-up") == math.floor(exact + Fraction(1, 2))


@pytest.mark.parametrize("b", range(1, 9))
def test_round_div_is_the_nearest(b: int) -> None:
    for a in range(-40, 41):
        assert round_div(a, b, "half-even") == round(Fraction(a, b))
        assert round_div(a, b, "half-up") == math.floor(Fraction(a, b) + Fraction(1, 2))


def test_a_shift_beyond_any_memory_gives_zero() -> None:
    assert [round_shift(x, 1 << 40, "half-up") for x in (-5, 0, 5)] == [0, 0, 0]


def test_isqrt_is_the_floor_of_the_root() -> None:
    numbers = [*range(1000), *(n * n + d for n in (1 << 20, (1 << 31) - 1) for d in (-1, 0, 1))]
    assert [isqrt(x) for x in numbers] == [math.isqrt(x) for x in numbers]


def test_random_words_of_seed_zero() -> None:
    printed = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert random_words(0, 3) == printed


@pytest.mark.parametrize("value", [-129, 128])
def test_the_width_gate_stops_what_does_not_fit(value: int) -> None:
    assert gate(value, 9) == value
    with pytest.raises(OverflowError):
        gate(value, 8)
    with pytest.raises(OverflowError):
        below(value, 127)


def test_a_tensor_of_another_size_is_no_tensor() -> None:
    assert from_bytes("i16", (2,), b"\x01\x00\xff\xff") == Tensor("i16", (2,), (1, -1))
    with pytest.raises(Exception, match="buffer"):
        from_bytes("i16", (3,), b"\x01\x00\xff\xff")


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ({"bits": 4, "encoding": "ternary"}, None),
        ({"bits": "4", "encoding": "binary"}, None),
        ({"bits": 9, "encoding": "ternary"}, "parameter"),
        ({"bits": 4, "encoding": "unary"}, "parameter"),
        ({"encoding": "ternary"}, "parameter"),
        ({"bits": "four", "encoding": "ternary"}, "parameter"),
    ],
)
def test_parameters_are_typed_where_they_are_used(
    parameters: dict[str, int | str], kind: str | None
) -> None:
    inputs = {"counts": Tensor("i16", (3,), (0, 7, 1))}
    try:
        device.run("unfold", parameters, inputs)
        found = None
    except Refusal as refusal:
        found = refusal.kind
    assert found == kind
