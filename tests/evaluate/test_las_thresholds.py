"""Thresholds from the magnitudes of potentials (LMOD-8)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.errors import UsageError
from spikeref.evaluate.las_calibrate import Rounding, ThresholdPlan, thresholds
from spikeref.neurons.outlier_aware import OatCode, TrainForm

FORM = TrainForm(steps=10, levels=1)


def plan(quantile: str, rounding: Rounding = Rounding.POWER_OF_TWO) -> ThresholdPlan:
    return ThresholdPlan(quantile=Fraction(quantile), rounding=rounding)


def test_quantile_and_maximum_are_rounded_up_to_powers_of_two() -> None:
    """Nine of ten are at most 100, the last is 5000: 128 and 8192."""
    sizes = np.array([*range(20, 101, 10), 5000], dtype=np.int64)
    assert thresholds(sizes, plan("9/10"), FORM) == (128, 8192)
    assert thresholds(sizes, plan("1/10"), FORM) == (32, 8192)
    assert thresholds(sizes, plan("1"), FORM) == (8192, 8192)
    assert thresholds(np.array([64, 64]), plan("1/2"), FORM) == (64, 64)


def test_or_kept_with_an_outlier_threshold_that_is_a_multiple() -> None:
    sizes = np.array([*range(20, 101, 10), 5001], dtype=np.int64)
    assert thresholds(sizes, plan("9/10", Rounding.MULTIPLE), FORM) == (100, 5100)


def test_silence_has_thresholds_too() -> None:
    assert thresholds(np.zeros(4, dtype=np.int64), plan("1/2"), FORM) == (1, 1)


@given(
    st.lists(st.integers(0, 1 << 31), min_size=1, max_size=30),
    st.fractions(Fraction(1, 100), 1),
    st.sampled_from(Rounding),
    st.sampled_from([1, 3, 15]),
)
def test_the_code_is_one_that_neur_3_admits_and_nothing_saturates(
    sizes: list[int], quantile: Fraction, rounding: Rounding, levels: int
) -> None:
    form = TrainForm(steps=13, levels=levels)
    found = thresholds(
        np.array(sizes, dtype=np.int64), ThresholdPlan(quantile=quantile, rounding=rounding), form
    )
    code = OatCode(form=form, normal=found[0], outlier=found[1])
    assert code.normal <= code.outlier
    assert code.outlier >= max(sizes)


@pytest.mark.parametrize("quantile", ["0", "101/100"])
def test_a_quantile_is_above_none_and_at_most_all(quantile: str) -> None:
    with pytest.raises(UsageError, match="--quantile"):
        plan(quantile)
