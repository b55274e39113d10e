"""THM-1: a random rotation spreads the quantisation cost evenly (theorem 1, equations 7 and 8)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.arith.hadamard import hadamard

WIDTH = 16
SAMPLES = 4000
SIGMAS = 5.0


def random_rotations(count: int, width: int, seed: int) -> NDArray[np.float64]:
    """Orthogonal matrices, uniform over the group: QR of Gaussians, signs of R moved into Q."""
    gaussian = np.random.default_rng(seed).standard_normal((count, width, width))
    q, r = np.linalg.qr(gaussian)
    diagonal = np.sign(np.diagonal(r, axis1=1, axis2=2))
    return np.asarray(q * diagonal[:, None, :])


ROTATIONS = random_rotations(SAMPLES, WIDTH, seed=20)


def outlier(lane: int) -> NDArray[np.float64]:
    x = np.full(WIDTH, 0.1)
    x[lane] = 30.0
    return x


@pytest.mark.parametrize("x", [outlier(0), outlier(WIDTH - 1), np.arange(1.0, WIDTH + 1)])
@pytest.mark.parametrize("size", range(1, WIDTH))
def test_the_expected_cost_of_a_group_is_its_share_of_the_lanes(
    x: NDArray[np.float64], size: int
) -> None:
    """E_Q[Σ_(i in S) C((Qx)_i)] = |S|/d · Σ_i C(x_i) for the cost C(x) = x² and any group S.

    The share of a group of m lanes has mean m/d and variance 2m(d−m)/(d²(d+2)); the mean over the
    seeded sample lies within five standard errors of m/d. For m = 1 this is equation 8.
    """
    rotated = ROTATIONS @ x
    share = np.square(rotated[:, :size]).sum(axis=1) / np.square(x).sum()
    variance = 2 * size * (WIDTH - size) / (WIDTH**2 * (WIDTH + 2))
    error = SIGMAS * np.sqrt(variance / SAMPLES)
    assert abs(share.mean() - size / WIDTH) < error
    assert share.var() == pytest.approx(variance, rel=0.2)


def test_without_a_rotation_one_lane_holds_nearly_all_of_it() -> None:
    """What the theorem is for: before the rotation the outlier's group pays for everything."""
    x = outlier(3)
    assert np.square(x[3]) / np.square(x).sum() > 0.999
    assert (np.square(ROTATIONS @ x).mean(axis=0) / np.square(x).sum()).max() < 2 / WIDTH


@settings(max_examples=10)
@given(data=st.data(), width=st.sampled_from((2, 4, 8, 12)))
def test_random_signs_before_a_hadamard_matrix_disperse_exactly(
    data: st.DataObject, width: int
) -> None:
    """E_s[((H·diag(s)·x)_i)²] = ‖x‖² for uniform signs s: exact, over all 2^n sign vectors.

    H is unnormalised, so each lane carries n times its share ‖x‖²/n.
    """
    values = st.integers(-1000, 1000)
    x = np.array(data.draw(st.lists(values, min_size=width, max_size=width)), dtype=np.int64)
    index = np.arange(1 << width, dtype=np.int64)[:, None]
    signs = 1 - 2 * (index >> np.arange(width, dtype=np.int64) & 1)
    squares = np.square(hadamard(signs * x).astype(np.int64))
    energy = int(np.square(x).sum())
    assert squares.sum(axis=0).tolist() == [energy << width] * width


@given(lane=st.integers(0, 11), value=st.integers(-(1 << 15), 1 << 15))
def test_one_outlier_becomes_even_in_every_draw(lane: int, value: int) -> None:
    """For a single non-zero lane the Hadamard rotation is even without any expectation."""
    x = np.zeros(12, dtype=np.int64)
    x[lane] = value
    assert np.abs(hadamard(x)).tolist() == [abs(value)] * 12
