"""The MT neuron counts what its steps fire (NEUR-2)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.neurons.multi_threshold import Rule, mt_counts, mt_levels_by_steps
from spikeref.neurons.outlier_aware import TrainForm
from tests.neurons.oat_codes import RULES, levels_by_definition


def counted(levels: list[int]) -> int:
    """V = Σ_t s_t·2^(T−t)."""
    return sum(s << (len(levels) - t) for t, s in enumerate(levels, start=1))


def vectorised(magnitudes: list[int], threshold: int, form: TrainForm) -> list[int]:
    x = np.array(magnitudes, dtype=np.int64)
    found = mt_counts(x, threshold, form.steps, form.levels, form.rule)
    assert found.dtype == np.int64
    return [int(v) for v in found]


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("levels", range(1, 16))
@pytest.mark.parametrize("threshold", [1, 3, 8, 37])
def test_every_magnitude_of_small_neurons(rule: Rule, levels: int, threshold: int) -> None:
    """Arrays, integers and fractions agree, beyond the threshold too."""
    form = TrainForm(steps=10, levels=levels, rule=rule)
    grid = list(range(threshold + 3))
    steps = [mt_levels_by_steps(x, threshold, form.steps, levels, rule) for x in grid]
    assert steps == [levels_by_definition(Fraction(x), threshold, form) for x in grid]
    assert vectorised(grid, threshold, form) == [counted(s) for s in steps]


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("levels", [1, 2, 3, 7, 15])
def test_every_residue_of_one_step(rule: Rule, levels: int) -> None:
    """A threshold of 2^T·n·2 units: every level is a whole number, met and missed by one."""
    threshold = (levels << 10) * 2
    form = TrainForm(steps=10, levels=levels, rule=rule)
    near = {threshold - 1, threshold, threshold + 1, 0, 1, 2, 3}
    for step in range(1, 11):
        for size in range(levels, 2 * levels):
            level = size * threshold // (levels << step)
            near |= {level - 1, level, level + 1}
    grid = sorted(near)
    expected = [counted(levels_by_definition(Fraction(x), threshold, form)) for x in grid]
    assert vectorised(grid, threshold, form) == expected


@given(
    magnitude=st.integers(0, 1 << 37) | st.integers(0, 1 << 12),
    threshold=st.integers(1, 1 << 36) | st.integers(1, 1 << 12),
    steps=st.integers(10, 16),
    levels=st.integers(1, 15),
    rule=RULES,
)
def test_steps_and_arrays_agree(
    magnitude: int, threshold: int, steps: int, levels: int, rule: Rule
) -> None:
    form = TrainForm(steps=steps, levels=levels, rule=rule)
    fired = mt_levels_by_steps(magnitude, threshold, steps, levels, rule)
    assert fired == levels_by_definition(Fraction(magnitude), threshold, form)
    assert all(s == 0 or levels <= s < 2 * levels for s in fired)
    (count,) = vectorised([magnitude], threshold, form)
    assert count == counted(fired)
    assert 0 <= count <= (2 * levels - 1) * ((1 << steps) - 1)


@given(magnitude=st.integers(0, 1 << 37), threshold=st.integers(1, 1 << 36), rule=RULES)
def test_the_closed_form_of_one_level(magnitude: int, threshold: int, rule: Rule) -> None:
    for steps in range(10, 17):
        exact = Fraction(magnitude << steps, threshold)
        reached = -(-exact.numerator // exact.denominator) - 1
        if rule is Rule.AT_MOST:
            reached = exact.numerator // exact.denominator
        expected = min((1 << steps) - 1, max(reached, 0))
        form = TrainForm(steps=steps, levels=1, rule=rule)
        assert vectorised([magnitude], threshold, form) == [expected]


@given(magnitude=st.integers(1, 1 << 30), threshold=st.integers(1, 1 << 30), form=st.builds(
    TrainForm, steps=st.integers(10, 16), levels=st.integers(1, 15), rule=RULES
))  # fmt: skip
def test_what_is_left_is_below_the_last_level(
    magnitude: int, threshold: int, form: TrainForm
) -> None:
    """Levels buy fewer spikes, no precision: at most Θ·2^−T is left of what is not saturated."""
    (count,) = vectorised([magnitude], threshold, form)
    left = min(magnitude, threshold) - Fraction(count * threshold, form.levels << form.steps)
    last = Fraction(threshold, 1 << form.steps)
    if form.rule is Rule.BELOW:
        assert 0 < left <= last
    else:
        # Only the threshold itself may be left with a whole unit.
        assert 0 <= left < last or (magnitude >= threshold and left <= last)


def test_zero_is_silent_and_saturation_changes_nothing() -> None:
    for rule in Rule:
        for levels in (1, 4, 15):
            form = TrainForm(steps=12, levels=levels, rule=rule)
            zero, top, beyond = vectorised([0, 1000, 1 << 34], 1000, form)
            assert (zero, top) == (0, beyond)
