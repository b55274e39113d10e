"""RMSNorm and γ (OP-2, OP-3)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.arith.ties import Ties
from spikeref.model.layers import Gamma
from spikeref.ops.norm import rms_norm
from tests.ops import transcription
from tests.ops.signals import RESIDUAL, constants_of, rows_of

WIDTHS = (1, 4, 12)
EPSILONS = (Fraction(1, 100000), Fraction(1, 1000000), Fraction(0), Fraction(1000))


def gamma_of(width: int, seed: int) -> Gamma:
    values = np.random.default_rng(seed).integers(-32767, 32767, size=width, endpoint=True)
    values[0] = 32767
    return Gamma(mantissas=values.astype(np.int16), exponent=-13)


def check(x: NDArray[np.int64], gamma: Gamma | None, epsilon: Fraction, ties: Ties) -> None:
    constants = constants_of(x.shape[1], epsilon)
    found = rms_norm(x, gamma, constants, ties)
    for t, row in enumerate(x.tolist()):
        expected = transcription.rms_norm(row, gamma, constants, ties)
        assert (found.values[t].tolist(), int(found.exponent[t])) == expected


@pytest.mark.parametrize("width", WIDTHS)
@settings(max_examples=40)
@given(data=st.data())
def test_the_norm_is_the_clause(width: int, data: st.DataObject) -> None:
    x = data.draw(rows_of(RESIDUAL, width))
    gamma = data.draw(st.sampled_from((None, gamma_of(width, 1))))
    check(x, gamma, data.draw(st.sampled_from(EPSILONS)), data.draw(st.sampled_from(Ties)))


def test_the_widest_residual_of_the_widest_model() -> None:
    """2^15 lanes of ±(2^39 − 1): the sum of squares stays below 2^62."""
    x = np.full((1, 1 << 15), RESIDUAL, dtype=np.int64)
    x[0, ::2] = -RESIDUAL
    check(x, None, EPSILONS[0], Ties.HALF_EVEN)


def test_zeros_stay_zeros_with_and_without_epsilon() -> None:
    for epsilon in EPSILONS:
        check(np.zeros((2, 4), dtype=np.int64), gamma_of(4, 2), epsilon, Ties.HALF_EVEN)
        found = rms_norm(
            np.zeros((2, 4), dtype=np.int64), None, constants_of(4, epsilon), Ties.HALF_EVEN
        )
        assert not found.values.any()


def test_the_result_is_near_the_real_norm() -> None:
    """Against binary64: x/√(mean x² + ε) within 2^-15 of it, rows in every order of magnitude."""
    rng = np.random.default_rng(3)
    epsilon = 1e-5
    for magnitude in (1 << 8, 1 << 16, 1 << 24, 1 << 38):
        x = rng.integers(-magnitude, magnitude, size=(4, 64))
        real = x / 65536.0
        expected = real / np.sqrt((real**2).mean(axis=1, keepdims=True) + epsilon)
        found = rms_norm(x, None, constants_of(64), Ties.HALF_EVEN)
        assert np.abs(found.values / 65536.0 - expected).max() < 2.0**-15


def test_epsilon_dominates_a_tiny_residual() -> None:
    """One unit of 2^-16 against ε = 1000: y = 2^-16/√1000, which rounds to 0."""
    x = np.array([[1, 0, 0, 0]], dtype=np.int64)
    found = rms_norm(x, None, constants_of(4, Fraction(1000)), Ties.HALF_EVEN)
    assert not found.values.any()
    check(x, None, Fraction(1000), Ties.HALF_EVEN)
