"""THM-9: adding a constant to all scores changes no weight (ATT-7)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.arith.exponential import STANDARD_COEFFICIENTS
from spikeref.engine.dense import DENSE, mix
from spikeref.engine.products import Engine
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.ops.attention import AttentionOutput, CachedSpikes, attend
from spikeref.ops.attention_steps import AttentionRules, Exp2Softmax
from spikeref.ops.heads import Queries

ENCODER = Encoder(bits=4, encoding=Encoding.TERNARY)
RULES = AttentionRules(
    window=None, encoder=ENCODER, softmax=Exp2Softmax(STANDARD_COEFFICIENTS), head_plan=None
)
WIDTH = 4
LIMIT = (1 << 38) - 1
SCORES = st.lists(
    st.integers(-LIMIT, LIMIT) | st.integers(-(1 << 20), 1 << 20), min_size=1, max_size=12
)


def attended(scores: list[int]) -> AttentionOutput:
    """One query over positions whose scores are those given: scale 2^15 and exponents make it 1."""
    count = len(scores)
    given_scores = np.array([[scores]], dtype=np.int64)

    def score(*_: object) -> NDArray[np.int64]:
        return given_scores

    engine = Engine(
        name="dense",
        project=mix,  # type: ignore[arg-type]
        score=score,
        mix=mix,
        hadamard=DENSE.hadamard,
        query_block=1,
        heads_in_order=True,
    )
    rng = np.random.default_rng(0)
    spikes = CachedSpikes(
        counts=rng.integers(-7, 8, size=(count, 1, WIDTH)).astype(np.int8),
        mantissa=np.full((count, 1), 1 << 15, dtype=np.int64),
        exponent=np.full((count, 1), -15 - 16, dtype=np.int64),
    )
    queries = Queries(
        mantissa=np.ones((1, 1, WIDTH), dtype=np.int64),
        exponent=np.zeros((1, 1), dtype=np.int64),
    )
    return attend(queries, spikes, spikes, count - 1, RULES, engine)


@given(scores=SCORES, offset=st.integers(-LIMIT, LIMIT))
def test_a_common_offset_moves_the_top_score_alone(scores: list[int], offset: int) -> None:
    """P_j = 2^(score_j − top): weights, sum and mixed values do not see the offset."""
    first, second = attended(scores), attended([s + offset for s in scores])
    assert int(first.top_score[0, 0]) == max(scores)
    assert int(second.top_score[0, 0]) == max(scores) + offset
    assert first.score_saturations.tolist() == second.score_saturations.tolist() == [0]
    np.testing.assert_array_equal(first.weight_sum, second.weight_sum)
    np.testing.assert_array_equal(first.accumulator, second.accumulator)
    np.testing.assert_array_equal(first.mixed.values, second.mixed.values)
    np.testing.assert_array_equal(first.mixed.exponent, second.mixed.exponent)


@given(scores=SCORES)
def test_the_largest_weight_is_one(scores: list[int]) -> None:
    """2^30 <= sum <= 2^30·S: no normalisation can divide by 0 or leave its width."""
    total = int(attended(scores).weight_sum[0, 0])
    assert 1 << 30 <= total <= len(scores) << 30
