"""Spiked attention (ATT-5 to ATT-11)."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.arith.exponential import STANDARD_COEFFICIENTS
from spikeref.arith.hadamard import HadamardPlan, plan_hadamard
from spikeref.arith.ties import Ties
from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.dense import DENSE
from spikeref.engine.events import Reversed
from spikeref.engine.products import Engine
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.ops.attention import CachedSpikes, attend
from spikeref.ops.attention_steps import AttentionRules, Exp2Softmax
from spikeref.ops.heads import Queries
from tests.arith.integers import nearest
from tests.ops import transcription

HEADS, GROUPS = 4, 2
ENGINES = [DENSE, SYNCHRONOUS, asynchronous(Reversed(), 5)]
PLANS: list[HadamardPlan | None] = [None, plan_hadamard(4), plan_hadamard(12)]
LARGEST_QUERY = (1 << 23) - 1


def cached(rng: np.random.Generator, positions: int, width: int, spread: int) -> CachedSpikes:
    """Random cache entries; `spread` is how far exponents lie apart."""
    counts = rng.integers(-8, 7, size=(positions, GROUPS, width), endpoint=True)
    counts[rng.random(positions) < 0.2] = 0
    return CachedSpikes(
        counts=counts.astype(np.int8),
        mantissa=rng.integers(1 << 15, 1 << 16, size=(positions, GROUPS)),
        exponent=rng.integers(-spread, spread, size=(positions, GROUPS), endpoint=True) - 20,
    )


def rows_of(cache: CachedSpikes, group: int) -> list[transcription.Cached]:
    return [
        transcription.Cached(c.tolist(), int(m), int(x))
        for c, m, x in zip(
            cache.counts[:, group], cache.mantissa[:, group], cache.exponent[:, group], strict=True
        )
    ]


def expected_heads(
    queries: Queries, keys: CachedSpikes, values: CachedSpikes, t: int, first: int,
    rules: AttentionRules,
) -> list[transcription.Head]:  # fmt: skip
    heads = []
    for h in range(HEADS):
        group = h * GROUPS // HEADS
        heads.append(
            transcription.attend_head(
                queries.mantissa[t, h].tolist(),
                int(queries.exponent[t, h]),
                rows_of(keys, group),
                rows_of(values, group),
                first + t,
                rules.window,
                rules.softmax.coefficients,
                rules.ties,
            )
        )
    return heads


@pytest.mark.parametrize("plan", PLANS)
@settings(max_examples=20)
@given(
    seed=st.integers(0, 1 << 20),
    first=st.integers(0, 6),
    tokens=st.integers(1, 4),
    window=st.sampled_from((None, 1, 2, 4)),
    spread=st.sampled_from((0, 3, 40)),
    ties=st.sampled_from(Ties),
)
def test_attention_is_the_clauses(
    plan: HadamardPlan | None, seed: int, first: int, tokens: int, window: int | None,
    spread: int, ties: Ties,
) -> None:  # fmt: skip
    """Scores that saturate, weights that vanish and exponents far apart among them."""
    rng = np.random.default_rng(seed)
    width = 6 if plan is None else plan.width
    encoder = Encoder(bits=4, encoding=Encoding.TERNARY, clip_ratio=Fraction(1, 2), ties=ties)
    rules = AttentionRules(
        window=window, encoder=encoder, softmax=Exp2Softmax(STANDARD_COEFFICIENTS), head_plan=plan
    )
    mantissa = rng.integers(-LARGEST_QUERY, LARGEST_QUERY, size=(tokens, HEADS, width))
    mantissa[0, 0] = LARGEST_QUERY
    queries = Queries(
        mantissa=mantissa,
        exponent=rng.integers(-spread, spread, size=(tokens, HEADS), endpoint=True) - 22,
    )
    keys = cached(rng, first + tokens, width, spread)
    values = cached(rng, first + tokens, width, spread)
    for engine in ENGINES:
        found = attend(queries, keys, values, first, rules, engine)
        for t in range(tokens):
            heads = expected_heads(queries, keys, values, t, first, rules)
            assert found.top_score[t].tolist() == [head.top for head in heads]
            assert found.weight_sum[t].tolist() == [head.weight_sum for head in heads]
            assert found.accumulator[t].tolist() == [head.accumulator for head in heads]
            assert int(found.score_saturations[t]) == sum(head.saturations for head in heads)
            mixed, exponent = transcription.join_heads(heads, plan, ties)
            assert found.mixed.values[t].tolist() == mixed
            assert int(found.mixed.exponent[t]) == exponent


def test_blocks_of_queries_are_tokens_one_by_one() -> None:
    """The dense engine takes 128 queries at once and hides what they must not see."""
    rng = np.random.default_rng(5)
    tokens = DENSE.query_block + 3
    rules = AttentionRules(
        window=7,
        encoder=Encoder(bits=4, encoding=Encoding.TERNARY),
        softmax=Exp2Softmax(STANDARD_COEFFICIENTS),
        head_plan=None,
    )
    queries = Queries(
        mantissa=rng.integers(-1000, 1000, size=(tokens, HEADS, 4)),
        exponent=np.full((tokens, HEADS), -10, dtype=np.int64),
    )
    keys, values = cached(rng, tokens, 4, 2), cached(rng, tokens, 4, 2)
    by_block = attend(queries, keys, values, 0, rules, DENSE)
    by_token = attend(queries, keys, values, 0, rules, SYNCHRONOUS)
    np.testing.assert_array_equal(by_block.mixed.values, by_token.mixed.values)
    np.testing.assert_array_equal(by_block.top_score, by_token.top_score)
    np.testing.assert_array_equal(by_block.weight_sum, by_token.weight_sum)


@pytest.mark.parametrize("size", range(1, HEADS + 1))
@pytest.mark.parametrize("window", [None, 3])
def test_blocks_of_heads_are_heads_one_by_one(
    size: int, window: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks that end within a group of heads, among scores that saturate."""
    rng = np.random.default_rng(size)
    tokens, first = 5, 4
    rules = AttentionRules(
        window=window,
        encoder=Encoder(bits=4, encoding=Encoding.TERNARY),
        softmax=Exp2Softmax(STANDARD_COEFFICIENTS),
        head_plan=PLANS[1],
    )
    queries = Queries(
        mantissa=rng.integers(-LARGEST_QUERY, LARGEST_QUERY, size=(tokens, HEADS, 4)),
        exponent=rng.integers(-20, 20, size=(tokens, HEADS)),
    )
    keys, values = cached(rng, first + tokens, 4, 20), cached(rng, first + tokens, 4, 20)
    one_by_one = attend(queries, keys, values, first, rules, replace(DENSE, heads_in_order=True))
    monkeypatch.setattr(
        "spikeref.ops.attention.map_loop_blocks",
        lambda rows, _, work: [work(slice(i, min(i + size, rows))) for i in range(0, rows, size)],
    )
    by_block = attend(queries, keys, values, first, rules, DENSE)
    assert one_by_one.score_saturations.any()
    for name in ("top_score", "weight_sum", "accumulator", "score_saturations"):
        np.testing.assert_array_equal(getattr(by_block, name), getattr(one_by_one, name))
    np.testing.assert_array_equal(by_block.mixed.values, one_by_one.mixed.values)
    np.testing.assert_array_equal(by_block.mixed.exponent, one_by_one.mixed.exponent)


