"""Attention of LAS against the clauses on plain integers (LAS-7, LAS-10 to LAS-12)."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikeref.arith.rounding import Scale
from spikeref.arith.scalar import round_shift, saturate
from spikeref.arith.ties import Ties
from spikeref.compiler.function_tables import standard_tables
from spikeref.engine.events import Reversed, Shuffled
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.neurons.outlier_aware import OatCode, OatSpikes, TrainForm, encode_oat
from spikeref.ops.las_attention import (
    HeadCodes,
    LasAttentionOutput,
    LasAttentionRules,
    las_attend,
    spiking_head,
)
from spikeref.ops.rope import Turns
from tests.neurons.oat_codes import FORMS
from tests.ops.las_transcription import attend, oat
from tests.ops.transcription import rope

TABLES = standard_tables("relu", tanh=False)
SCORE = (47274, -17)
ENGINES = (LAS_DENSE, LAS_SYNCHRONOUS, las_asynchronous(Reversed(), 33))


def codes_of(form: TrainForm, probabilities: tuple[int, int] = (1 << 10, 1 << 16)) -> HeadCodes:
    return HeadCodes(
        # Ratios so large that scores are shifted before they are scaled (LAS-2).
        query=OatCode(form=form, normal=1 << 16, outlier=1 << 25),
        key=OatCode(form=form, normal=3 << 14, outlier=(3 * 67) << 14),
        value=OatCode(form=form, normal=1 << 14, outlier=1 << 18),
        probabilities=OatCode(form=form, normal=probabilities[0], outlier=probabilities[1]),
    )


def rules_of(
    codes: HeadCodes, *, causal: bool = True, window: int | None = None, ties: Ties = Ties.HALF_EVEN
) -> LasAttentionRules:
    return LasAttentionRules(
        causal=causal,
        window=window,
        codes=codes,
        score_scale=Scale(mantissa=np.asarray(SCORE[0]), exponent=np.asarray(SCORE[1])),
        steps=codes.query.form.steps,
        tables=TABLES,
        ties=ties,
    )


def random_heads(
    code: OatCode, shape: tuple[int, int, int], seed: int, most: int = 1 << 18
) -> OatSpikes:
    rng = np.random.default_rng(seed)
    return encode_oat(rng.integers(-most, most, size=shape), 16, code)


def check(
    found: LasAttentionOutput,
    queries: OatSpikes,
    keys: OatSpikes,
    values: OatSpikes,
    first: int,
    rules: LasAttentionRules,
) -> None:
    """Every field against one query and head at a time."""
    tokens, heads, width = queries.counts.shape
    positions, groups, _ = keys.counts.shape
    codes = {
        "query": rules.codes.query, "key": rules.codes.key, "value": rules.codes.value,
        "probabilities": rules.codes.probabilities,
    }  # fmt: skip
    for t in range(tokens):
        i, cut = first + t, 0
        seen = [
            j
            for j in range(positions)
            if not rules.causal or (j <= i and (rules.window is None or j > i - rules.window))
        ]
        for h in range(heads):
            g = h * groups // heads
            expected = attend(
                queries.values[t, h].tolist(),
                [keys.values[j, g].tolist() for j in seen],
                [values.values[j, g].tolist() for j in seen],
                codes,
                SCORE,
                TABLES,
                rules.steps,
                rules.ties,
            )
            assert int(found.top[t, h]) == expected.top
            assert int(found.total[t, h]) == expected.total
            assert int(found.inverse[t, h]) == expected.inverse
            assert int(found.inverse_exponent[t, h]) == expected.inverse_exponent
            assert found.accumulator[t, h].tolist() == expected.accumulator
            cut_out = found.mixed.values[t, h * width : (h + 1) * width]
            assert cut_out.tolist() == expected.mixed
            spikes = sum(p.spikes for p in expected.probabilities)
            assert int(found.probability_spikes[t, h]) == spikes
            cut += expected.saturations
        assert int(found.saturations[t]) == cut


@settings(max_examples=40)
@given(
    form=FORMS,
    tokens=st.integers(1, 4),
    earlier=st.integers(0, 4),
    groups=st.integers(1, 2),
    shared=st.integers(1, 3),
    window=st.none() | st.integers(1, 4),
    probabilities=st.sampled_from([(1 << 10, 1 << 16), (1 << 16, 1 << 16), (1 << 6, 1 << 10)]),
    ties=st.sampled_from(list(Ties)),
    most=st.sampled_from([1 << 12, 1 << 18, 1 << 30]),
)
def test_causal_heads(
    form: TrainForm,
    tokens: int,
    earlier: int,
    groups: int,
    shared: int,
    window: int | None,
    probabilities: tuple[int, int],
    ties: Ties,
    most: int,
) -> None:
    """Grouped heads, windows, cached positions, saturating probabilities."""
    codes = codes_of(form, probabilities)
    rules = rules_of(codes, window=window, ties=ties)
    positions, width = earlier + tokens, 3
    queries = random_heads(codes.query, (tokens, groups * shared, width), 1, most)
    keys = random_heads(codes.key, (positions, groups, width), 2, most)
    values = random_heads(codes.value, (positions, groups, width), 3, most)
    found = las_attend(queries, keys, values, earlier, rules, LAS_DENSE)
    check(found, queries, keys, values, earlier, rules)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda e: e.name)
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("levels", [1, 4])
def test_every_engine(engine: LasEngine, causal: bool, levels: int) -> None:
    """In an encoder every position is visible, later ones too."""
    codes = codes_of(TrainForm(steps=12, levels=levels))
    rules = rules_of(codes, causal=causal)
    queries = random_heads(codes.query, (5, 2, 4), 4)
    keys = random_heads(codes.key, (5, 1, 4), 5)
    values = random_heads(codes.value, (5, 1, 4), 6)
    check(las_attend(queries, keys, values, 0, rules, engine), queries, keys, values, 0, rules)


def test_more_queries_than_one_block_holds() -> None:
    codes = codes_of(TrainForm(steps=10))
    rules = rules_of(codes, window=5)
    count = LAS_DENSE.query_block + 7
    queries = random_heads(codes.query, (count, 1, 2), 7)
    keys, values = (random_heads(c, (count, 1, 2), 8) for c in (codes.key, codes.value))
    found = las_attend(queries, keys, values, 0, rules, LAS_DENSE)
    check(found, queries, keys, values, 0, rules)


def test_one_visible_position_takes_everything() -> None:
    """t = 0 gives E = 65535·2^23, and its own inverse brings it back to a little below 1."""
    codes = codes_of(TrainForm())
    rules = rules_of(codes, window=1)
    queries = random_heads(codes.query, (3, 1, 2), 9)
    keys, values = (random_heads(c, (3, 1, 2), 10) for c in (codes.key, codes.value))
    found = las_attend(queries, keys, values, 0, rules, LAS_DENSE)
    assert found.total.tolist() == [[65535 << 23]] * 3
    check(found, queries, keys, values, 0, rules)
    near = np.abs(found.mixed.values - values.values[:, 0] * 2.0**-2)
    assert float(near.max()) < 65536 * 2**-9


def test_equal_scores_share_alike() -> None:
    codes = codes_of(TrainForm())
    rules = rules_of(codes, causal=False)
    queries = replace_counts(random_heads(codes.query, (1, 1, 3), 1), 0)
    keys = random_heads(codes.key, (8, 1, 3), 2)
    values = encode_oat(np.full((8, 1, 3), 1 << 15, dtype=np.int64), 16, codes.value)
    found = las_attend(queries, keys, values, 0, rules, LAS_DENSE)
    assert found.top.tolist() == [[0]]
    assert found.total.tolist() == [[8 * 65535 << 23]]
    assert abs(int(found.mixed.values[0, 0]) - (1 << 15)) < 1 << 6
    check(found, queries, keys, values, 0, rules)


def replace_counts(spikes: OatSpikes, count: int) -> OatSpikes:
    return replace(spikes, counts=np.full_like(spikes.counts, count))


@given(
    x=st.lists(
        st.integers(-(1 << 31), (1 << 31) - 1) | st.integers(-(1 << 20), 1 << 20),
        min_size=4,
        max_size=4,
    ),
    angles=st.lists(st.integers(-(1 << 14), 1 << 14), min_size=4, max_size=4),
    ties=st.sampled_from(list(Ties)),
)
@example(x=[(1 << 31) - 1, -5, -(1 << 31), 1 << 30], angles=[9999, 1, 16000, 1], ties=Ties.HALF_UP)
def test_rotated_heads_are_rounded_saturated_and_spiked(
    x: list[int], angles: list[int], ties: Ties
) -> None:
    """LAS-7: saturate(round_shift(r, 14), 32), then OAT; without positions OAT alone."""
    code = OatCode(form=TrainForm(steps=11), normal=1 << 27, outlier=1 << 32)
    heads = np.array(x, dtype=np.int64).reshape(1, 1, 4)
    cos, sin = (np.array([a], dtype=np.int16) for a in (angles[:2], angles[2:]))
    turned = spiking_head(heads, Turns(cos=cos, sin=sin), code, ties)
    plain = spiking_head(heads, None, code, ties)
    rotated = rope(x, angles[:2], angles[2:])
    expected = [saturate(round_shift(r, 14, ties), 32) for r in rotated]
    for found, given_values in ((turned, expected), (plain, x)):
        spiked = [oat(v, 16, code) for v in given_values]
        assert found.spikes.counts[0, 0].tolist() == [s.count for s in spiked]
        assert found.spikes.outliers[0, 0].tolist() == [s.outlier for s in spiked]
        assert found.saturations.tolist() == [sum(s.saturated for s in spiked)]


def test_async_order_changes_nothing() -> None:
    codes = codes_of(TrainForm(steps=10, levels=2))
    rules = rules_of(codes)
    queries = random_heads(codes.query, (2, 2, 3), 11)
    keys, values = (random_heads(c, (2, 2, 3), 12) for c in (codes.key, codes.value))
    results = [
        las_attend(queries, keys, values, 0, rules, las_asynchronous(Shuffled(seed), batch))
        for seed, batch in ((1, 1), (2, 10), (3, 4096))
    ]
    for other in results[1:]:
        np.testing.assert_array_equal(other.mixed.values, results[0].mixed.values)
        np.testing.assert_array_equal(other.top, results[0].top)
