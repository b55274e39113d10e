import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikeref.evaluate.baseline_operators import (
    attention,
    rms_norm,
    rotate,
    silu,
    softmax,
    visible,
)


def test_rms_norm_by_hand() -> None:
    """Mean square of (3, 4) is 12.5; with eps 12.5 the root is 5."""
    found = rms_norm(np.array([[3.0, 4.0]]), np.array([10.0, 20.0]), 12.5)
    assert found.tolist() == [[6.0, 16.0]]


def test_rotation_by_hand() -> None:
    """Position 1 turns (first half, second half) by 1 and by pi/2 radians."""
    x = np.tile(np.array([1.0, 5.0, 0.0, 7.0]), (2, 1, 1))
    found = rotate(x, np.array([1.0, math.pi / 2]))
    assert found[0, 0].tolist() == [1, 5, 0, 7]
    assert np.allclose(found[1, 0], [math.cos(1), -7, math.sin(1), 5], rtol=0, atol=1e-15)


@given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_products_of_rotated_vectors_depend_on_distance_alone(
    seed: int, i: int, j: int, shift: int
) -> None:
    generator = np.random.default_rng(seed)
    q, k = generator.standard_normal((2, 8))
    frequencies = np.array([1.0, 0.3, 0.1, 0.01])
    turned_q = rotate(np.tile(q, (12, 1, 1)), frequencies)[:, 0]
    turned_k = rotate(np.tile(k, (12, 1, 1)), frequencies)[:, 0]
    assert math.isclose(
        turned_q[i] @ turned_k[j],
        turned_q[i + shift] @ turned_k[j + shift],
        rel_tol=1e-9,
        abs_tol=1e-9,
    )


def test_what_tokens_see() -> None:
    assert visible(3, None).tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert visible(4, 2).tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    assert visible(3, 1).tolist() == np.eye(3, dtype=bool).tolist()


def test_equal_scores_average_what_is_seen() -> None:
    """With q = 0 each token's output is the mean of the values in its window."""
    v = np.arange(8, dtype=np.float64).reshape(4, 1, 2)
    found = attention(np.zeros((4, 2, 2)), np.ones((4, 1, 2)), v, visible(4, 2))
    assert found.tolist() == [[0, 1, 0, 1], [1, 2, 1, 2], [3, 4, 3, 4], [5, 6, 5, 6]]


def test_query_heads_share_key_value_heads_in_order() -> None:
    v = np.array([[[1.0], [2.0]]])
    assert attention(np.ones((1, 4, 1)), np.ones((1, 2, 1)), v, visible(1, None)).tolist() == [
        [1, 1, 2, 2]
    ]


def test_scores_are_divided_by_the_root_of_the_width() -> None:
    """d = 4 and q·k = 2 ln 3 against 0: after division ln 3, so weights 3/4 and 1/4."""
    q = np.zeros((2, 1, 4))
    k = np.zeros((2, 1, 4))
    q[1, 0, 0], k[1, 0, 0] = 1.0, 2 * math.log(3)
    v = np.zeros((2, 1, 4))
    v[1, 0] = 8.0
    assert np.allclose(attention(q, k, v, visible(len(q), None))[1], 6.0)


def test_softmax_of_logarithms() -> None:
    found = softmax(np.array([math.log(1), math.log(2), math.log(5), -math.inf]) + 1000)
    assert np.allclose(found, [0.125, 0.25, 0.625, 0])
    assert found[3] == 0


def test_silu_against_its_definition_and_at_the_extremes() -> None:
    x = np.linspace(-30, 30, 121)
    assert np.allclose(silu(x), [v / (1 + math.exp(-v)) for v in x], rtol=1e-14)
    assert silu(np.array([-1e4, 0.0, 1e4])).tolist() == [0, 0, 1e4]
