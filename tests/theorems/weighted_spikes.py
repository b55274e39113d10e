"""Weighted spikes one by one in plain Python, and random populations of OAT neurons (NEUR-5)."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from spikeref.neurons.outlier_aware import OatCode, OatSpikes, TrainForm, encode_oat
from tests.neurons.oat_codes import RULES

Matrix = list[list[int]]


@dataclass(frozen=True)
class Spike:
    """One spike: its neuron's index, its time step from 1, and what it weighs, signed."""

    place: tuple[int, ...]
    step: int
    weight: int


@st.composite
def small_codes(draw: st.DrawFn) -> OatCode:
    """Codes of any form whose ratios are small, so that thresholds matter to small integers."""
    form = draw(
        st.builds(
            TrainForm, steps=st.integers(10, 16), levels=st.integers(1, 15), rule=RULES, gate=RULES
        )
    )
    divisor = draw(st.integers(1, 1 << 16))
    first, second = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    return OatCode(
        form=form, normal=divisor * min(first, second), outlier=divisor * max(first, second)
    )


@st.composite
def populations(draw: st.DrawFn, code: OatCode, shape: tuple[int, ...]) -> OatSpikes:
    """Spikes of random integers: small, near both thresholds, and saturating."""
    size = int(np.prod(shape, dtype=np.int64))
    near = st.sampled_from([code.normal, code.outlier]).flatmap(
        lambda t: st.integers(max(0, t - 2), t + 2)
    )
    magnitude = st.integers(0, 2 * code.outlier) | near | st.just(0)
    signed = st.builds(lambda m, s: m * s, magnitude, st.sampled_from([1, -1]))
    drawn = draw(st.lists(signed, min_size=size, max_size=size))
    return encode_oat(np.array(drawn, dtype=np.int64).reshape(shape), 16, code)


def spikes_one_by_one(spikes: OatSpikes) -> list[Spike]:
    """Every spike in order of time step, then neuron: NEUR-5 with Python integers."""
    form, ratios = spikes.code.form, spikes.code.ratios
    found = []
    for place in np.ndindex(spikes.counts.shape):
        count, ratio = int(spikes.counts[place]), ratios[int(spikes.outliers[place])]
        rest = abs(count)
        for step in range(1, form.steps + 1):
            sizes = range(form.levels, 2 * form.levels)
            size = max((s for s in sizes if s << (form.steps - step) <= rest), default=0)
            rest -= size << (form.steps - step)
            weight = (size << (form.steps - step)) * ratio
            if size:
                found.append(Spike(place, step, -weight if count < 0 else weight))
        assert rest == 0
    return sorted(found, key=lambda s: (s.step, s.place))