def test_engines_that_number_products_get_heads_in_order() -> None:
    """Score before mix, head after head, token after token (EVENT-2)."""
    calls: list[tuple[str, list[int]]] = []

    def score(queries: NDArray[np.int64], counts: NDArray[np.int8], encoder: Encoder) -> object:
        calls.append(("score", queries[0, 0].tolist()))
        return DENSE.score(queries, counts, encoder)

    def mix(addends: NDArray[np.int64], counts: NDArray[np.int8], encoder: Encoder) -> object:
        calls.append(("mix", [len(counts)]))
        return DENSE.mix(addends, counts, encoder)

    rules = AttentionRules(
        window=None,
        encoder=Encoder(bits=4, encoding=Encoding.TERNARY),
        softmax=Exp2Softmax(STANDARD_COEFFICIENTS),
        head_plan=None,
    )
    rng = np.random.default_rng(0)
    queries = Queries(
        mantissa=np.arange(2 * HEADS).reshape(2, HEADS, 1),
        exponent=np.zeros((2, HEADS), dtype=np.int64),
    )
    cache = cached(rng, 2, 1, 2)
    engine = replace(SYNCHRONOUS, score=score, mix=mix)  # type: ignore[arg-type]
    attend(queries, cache, cache, 0, rules, engine)
    expected = [
        call
        for token in range(2)
        for head in range(HEADS)
        for call in (("score", [token * HEADS + head]), ("mix", [token + 1]))
    ]
    assert calls == expected


