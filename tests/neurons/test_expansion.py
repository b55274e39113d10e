"""The expansion neuron's look-up gives what its steps fire (NEUR-6, NEUR-7)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.neurons.expansion import (
    CODE_BITS,
    UNREACHED,
    Expansion,
    expansion_by_steps,
    expansion_codes,
)

CODES = (1 << CODE_BITS) - 1
EXTREMES = (-(1 << 31), -UNREACHED, UNREACHED - 1, UNREACHED)


def neuron_of(thresholds: NDArray[np.int64], falling: bool) -> Expansion:
    assert thresholds.shape == (CODES,)
    return Expansion(thresholds=thresholds.astype(np.int32), falling=falling)


def by_steps(grid: list[int], neuron: Expansion, steps: int) -> list[int]:
    """NEUR-6 with the thresholds of T steps (NEUR-7), at the scale of 16 steps."""
    unused = CODE_BITS - steps
    chosen = neuron.thresholds.tolist()[(1 << unused) - 1 :: 1 << unused]
    assert len(chosen) == (1 << steps) - 1
    trains = [expansion_by_steps(x, chosen, neuron.falling, steps) for x in grid]
    return [sum(z << (CODE_BITS - t) for t, z in enumerate(s, start=1)) for s in trains]


def by_search(x: int, neuron: Expansion) -> int:
    """The largest c with x >= X_c (falling: x <= X_c), 0 where there is none."""
    wanted = neuron.thresholds.astype(np.int64)
    reached = np.flatnonzero(x <= wanted if neuron.falling else x >= wanted)
    return int(reached[-1]) + 1 if reached.size else 0


def runs(draw: st.DrawFn, reach: int, unreached: int) -> NDArray[np.int64]:
    """Thresholds that stand still and jump, the last few out of reach."""
    starts = sorted(draw(st.lists(st.integers(-reach, reach), min_size=2, max_size=40)))
    places = np.linspace(0, len(starts) - 1, CODES)
    values = np.interp(places, np.arange(len(starts)), np.array(starts)).astype(np.int64)
    if unreached:
        values[-unreached:] = UNREACHED
    return np.asarray(values, dtype=np.int64)


@st.composite
def neurons(draw: st.DrawFn) -> Expansion:
    reach = draw(st.sampled_from([50, 1 << 12, 1 << 20, (1 << 31) - 1]))
    values = runs(draw, reach, draw(st.sampled_from([0, 1, 1000, CODES - 1])))
    falling = draw(st.booleans())
    return neuron_of(np.where(values == UNREACHED, -UNREACHED - 1, -values), True) if falling else (
        neuron_of(values, False)
    )  # fmt: skip


@settings(max_examples=25)
@given(neuron=neurons(), data=st.data())
def test_look_up_steps_and_search_agree(neuron: Expansion, data: st.DataObject) -> None:
    known = neuron.thresholds.astype(np.int64)
    picked = data.draw(st.lists(st.integers(0, CODES - 1), min_size=1, max_size=8))
    edges = [int(known[p]) + d for p in picked for d in (-1, 0, 1)]
    free = data.draw(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=5))
    grid = [x for x in (*edges, *free, *EXTREMES) if -(1 << 31) <= x < 1 << 31]
    membranes = np.array(grid, dtype=np.int64)
    for steps in (10, 13, 16):
        found = expansion_codes(membranes, neuron, steps).tolist()
        assert found == by_steps(grid, neuron, steps)
        assert found == [by_search(x, neuron) >> (16 - steps) << (16 - steps) for x in grid]


@pytest.mark.parametrize("falling", [False, True])
def test_every_membrane_of_a_small_range(falling: bool) -> None:
    """A staircase of 700 membranes: jumps of many codes, and of none."""
    rng = np.random.default_rng(7)
    values = np.sort(rng.integers(-300, 400, size=CODES))
    neuron = neuron_of(-values if falling else values, falling)
    grid = np.arange(-420, 420)
    for steps in range(10, 17):
        found = expansion_codes(grid, neuron, steps).tolist()
        assert found == by_steps(grid.tolist(), neuron, steps)


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("place", range(17))
def test_a_jump_anywhere_in_a_wide_cell(falling: bool, place: int) -> None:
    """Cells of 16 membranes, and many thresholds at one of them."""
    values = np.full(CODES, 1 << 20)
    values[0], values[1:1001] = 0, place
    neuron = neuron_of(-values if falling else values, falling)
    assert neuron.cells.shift == 4
    grid = list(range(-1, 40))
    membranes = np.array(grid, dtype=np.int64)
    found = expansion_codes(-membranes if falling else membranes, neuron, 16).tolist()
    assert found == [by_search(-x if falling else x, neuron) for x in grid]


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("beyond", [0, 1, 2])
@pytest.mark.parametrize("near", [0, 700, CODES])
def test_thresholds_at_the_ends_of_32_bits_fire(falling: bool, beyond: int, near: int) -> None:
    """A code that is out of a piece's reach fires at its threshold all the same (NEUR-6)."""
    values = np.full(CODES, UNREACHED - 1 + beyond)
    values[:near] = np.arange(near) // 20
    if not falling:
        values = np.minimum(values, UNREACHED)
    neuron = neuron_of(-values if falling else values, falling)
    grid = [*EXTREMES, -UNREACHED + 1, *range(-40, 40)]
    for steps in (10, 16):
        found = expansion_codes(np.array(grid, dtype=np.int64), neuron, steps).tolist()
        assert found == by_steps(grid, neuron, steps)


def test_spikes_are_the_bits_of_the_code_most_significant_first() -> None:
    identity = list(range(1, 1 << 10))
    for x in range(-3, 1030):
        code = min(max(x, 0), 1023)
        assert expansion_by_steps(x, identity, False, 10) == [
            code >> (9 - b) & 1 for b in range(10)
        ]
