"""What the codes of a layer may reach (NEUR-3, LAS-10 to LAS-12, LAS-16)."""

from dataclasses import replace
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.model.las_bounds import (
    excess_of_codes,
    largest_weight_sum,
    mixing_bound,
    score_bound,
)
from spikeref.model.las_config import LasShape
from spikeref.model.las_profile import LAYER_ROLES, Choice, Functions, LasProfile, LayerRole
from spikeref.neurons.outlier_aware import OatCode, TrainForm
from tests.neurons.oat_codes import codes

SHAPE = LasShape(
    vocab=300, hidden=64, intermediate=172, layers=1, heads=8, kv_heads=8, head_dim=8,
    positions=512, sliding_windows=(None,), token_types=0, classes=0,
)  # fmt: skip
ONE_LEVEL, MANY_LEVELS = TrainForm(), TrainForm(levels=15)


def all_codes(code: OatCode, **others: OatCode) -> dict[LayerRole, OatCode]:
    return {role: others.get(role, code) for role in LAYER_ROLES}


def ratio(form: TrainForm, outlier: int, normal: int = 1) -> OatCode:
    return OatCode(form=form, normal=normal, outlier=outlier)


def test_usual_codes_are_admitted() -> None:
    usual = all_codes(ratio(ONE_LEVEL, 1024), probabilities=ratio(ONE_LEVEL, 1 << 16, 1 << 10))
    for softmax in Choice:
        assert excess_of_codes(usual, SHAPE, profile_of(softmax)) is None


def test_probabilities_of_at_most_two() -> None:
    code = ratio(ONE_LEVEL, 1)
    for outlier, admitted in ((1 << 17, True), ((1 << 17) + 1, False)):
        given_codes = all_codes(code, probabilities=ratio(ONE_LEVEL, outlier, outlier))
        excess = excess_of_codes(given_codes, SHAPE, profile_of(Choice.PAPER))
        assert (excess is None) is admitted
        assert admitted or "beyond 2" in str(excess)


@pytest.mark.parametrize("width", [1, 8, 64])
def test_scores_just_below_62_bits(width: int) -> None:
    """2·d·L_query·L_key < 2^62, met and missed by one unit of the key's ratio."""
    query = ratio(ONE_LEVEL, 16000)
    most = ((1 << 62) - 1) // (2 * width * query.largest_value * 65535)
    shape = replace(SHAPE, head_dim=width)
    small = ratio(ONE_LEVEL, 1)
    for r, admitted in ((min(most, 16384), True), (most + 1, False)):
        if r > 16384:
            continue
        key = ratio(ONE_LEVEL, r)
        assert score_bound(width, query, key) == width * query.largest_value * r * 65535
        excess = excess_of_codes(
            all_codes(small, query=query, key=key), shape, profile_of(Choice.PAPER)
        )
        assert (excess is None) is admitted
        assert admitted or "LAS-11" in str(excess)


def test_mixing_beyond_62_bits() -> None:
    small = ratio(MANY_LEVELS, 1)
    wide = all_codes(small, value=ratio(MANY_LEVELS, 500), probabilities=small)
    assert "LAS-12" in str(excess_of_codes(wide, SHAPE, profile_of(Choice.PAPER)))
    coarse = replace_probabilities(wide, ratio(MANY_LEVELS, 1 << 16, 1 << 16))
    assert excess_of_codes(coarse, SHAPE, profile_of(Choice.PAPER)) is None


def replace_probabilities(
    given_codes: dict[LayerRole, OatCode], code: OatCode
) -> dict[LayerRole, OatCode]:
    return {**given_codes, "probabilities": code}


def profile_of(softmax: Choice) -> LasProfile:
    return LasProfile(name="given", softmax=softmax)


@given(value=codes(), probabilities=codes(1 << 17), times=st.integers(1, 3000))
def test_the_bound_of_mixing(value: OatCode, probabilities: OatCode, times: int) -> None:
    form = probabilities.form
    exact = Fraction((2**14 + 2) * form.levels * 2 ** (form.steps + 2), probabilities.divisor)
    assert mixing_bound(value, probabilities, times) == times * value.largest_value * ceil(exact)


@pytest.mark.parametrize(("positions", "times"), [(1, 1), (48, 1), (49, 2), (512, 11)])
def test_weights_of_the_published_softmax(positions: int, times: int) -> None:
    assert largest_weight_sum(profile_of(Choice.PUBLISHED), positions) == times
    assert largest_weight_sum(profile_of(Choice.PAPER), positions) == 1
    fitted = LasProfile(name="fitted", softmax=Choice.PUBLISHED, functions=Functions.FITTED)
    assert largest_weight_sum(fitted, positions) == 2 * times
