"""THM-16: trains of fewer steps are the beginnings of longer ones (NEUR-2, NEUR-5, NEUR-7)."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikeref.neurons.binary_train import time_steps
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import OatCode, OatSpikes, TrainForm, encode_oat

MAGNITUDES = st.integers(0, 1 << 34) | st.integers(0, 1 << 18)
THRESHOLDS = st.sampled_from([(1, 1), (3, 5), (1, 64), (7, 7), (2, 9)])


@given(
    x=MAGNITUDES,
    sign=st.sampled_from([1, -1]),
    ratio=THRESHOLDS,
    divisor=st.integers(1, 1 << 25),
    levels=st.integers(1, 15),
    rule=st.sampled_from(list(Rule)),
    gate=st.sampled_from(list(Rule)),
)
def test_prefixes_and_refinement(
    x: int,
    sign: int,
    ratio: tuple[int, int],
    divisor: int,
    levels: int,
    rule: Rule,
    gate: Rule,
) -> None:
    """Step t fires alike whatever T > t; each step more can only bring the value nearer."""

    def encoded(steps: int) -> OatSpikes:
        form = TrainForm(steps=steps, levels=levels, rule=rule, gate=gate)
        code = OatCode(form=form, normal=ratio[0] * divisor, outlier=ratio[1] * divisor)
        return encode_oat(np.array([sign * x], dtype=np.int64), 16, code)

    longest = [int(s[0]) for s in time_steps(encoded(16).train)]
    before = Fraction(0)
    for steps in range(10, 17):
        spikes = encoded(steps)
        assert [int(s[0]) for s in time_steps(spikes.train)] == longest[:steps]
        assert spikes.outliers.tolist() == encoded(16).outliers.tolist()
        unit = Fraction(divisor, levels << steps)
        value = abs(int(spikes.values[0])) * unit
        assert before <= value <= x
        before = value


@given(
    first=MAGNITUDES,
    second=MAGNITUDES,
    ratio=THRESHOLDS,
    divisor=st.integers(1, 1 << 25),
    steps=st.integers(10, 16),
    levels=st.integers(1, 15),
    rule=st.sampled_from(list(Rule)),
)
def test_within_a_sub_neuron_counts_rise_with_magnitudes(
    first: int,
    second: int,
    ratio: tuple[int, int],
    divisor: int,
    steps: int,
    levels: int,
    rule: Rule,
) -> None:
    form = TrainForm(steps=steps, levels=levels, rule=rule)
    code = OatCode(form=form, normal=ratio[0] * divisor, outlier=ratio[1] * divisor)
    x = np.array(sorted((first, second)), dtype=np.int64)
    spikes = encode_oat(np.concatenate([x, -x]), 16, code)
    small, large, minus_small, minus_large = spikes.counts.tolist()
    assert (minus_small, minus_large) == (-small, -large)
    if spikes.outliers[0] == spikes.outliers[1]:
        assert small <= large
