"""THM-17: no input leaves the stated widths (NEUR-3, LAS-6, LAS-10 to LAS-12)."""

from dataclasses import replace
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.arith.rounding import Scale
from spikeref.arith.ties import Ties
from spikeref.compiler.function_tables import standard_tables
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import OatCode, TrainForm, encode_oat
from spikeref.ops.las_attention import HeadCodes, LasAttentionRules, mixing_bound, softmax_rules
from spikeref.ops.las_softmax import probabilities
from tests.neurons.oat_codes import codes
from tests.theorems.weighted_spikes import populations, small_codes

TABLES = standard_tables("relu", tanh=False)


@given(code=codes(), x=st.integers(-(1 << 40), 1 << 40))
def test_no_value_is_beyond_the_largest(code: OatCode, x: int) -> None:
    form = code.form
    largest = max(code.ratios) * (2 * form.levels - 1) * ((1 << form.steps) - 1)
    assert code.largest_value == largest < 1 << 30
    found = encode_oat(np.array([x, code.outlier, -code.normal], dtype=np.int64), 16, code)
    assert max(map(abs, found.values.tolist())) <= largest


@settings(max_examples=60)
@given(data=st.data())
def test_no_partial_sum_is_beyond_the_bound(data: st.DataObject) -> None:
    """|y| <= weight_bound·L, even of the absolute contributions, so in any order."""
    code = data.draw(small_codes())
    sources = data.draw(st.integers(1, 6))
    spikes = data.draw(populations(code, (sources,)))
    column = data.draw(st.lists(st.integers(-32767, 32767), min_size=sources, max_size=sources))
    bound = sum(map(abs, column)) * code.largest_value
    total = sum(abs(v * w) for v, w in zip(spikes.values.tolist(), column, strict=True))
    assert total <= bound


def rules_of(probabilities_code: OatCode, steps: int, ties: Ties) -> LasAttentionRules:
    wide = OatCode(form=TrainForm(steps=steps), normal=1 << 16, outlier=1 << 22)
    return LasAttentionRules(
        causal=False,
        window=None,
        codes=HeadCodes(query=wide, key=wide, value=wide, probabilities=probabilities_code),
        score_scale=Scale(mantissa=np.asarray(47274), exponent=np.asarray(-17)),
        steps=steps,
        tables=TABLES,
        ties=ties,
    )


@settings(max_examples=80)
@given(
    below=st.lists(st.integers(0, 1 << 42) | st.integers(0, 1 << 30), max_size=40),
    copies=st.integers(1, 60),
    code=codes(1 << 17),
    rule=st.sampled_from(list(Rule)),
    ties=st.sampled_from(list(Ties)),
)
def test_probabilities_and_their_values_have_bounded_sums(
    below: list[int], copies: int, code: OatCode, rule: Rule, ties: Ties
) -> None:
    """Σ P <= 2^30 + 2^7 + S/2, and Σ p times any value stays within the bound of LAS-12."""
    steps = code.form.steps
    rules = rules_of(code, steps, ties)
    softmax = softmax_rules(4, rules)
    scores = np.array([[0] + below * copies], dtype=np.int64)
    hidden = np.zeros(scores.shape, dtype=np.bool_)
    found = probabilities(scores, hidden, softmax, LAS_DENSE)
    positions = scores.shape[1]
    total = int(found.values.sum())
    assert int(found.values.min()) >= 0
    assert total <= (1 << 30) + (1 << 7) + positions / 2
    assert 1 << 38 <= int(found.total[0]) < positions << 39
    values = encode_oat(found.values, 30, code).values
    largest = rules.codes.value.largest_value
    exact = ((1 << 14) + 2) * code.form.levels * (1 << (steps + 2))
    assert mixing_bound(rules.codes) == largest * ceil(Fraction(exact, code.divisor))
    assert int(values.sum()) * largest <= mixing_bound(rules.codes)


def test_a_mantissa_rounded_down_can_carry_the_sum_past_one() -> None:
    """The inverse is that of m, and the sum a little more: at most one part in 2^23."""
    code = OatCode(form=TrainForm(), normal=1, outlier=1)
    softmax = replace(
        softmax_rules(4, rules_of(code, 16, Ties.HALF_EVEN)),
        scale=Scale(mantissa=np.asarray(1 << 15), exponent=np.asarray(-31)),
        bound=1 << 45,
    )
    below = np.array([[0, 582446, 740430]], dtype=np.int64)
    found = probabilities(below, np.zeros(below.shape, dtype=np.bool_), softmax, LAS_DENSE)
    assert int(found.values.sum()) == (1 << 30) + 117


@pytest.mark.parametrize("levels", [1, 15])
def test_scores_at_the_limit(levels: int) -> None:
    """2·d·L_query·L_key bounds the distance of any two scores."""
    code = OatCode(form=TrainForm(levels=levels), normal=1 << 16, outlier=1 << 20)
    rules = rules_of(code, 16, Ties.HALF_EVEN)
    query = encode_oat(np.full((1, 4), 1 << 40, dtype=np.int64), 16, rules.codes.query)
    keys = encode_oat(np.array([[1 << 40] * 4, [-(1 << 40)] * 4]).T, 16, rules.codes.key)
    (scores,) = LAS_DENSE.saa(query, keys, softmax_rules(4, rules).bound >> 1)
    top, bottom = scores[0].tolist()
    assert top - bottom == softmax_rules(4, rules).bound
