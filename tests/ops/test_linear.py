"""A linear operator and its rescale (OP-8, ADD-4)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.arith.scalar import saturate
from spikeref.arith.ties import Ties
from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.dense import DENSE
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.model.layers import Synapses
from spikeref.model.profile import PROFILES, Profile, adjust_profile
from spikeref.neurons.counts import Encoding
from spikeref.ops.linear import linear
from spikeref.ops.norm import Scaled
from spikeref.ops.spiking_input import spiking_input
from tests.arith.integers import nearest
from tests.engine.populations import synaptic_of
from tests.ops.signals import rows_of

SOURCES, TARGETS = 7, 4
PROFILES_UNDER_TEST = [
    PROFILES["rtn-w4a4kv4"],
    adjust_profile(PROFILES["sdllm-w8a8kv8"], clip_ratio=Fraction(9, 10), ties=Ties.HALF_UP),
    PROFILES["sdllm-binary-w4a4kv4"],
]


@st.composite
def synapses_of(draw: st.DrawFn, profile: Profile) -> Synapses:
    largest = profile.largest_weight
    rng = np.random.default_rng(draw(st.integers(0, 1 << 20)))
    weights = rng.integers(-largest, largest, size=(SOURCES, TARGETS), endpoint=True)
    weights = weights.astype(np.int8)
    targets = {"min_size": TARGETS, "max_size": TARGETS}
    mantissas = draw(st.lists(st.integers(1 << 15, (1 << 16) - 1), **targets))
    channel_exponents = draw(st.lists(st.integers(-60, 10), **targets))
    bias = draw(st.none() | st.lists(st.integers(-(1 << 39) + 1, (1 << 39) - 1), **targets))
    binary = profile.encoding is Encoding.BINARY
    return Synapses(
        weights=weights,
        channel_mantissas=np.array(mantissas, dtype=np.uint16),
        channel_exponents=np.array(channel_exponents, dtype=np.int16),
        bias=None if bias is None else np.array(bias, dtype=np.int64),
        weight_sums=weights.sum(axis=0, dtype=np.int32) if binary else None,
        zero_weights=(weights == 0).sum(axis=1, dtype=np.int32),
        accumulator_bound=synaptic_of(weights, profile.encoder()).accumulator_bound,
    )


@pytest.mark.parametrize("profile", PROFILES_UNDER_TEST, ids=lambda p: p.name)
@pytest.mark.parametrize("bits", [32, 40])
@settings(max_examples=20)
@given(data=st.data())
def test_an_operator_is_the_clause(profile: Profile, bits: int, data: st.DataObject) -> None:
    """Counts off their zero point times weights, times both scales, rounded once, plus bias."""
    synapses = data.draw(synapses_of(profile))
    u = data.draw(rows_of(1 << 40, SOURCES))
    exponent = np.array([data.draw(st.integers(-40, 0)) for _ in u], dtype=np.int64)
    given_input = spiking_input(Scaled(values=u, exponent=exponent), None, None, profile.encoder())
    expected = []
    for t in range(len(u)):
        spikes = given_input.spikes
        counts = [int(c) - int(spikes.zero_point[t]) for c in spikes.counts[t]]
        row = []
        for m in range(TARGETS):
            y = sum(c * int(w) for c, w in zip(counts, synapses.weights[:, m], strict=True))
            assert abs(y) <= synapses.accumulator_bound
            scale = Fraction(int(spikes.scale.mantissa[t]) * int(synapses.channel_mantissas[m]))
            scale *= Fraction(2) ** (
                int(spikes.scale.exponent[t])
                + int(given_input.exponent[t])
                + int(synapses.channel_exponents[m])
                + 16
            )
            bias = 0 if synapses.bias is None else int(synapses.bias[m])
            row.append((y, nearest(y * scale, profile.ties) + bias))
        expected.append(row)
    for engine in (DENSE, SYNCHRONOUS, asynchronous(batch=3)):
        done = linear(given_input, synapses, engine, profile, bits)
        for t, row in enumerate(expected):
            assert done.accumulator[t].tolist() == [y for y, _ in row]
            assert done.output.values[t].tolist() == [saturate(out, bits) for _, out in row]
            saturated = sum(saturate(out, bits) != out for _, out in row)
            assert int(done.output.count[t]) == saturated
