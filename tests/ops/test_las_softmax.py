"""Softmax on given score distances against the clause (LAS-11)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.arith.rounding import Scale
from spikeref.arith.scalar import round_shift, saturate
from spikeref.arith.ties import Ties
from spikeref.compiler.function_tables import standard_tables
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.ops.las_softmax import Probabilities, SoftmaxRules, probabilities
from tests.ops.las_transcription import exp_weight, hg, mantissa, shifted

TABLES = standard_tables("relu", tanh=False)


def rules_of(bound: int, scale: tuple[int, int], steps: int, ties: Ties) -> SoftmaxRules:
    return SoftmaxRules(
        bound=bound,
        scale=Scale(mantissa=np.asarray(scale[0]), exponent=np.asarray(scale[1])),
        steps=steps,
        tables=TABLES,
        ties=ties,
    )


def run(
    below: list[int],
    hidden: list[bool],
    bound: int,
    scale: tuple[int, int],
    steps: int = 16,
    ties: Ties = Ties.HALF_EVEN,
    engine: LasEngine = LAS_DENSE,
) -> Probabilities:
    return probabilities(
        np.array([below], dtype=np.int64),
        np.array([hidden]),
        rules_of(bound, scale, steps, ties),
        engine,
    )


@settings(max_examples=150)
@given(
    below=st.lists(
        st.integers(0, (1 << 61) - 1) | st.integers(0, 1 << 50) | st.integers(0, 60),
        min_size=1,
        max_size=8,
    ),
    slack=st.integers(0, 40),
    fraction=st.integers(10, 60),
    significand=st.integers(1 << 15, (1 << 16) - 1),
    steps=st.integers(10, 16),
    ties=st.sampled_from(list(Ties)),
    data=st.data(),
)
def test_the_clause(
    below: list[int],
    slack: int,
    fraction: int,
    significand: int,
    steps: int,
    ties: Ties,
    data: st.DataObject,
) -> None:
    """Shifts, scales, weights, the inverse of their sum; hidden positions weigh nothing."""
    below = [0, *below]
    bound = min(max(below) << slack, (1 << 62) - 1) or 1
    scale = significand, -15 - fraction
    drawn = data.draw(st.lists(st.booleans(), min_size=len(below) - 1, max_size=len(below) - 1))
    hidden = [False, *drawn]
    t = [saturate(shifted(v, bound, scale, ties), 40) for v in below]
    weights = [
        0 if unseen else exp_weight(v, TABLES, steps) for v, unseen in zip(t, hidden, strict=True)
    ]
    big, e = mantissa(sum(weights), even=False)
    code, _ = hg(TABLES.reciprocal, big, steps)
    for engine in (LAS_DENSE, LAS_SYNCHRONOUS):
        found = run(below, hidden, bound, scale, steps, ties, engine)
        assert found.total.tolist() == [sum(weights)]
        assert (found.inverse.tolist(), found.inverse_exponent.tolist()) == ([code], [e])
        assert found.values.tolist() == [[round_shift(w * code, 9 + e, ties) for w in weights]]


@pytest.mark.parametrize(("bits", "t"), [(49, 1), (50, 2)])
def test_the_bound_sets_the_first_rounding(bits: int, t: int) -> None:
    """Rounded by 4 places first, the distance becomes a tie; by 3, it stays below one."""
    distance = (3 << 11) * 16 - 8
    found = run([0, distance], [False, False], 1 << (bits - 1), (1 << 15, -47))
    expected = exp_weight(0, TABLES, 16) + exp_weight(t, TABLES, 16)
    assert found.total.tolist() == [expected]
    assert exp_weight(1, TABLES, 16) != exp_weight(2, TABLES, 16)


def test_octaves_beyond_the_last_weigh_nothing() -> None:
    """2^−23 is the smallest weight, 2^−24 is none."""
    below = [0, (23 << 16) + 65535, 24 << 16, 1 << 40]
    found = run(below, [False] * 4, 1 << 41, (1 << 15, -31))
    assert found.total.tolist() == [(65535 << 23) + 32768]
    assert found.values[0, 1] > 0
    assert found.values[0, 2:].tolist() == [0, 0]


def test_one_position_alone_is_almost_one() -> None:
    found = run([0, 5], [False, True], 1 << 20, (1 << 15, -31))
    assert 0 <= (1 << 30) - int(found.values[0, 0]) < 1 << 16
    assert found.values[0, 1] == 0
