"""The OAT neuron: gate, counts, values, unit, and what a code must keep (NEUR-3, NEUR-4)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.arith.ties import Ties
from spikeref.errors import UsageError
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import OatCode, TrainForm, encode_oat, saturated
from tests.arith.integers import nearest
from tests.neurons.oat_codes import codes, encoded_by_definition

FRACTIONS = st.sampled_from([16, 20])


def near(code: OatCode, fraction_bits: int, drawn: list[int]) -> list[int]:
    """The drawn integers, both thresholds and their neighbours, of both signs."""
    edges = [t << (fraction_bits - 16) for t in (code.normal, code.outlier)]
    grid = [*drawn, 0, 1, *(edge + d for edge in edges for d in (-1, 0, 1))]
    return [x * sign for x in grid for sign in (1, -1)]


@given(
    code=codes(),
    fraction_bits=FRACTIONS,
    drawn=st.lists(st.integers(0, 1 << 39) | st.integers(0, 1 << 20), max_size=6),
)
def test_arrays_are_the_definition(code: OatCode, fraction_bits: int, drawn: list[int]) -> None:
    grid = near(code, fraction_bits, drawn)
    found = encode_oat(np.array(grid, dtype=np.int64), fraction_bits, code)
    expected = [encoded_by_definition(x, fraction_bits, code) for x in grid]
    assert list(zip(found.counts.tolist(), found.outliers.tolist(), strict=True)) == expected
    assert found.counts.dtype == np.int32
    ratios = Fraction(code.normal, code.divisor), Fraction(code.outlier, code.divisor)
    assert found.values.tolist() == [c * ratios[o] for c, o in expected]
    assert max(map(abs, found.values.tolist())) <= code.largest_value < 1 << 30
    beyond = saturated(np.array(grid, dtype=np.int64), fraction_bits, code)
    assert beyond.tolist() == [abs(x) > code.outlier << (fraction_bits - 16) for x in grid]


@given(code=codes(1 << 17), drawn=st.lists(st.integers(0, (1 << 30) + 5), max_size=6))
def test_probabilities_have_30_fraction_bits(code: OatCode, drawn: list[int]) -> None:
    grid = near(code, 30, drawn)
    found = encode_oat(np.array(grid, dtype=np.int64), 30, code)
    expected = [encoded_by_definition(x, 30, code) for x in grid]
    assert list(zip(found.counts.tolist(), found.outliers.tolist(), strict=True)) == expected


@given(code=codes(), x=st.integers(-(1 << 36), 1 << 36))
def test_a_value_times_its_unit_is_near_what_it_stands_for(code: OatCode, x: int) -> None:
    """v·U with U = G·2^−(16+T)/n lies within Θ·2^−T below |x|, saturation aside."""
    found = encode_oat(np.array([x], dtype=np.int64), 16, code)
    form = code.form
    unit = Fraction(code.divisor, form.levels << (16 + form.steps))
    threshold = code.outlier if found.outliers[0] else code.normal
    left = Fraction(min(abs(x), threshold), 1 << 16) - abs(int(found.values[0])) * unit
    assert 0 <= left <= Fraction(threshold, 1 << (16 + form.steps))


def check_unit(code: OatCode) -> None:
    """m·2^e is U rounded once, half to even, to 16 bits (NEUR-4)."""
    exact = Fraction(code.divisor, code.form.levels << (16 + code.form.steps))
    mantissa, exponent = int(code.unit.mantissa), int(code.unit.exponent)
    assert 1 << 15 <= mantissa < 1 << 16
    rounded = nearest(exact / Fraction(2) ** exponent, Ties.HALF_EVEN)
    # A mantissa that rounds to 2^16 is written as 2^15 with the next exponent.
    assert rounded == mantissa or (mantissa == 1 << 15 and 2 * exact >= (1 << 17) - 1)
    odd = code.divisor // (code.divisor & -code.divisor)
    if code.form.levels == 1 and odd < 1 << 16:
        assert exact == mantissa * Fraction(2) ** exponent


@given(code=codes())
def test_units(code: OatCode) -> None:
    check_unit(code)


@pytest.mark.parametrize("levels", range(1, 16))
def test_units_of_many_thresholds(levels: int) -> None:
    """Among them quotients that a division of too few digits would take for ties."""
    form = TrainForm(steps=16, levels=levels)
    ties = [((1 << 16) + 1 + 2 * k) * levels + d for k in range(120) for d in (-1, 0, 1)]
    for threshold in (*range(1, 400), *ties):
        check_unit(OatCode(form=form, normal=threshold, outlier=threshold))


@pytest.mark.parametrize("gate", list(Rule))
@pytest.mark.parametrize("levels", [1, 10])
def test_every_integer_of_a_small_code(gate: Rule, levels: int) -> None:
    form = TrainForm(steps=10, levels=levels, gate=gate)
    code = OatCode(form=form, normal=1 << 8, outlier=3 << 8)
    grid = range(-(3 << 8) - 2, (3 << 8) + 3)
    found = encode_oat(np.array(grid, dtype=np.int64), 16, code)
    for x, count, outlier in zip(grid, found.counts.tolist(), found.outliers.tolist(), strict=True):
        assert (count, outlier) == encoded_by_definition(x, 16, code)


def test_both_gates_at_the_normal_threshold() -> None:
    for gate, expected in ((Rule.BELOW, True), (Rule.AT_MOST, False)):
        code = OatCode(form=TrainForm(gate=gate), normal=8 << 16, outlier=512 << 16)
        for sign in (1, -1):
            found = encode_oat(np.array([sign * (8 << 16)], dtype=np.int64), 16, code)
            assert bool(found.outliers[0]) is expected


@pytest.mark.parametrize(
    ("normal", "outlier"), [(0, 1), (2, 1), (1, (1 << 32) + 1), (-1, 5), (1, 0)]
)
def test_thresholds_out_of_range(normal: int, outlier: int) -> None:
    with pytest.raises(UsageError, match=r"1 <= normal <= outlier <= 2\^32") as refused:
        OatCode(form=TrainForm(), normal=normal, outlier=outlier)
    assert "\n" not in str(refused.value)


def test_values_keep_below_30_bits() -> None:
    """max(r)·(2n − 1)·(2^T − 1) < 2^30, met and missed by one unit of the ratio."""
    most = ((1 << 30) - 1) // ((1 << 16) - 1)
    kept = OatCode(form=TrainForm(), normal=1, outlier=most)
    assert kept.largest_value == most * 65535
    for form, ratio in (
        (TrainForm(), most + 1),
        (TrainForm(levels=15), (1 << 30) // (29 * 65535) + 1),
    ):
        with pytest.raises(UsageError, match="beyond 30 bits") as refused:
            OatCode(form=form, normal=1, outlier=ratio)
        assert "\n" not in str(refused.value)
    OatCode(form=TrainForm(), normal=1 << 32, outlier=1 << 32)


@pytest.mark.parametrize(("steps", "levels"), [(9, 1), (17, 1), (16, 0), (16, 16)])
def test_forms_out_of_range(steps: int, levels: int) -> None:
    with pytest.raises(UsageError, match="are possible") as refused:
        TrainForm(steps=steps, levels=levels)
    assert "\n" not in str(refused.value)


def test_parts_of_spikes() -> None:
    """Indices and transposition keep counts, flags and code together."""
    code = OatCode(form=TrainForm(), normal=1 << 16, outlier=4 << 16)
    x = np.array([[1, 70000, -5], [-300000, 2, 65536]], dtype=np.int64)
    whole = encode_oat(x, 16, code)
    assert whole[1].values.tolist() == whole.values[1].tolist()
    assert whole.transposed.values.tolist() == whole.values.T.tolist()
    assert whole.transposed[0, 1].values == whole.values[1, 0]
    assert whole.train.steps == 16