def test_normalisation_at_the_widest_sums() -> None:
    """2^17 equal scores and the lowest counts: sum = 2^47 and |o| near 2^52 (ATT-8, ATT-9)."""
    positions, count = 1 << 17, -128
    encoder = Encoder(bits=8, encoding=Encoding.TERNARY, clip_ratio=Fraction(1, 2))
    rules = AttentionRules(
        window=None, encoder=encoder, softmax=Exp2Softmax(STANDARD_COEFFICIENTS), head_plan=None
    )
    counts = np.full((positions, 1, 2), count, dtype=np.int8)
    counts[:, 0, 1] = 127
    counts[0, 0, 1] = 0
    scale = np.full((positions, 1), (1 << 16) - 1, dtype=np.int64)
    silent = CachedSpikes(
        counts=np.zeros_like(counts), mantissa=scale, exponent=np.zeros_like(scale)
    )
    values = CachedSpikes(counts=counts, mantissa=scale, exponent=np.zeros_like(scale))
    queries = Queries(
        mantissa=np.ones((1, 1, 2), dtype=np.int64), exponent=np.zeros((1, 1), dtype=np.int64)
    )
    found = attend(queries, silent, values, positions - 1, rules, DENSE)
    addend = ((1 << 16) - 1) << 12
    expected = [addend * count * positions, addend * 127 * (positions - 1)]
    assert found.weight_sum.tolist() == [[1 << 47]]
    assert found.accumulator.tolist() == [[expected]]
    ratio = [nearest(Fraction(o << 15, 1 << 47), encoder.ties) for o in expected]
    assert found.mixed.values.tolist() == [ratio]
    assert all(abs(z) < 1 << 22 for z in ratio)


@settings(max_examples=60)
@given(
    sums=st.lists(st.integers(-(1 << 36), 1 << 36), min_size=2, max_size=2),
    positions=st.integers(1, 40),
    ties=st.sampled_from(Ties),
)
def test_normalisation_is_one_rounding_of_the_exact_ratio(
    sums: list[int], positions: int, ties: Ties
) -> None:
    """ATT-9 on rationals, for any accumulators: o·2^15 / sum, though o·2^15 may need 64 bits."""
    given_sums = np.array([[sums]], dtype=np.int64)

    def mix(*_: object) -> NDArray[np.int64]:
        return given_sums

    engine = Engine(
        name="dense",
        project=mix,  # type: ignore[arg-type]
        score=DENSE.score,
        mix=mix,
        hadamard=DENSE.hadamard,
        query_block=1,
        heads_in_order=True,
    )
    rules = AttentionRules(
        window=None,
        encoder=Encoder(bits=4, encoding=Encoding.TERNARY, ties=ties),
        softmax=Exp2Softmax(STANDARD_COEFFICIENTS),
        head_plan=None,
    )
    rng = np.random.default_rng(abs(sums[0]))
    keys = cached(rng, positions, 2, 1)
    queries = Queries(
        mantissa=rng.integers(-1000, 1000, size=(1, GROUPS, 2)),
        exponent=np.zeros((1, GROUPS), dtype=np.int64),
    )
    found = attend(queries, keys, keys, positions - 1, rules, engine)
    largest = found.mixed.exponent[0] - 3
    for g in range(GROUPS):
        total = int(found.weight_sum[0, g])
        shift = int(largest - keys.exponent[:, g].max())
        ratio = [nearest(Fraction(o << 15, total), ties) for o in sums]
        aligned = [nearest(Fraction(z, 1 << shift), ties) for z in ratio]
        assert found.mixed.values[0, 2 * g : 2 * g + 2].tolist() == aligned
