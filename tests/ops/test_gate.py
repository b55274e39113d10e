"""The SiLU gate (OP-9)."""

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikeref.arith.exponential import STANDARD_COEFFICIENTS
from spikeref.arith.ties import Ties
from spikeref.ops.gate import sigmoid, silu_gate
from tests.arith.integers import sized
from tests.ops import transcription
from tests.ops.signals import POTENTIAL, constants_of

LOG2E = constants_of(4).log2e
LOWEST = -POTENTIAL - 1


def test_the_constant() -> None:
    assert round(math.log2(math.e) * (1 << 30)) == LOG2E == 1549082005


@settings(max_examples=60)
@given(
    pairs=st.lists(st.tuples(sized(POTENTIAL), sized(POTENTIAL)), min_size=1, max_size=30),
    ties=st.sampled_from(Ties),
)
@example(
    pairs=[(g, a) for g in (POTENTIAL, LOWEST, 0, 1, -1) for a in (POTENTIAL, LOWEST, 0, 1, -1)],
    ties=Ties.HALF_EVEN,
)
def test_the_gate_is_the_clause(pairs: list[tuple[int, int]], ties: Ties) -> None:
    g, a = (np.array([[pair[i] for pair in pairs]], dtype=np.int64) for i in (0, 1))
    found = silu_gate(g, a, LOG2E, STANDARD_COEFFICIENTS, ties)
    assert found.exponent.tolist() == [-32]
    expected = [
        transcription.silu_gate(*pair, LOG2E, STANDARD_COEFFICIENTS, ties) for pair in pairs
    ]
    assert found.values.tolist() == [expected]
    assert all(abs(u) <= 1 << 62 for u in expected)


def test_sigma_against_the_real_function() -> None:
    """Within 2^-19 of 1/(1 + e^-x), never decreasing, and σ(−g) = 1 − σ(g)."""
    g = np.arange(-20 << 16, 20 << 16, 997, dtype=np.int64)
    found = sigmoid(g, LOG2E, STANDARD_COEFFICIENTS, Ties.HALF_EVEN)
    real = 1.0 / (1.0 + np.exp(-g / 65536.0))
    assert np.abs(found / float(1 << 20) - real).max() < 2.0**-19
    assert int(np.diff(found).min()) >= 0
    mirrored = sigmoid(-g, LOG2E, STANDARD_COEFFICIENTS, Ties.HALF_EVEN)
    off_zero = g != 0
    assert (found + mirrored)[off_zero].tolist() == [1 << 20] * int(off_zero.sum())


def test_sigma_at_zero_and_at_the_ends() -> None:
    g = np.array([0, POTENTIAL, LOWEST], dtype=np.int64)
    found = sigmoid(g, LOG2E, STANDARD_COEFFICIENTS, Ties.HALF_EVEN)
    assert found.tolist() == [1 << 19, 1 << 20, 0]
