"""Gates of an HG neuron, what fires behind them, and fewer steps (NEUR-8, HG-9)."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.errors import UsageError
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.few_spikes import FewSpikes, few_spikes
from spikeref.neurons.hierarchical import (
    TABLE_REACH,
    HgNeuron,
    Identity,
    Piece,
    fire,
    fire_piece_by_piece,
)

CODES = (1 << 16) - 1
RAMP = np.arange(1, CODES + 1, dtype=np.int32) * 8
POWERS = tuple(1 << (15 - t) for t in range(16))
GREEDY = FewSpikes(resets=POWERS, thresholds=tuple(p - 1 for p in POWERS), weights=POWERS)
WILD = FewSpikes(
    resets=POWERS, thresholds=tuple(p - 1 for p in POWERS), weights=tuple(3 * p for p in POWERS)
)

MIXED = HgNeuron(
    pieces=(
        Piece(low=-(1 << 21), high=-(1 << 17) - 1, sign=-1, exponent=-3, neuron=WILD),
        Piece(
            low=-(1 << 17),
            high=-5,
            sign=-1,
            exponent=-17,
            neuron=Expansion(thresholds=-RAMP, falling=True),
        ),
        Piece(low=0, high=(1 << 16) - 1, sign=1, exponent=-16, neuron=Identity(0)),
        Piece(low=1 << 17, high=(1 << 18) - 1, sign=1, exponent=-14, neuron=Identity(2)),
        Piece(low=1 << 18, high=(1 << 18) + 70000, sign=1, exponent=-20, neuron=GREEDY),
        Piece(
            low=1 << 20,
            high=(1 << 31) - 1,
            sign=1,
            exponent=0,
            neuron=Expansion(thresholds=RAMP * 16, falling=False),
        ),
    )
)
"""Every kind of sub-neuron, gaps between the gates, and gates beyond the ready codes."""


def one_at_a_time(x: int, neuron: HgNeuron, steps: int) -> tuple[int, int]:
    """Equations 8 and 9 for one membrane in Python integers: code and exponent."""
    open_gates = [p for p in neuron.pieces if p.low <= x <= p.high]
    assert len(open_gates) <= 1
    if not open_gates:
        return 0, 0
    (piece,) = open_gates
    sub = piece.neuron
    match sub:
        case Identity(shift):
            code = x >> shift
        case FewSpikes():
            y = int(few_spikes(np.array([x - piece.low]), sub)[0])
            code = min(max(y, 0), CODES)
        case Expansion(thresholds=thresholds, falling=falling):
            order = thresholds if not falling else -thresholds
            code = int(np.searchsorted(order, -x if falling else x, side="right"))
    return piece.sign * (code >> (16 - steps) << (16 - steps)), piece.exponent


def with_ready_codes(neuron: HgNeuron, steps: int) -> HgNeuron:
    assert neuron.ready.table(neuron, steps, TABLE_REACH) is not None
    return neuron


@cache
def ready_mixed(steps: int) -> HgNeuron:
    return with_ready_codes(HgNeuron(pieces=MIXED.pieces), steps)


EDGES = sorted(
    {e + d for p in MIXED.pieces for e in (p.low, p.high) for d in (-1, 0, 1)}
    | {sign * TABLE_REACH + d for sign in (-1, 1) for d in (-2, -1, 0, 1)}
)


@pytest.mark.parametrize("steps", range(10, 17))
def test_gates_at_their_edges(steps: int) -> None:
    x = np.array([e for e in EDGES if -(1 << 31) <= e < 1 << 31], dtype=np.int64)
    expected = [one_at_a_time(v, MIXED, steps) for v in x.tolist()]
    fired = fire(x, ready_mixed(steps), steps)
    for found in (fired, fire_piece_by_piece(x, MIXED, steps)):
        assert list(zip(found.code.tolist(), found.exponent.tolist(), strict=True)) == expected


@settings(max_examples=60)
@given(
    x=st.lists(
        st.integers(-(1 << 31), (1 << 31) - 1) | st.integers(-(1 << 19), 1 << 19),
        min_size=1,
        max_size=20,
    ),
    steps=st.integers(10, 16),
)
def test_ready_codes_are_the_definition(x: list[int], steps: int) -> None:
    membranes = np.array(x, dtype=np.int64)
    found = fire(membranes, ready_mixed(steps), steps)
    expected = [one_at_a_time(v, MIXED, steps) for v in x]
    assert list(zip(found.code.tolist(), found.exponent.tolist(), strict=True)) == expected
    assert int(np.abs(found.code).max()) <= CODES
    shaped = fire(membranes.reshape(1, -1), MIXED, steps)
    assert shaped.code.tolist() == [found.code.tolist()]


@settings(max_examples=20, deadline=None)
@given(x=st.lists(st.integers(-(1 << 21), 1 << 21), min_size=1, max_size=20))
def test_firing_before_and_after_codes_are_ready(x: list[int]) -> None:
    neuron = HgNeuron(pieces=MIXED.pieces)
    membranes = np.array(x, dtype=np.int64)
    expected = fire_piece_by_piece(membranes, neuron, 12)
    for found in (fire(membranes, neuron, 12), fire(membranes, ready_mixed(12), 12)):
        assert np.array_equal(found.code, expected.code)
        assert np.array_equal(found.exponent, expected.exponent)


def test_few_membranes_make_no_codes_ready() -> None:
    neuron = HgNeuron(pieces=MIXED.pieces)
    for _ in range(9):
        fire(np.array([5], dtype=np.int64), neuron, 16)
    assert neuron.ready.table(neuron, 16, 0) is None


def test_codes_are_ready_for_one_number_of_steps() -> None:
    neuron = with_ready_codes(HgNeuron(pieces=MIXED.pieces), 16)
    assert neuron.ready.table(neuron, 10, 0) is None
    again = with_ready_codes(neuron, 10).ready.table(neuron, 10, 0)
    assert again is neuron.ready.table(neuron, 10, 0)


def test_ready_codes_go_with_their_neuron() -> None:
    neuron = with_ready_codes(HgNeuron(pieces=MIXED.pieces), 16)
    table = neuron.ready.table(neuron, 16, 0)
    assert table is not None
    packed = weakref.ref(table.packed)
    del neuron, table
    gc.collect()
    assert packed() is None


def test_threads_make_codes_ready_once() -> None:
    neuron = HgNeuron(pieces=MIXED.pieces)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(neuron.ready.table, neuron, 16, TABLE_REACH) for _ in range(8)]
    assert len({id(one.result()) for one in asked}) == 1


def test_pieces_beyond_the_ready_codes_fire_all_the_same() -> None:
    far = HgNeuron(pieces=MIXED.pieces[-1:])
    x = np.array([(1 << 20) - 1, 1 << 20, 5, (1 << 31) - 1], dtype=np.int64)
    assert far.ready.table(far, 16, 1 << 30) is None
    expected = [one_at_a_time(v, far, 16) for v in x.tolist()]
    found = fire(np.tile(x, 1 << 18), far, 16)
    assert list(zip(found.code[:4].tolist(), found.exponent[:4].tolist(), strict=True)) == expected


def test_a_neuron_has_pieces() -> None:
    with pytest.raises(UsageError, match="NEUR-8"):
        HgNeuron(pieces=())


def test_an_fs_output_is_cut_to_16_bits() -> None:
    """WILD weighs three times what it takes off: 65535 is the most, and 0 the least."""
    x = np.array([-(1 << 17) - 1, -(1 << 21)], dtype=np.int64)
    assert fire_piece_by_piece(x, MIXED, 16).code.tolist() == [-CODES, 0]
    low = HgNeuron(
        pieces=(
            Piece(
                low=0,
                high=10,
                sign=1,
                exponent=0,
                neuron=FewSpikes(resets=(1,), thresholds=(2,), weights=(-7,)),
            ),
        )
    )
    assert fire(np.arange(0, 5), low, 16).code.tolist() == [0, 0, 0, 0, 0]


def test_no_gate_open_gives_zero() -> None:
    silent = fire(np.array([-4, -1, 1 << 16, 1 << 19]), MIXED, 16)
    assert silent.code.tolist() == [0, 0, 0, 0]
    assert silent.exponent.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("low", "high"), [(1 << 21, (1 << 22) - 1), (-(1 << 22), -(1 << 21)), (1 << 20, 1 << 20)]
)
def test_a_neuron_without_moderate_membranes_fires_too(low: int, high: int) -> None:
    """No piece is open below 2^20 in magnitude: there are no ready codes to look up."""
    piece = Piece(low=low, high=high, sign=1, exponent=-3, neuron=Identity(7))
    x = np.array([0, 5, -5, low - 1, low, high, high + 1], dtype=np.int64)
    found = fire(x, HgNeuron(pieces=(piece,)), 16)
    opened = [low <= v <= high for v in x.tolist()]
    assert found.code.tolist() == [
        v >> 7 if o else 0 for v, o in zip(x.tolist(), opened, strict=True)
    ]
    assert found.exponent.tolist() == [-3 if o else 0 for o in opened]
