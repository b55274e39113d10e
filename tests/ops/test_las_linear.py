"""OAT inputs, operators, logits and the feed-forward's product (LAS-5, LAS-6, LAS-13, LAS-15)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.arith.ties import Ties
from spikeref.compiler.function_tables import standard_neuron
from spikeref.engine.events import Shuffled
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.functions.tables import FunctionName
from spikeref.model.las_layers import WideSynapses
from spikeref.model.layers import DyadicRows
from spikeref.neurons.outlier_aware import OatCode, TrainForm
from spikeref.ops.las_feed_forward import activation_code, activation_values, gated_product
from spikeref.ops.las_linear import oat_input, spiking_logits, wide_linear
from tests.neurons.oat_codes import codes
from tests.ops.las_transcription import Row, combine, gated, hg, oat, unit_of, wide_rescale
from tests.theorems.weighted_spikes import small_codes

TIES = st.sampled_from(list(Ties))
WIDE = st.integers(-(1 << 39), (1 << 39) - 1) | st.integers(-(1 << 20), 1 << 20)


@given(code=codes(), rows=st.lists(st.lists(WIDE, min_size=3, max_size=3), min_size=1, max_size=4),
       fraction_bits=st.sampled_from([16, 20]))  # fmt: skip
def test_inputs(code: OatCode, rows: list[Row], fraction_bits: int) -> None:
    found = oat_input(np.array(rows, dtype=np.int64), fraction_bits, code)
    expected = [[oat(x, fraction_bits, code) for x in row] for row in rows]
    assert found.spikes.counts.tolist() == [[s.count for s in row] for row in expected]
    assert found.spikes.outliers.tolist() == [[s.outlier for s in row] for row in expected]
    assert found.spikes.values.tolist() == [[s.value for s in row] for row in expected]
    assert found.saturations.tolist() == [sum(s.saturated for s in row) for row in expected]


@settings(max_examples=80)
@given(data=st.data(), code=small_codes(), ties=TIES, bits=st.sampled_from([32, 40]))
def test_operators(data: st.DataObject, code: OatCode, ties: Ties, bits: int) -> None:
    """Accumulators, outputs and saturations of each token, with and without biases."""
    sources, targets = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    weight = st.lists(st.integers(-32767, 32767), min_size=targets, max_size=targets)
    weights = data.draw(st.lists(weight, min_size=sources, max_size=sources))
    x = data.draw(
        st.lists(st.lists(WIDE, min_size=sources, max_size=sources), min_size=1, max_size=3)
    )
    mantissas = st.lists(st.integers(1 << 15, (1 << 16) - 1), min_size=targets, max_size=targets)
    exponents = st.lists(st.integers(-40, 8), min_size=targets, max_size=targets)
    scales = list(zip(data.draw(mantissas), data.draw(exponents), strict=True))
    offset = st.lists(st.integers(-(1 << 39), (1 << 39) - 1), min_size=targets, max_size=targets)
    bias = data.draw(st.none() | offset)
    largest = max(sum(abs(row[m]) for row in weights) for m in range(targets))
    synapses = WideSynapses(
        weights=np.array(weights, dtype=np.int16),
        channel_mantissas=np.array([m for m, _ in scales], dtype=np.uint16),
        channel_exponents=np.array([e for _, e in scales], dtype=np.int16),
        bias=None if bias is None else np.array(bias, dtype=np.int64),
        zero_weights=np.zeros(sources, dtype=np.int32),
        weight_bound=largest,
    )
    given_input = oat_input(np.array(x, dtype=np.int64), 16, code)
    for engine in (LAS_DENSE, LAS_SYNCHRONOUS):
        found = wide_linear(given_input.spikes, synapses, engine, 32767, bits, ties)
        for t, row in enumerate(x):
            values = [oat(v, 16, code).value for v in row]
            y = [
                sum(v * w[m] for v, w in zip(values, weights, strict=True)) for m in range(targets)
            ]
            bound = largest * code.largest_value
            done = [
                wide_rescale(
                    a,
                    bound,
                    combine(unit_of(code), scale, ties),
                    bits,
                    ties,
                    bias[m] if bias else 0,
                )
                for m, (a, scale) in enumerate(zip(y, scales, strict=True))
            ]
            assert found.accumulator[t].tolist() == y
            assert found.output.values[t].tolist() == [v for v, _ in done]
            assert int(found.output.count[t]) == sum(cut for _, cut in done)


@given(code=small_codes(), ties=TIES, seed=st.integers(0, 99))
def test_logits(code: OatCode, ties: Ties, seed: int) -> None:
    """The head's rows as they are: SAW over mantissas, each row's exponent as its scale."""
    rng = np.random.default_rng(seed)
    head = DyadicRows(
        mantissas=rng.integers(-32767, 32768, size=(4, 3)).astype(np.int16),
        exponents=rng.integers(-30, 5, size=4).astype(np.int16),
    )
    x = rng.integers(-(1 << 22), 1 << 22, size=(2, 3))
    rows = head.mantissas.astype(np.int64)
    weight_bound = int(np.abs(rows).sum(axis=1).max())
    given_input = oat_input(x, 16, code)
    found = spiking_logits(given_input.spikes, head, weight_bound, LAS_DENSE, ties)
    for t in range(2):
        values = [oat(v, 16, code).value for v in x[t].tolist()]
        y = [sum(v * w for v, w in zip(values, row, strict=True)) for row in rows.tolist()]
        done = [
            wide_rescale(
                a,
                weight_bound * code.largest_value,
                combine(unit_of(code), (1 << 15, int(e) - 15), ties),
                32,
                ties,
            )
            for a, e in zip(y, head.exponents, strict=True)
        ]
        assert found.accumulator[t].tolist() == y
        assert found.output.values[t].tolist() == [v for v, _ in done]
        assert int(found.output.count[t]) == sum(cut for _, cut in done)


HEIGHTS = st.integers(-(1 << 31), (1 << 31) - 1) | st.integers(-(20 << 16), 20 << 16)


@given(
    name=st.sampled_from(["silu", "gelu", "gelu-tanh", "relu", "tanh"]),
    x=st.lists(HEIGHTS, min_size=1, max_size=8),
    steps=st.integers(10, 16),
)
def test_activations_have_20_fraction_bits(name: FunctionName, x: list[int], steps: int) -> None:
    neuron = standard_neuron(name)
    found = activation_values(activation_code(np.array([x], dtype=np.int64), neuron, steps))
    expected = [Fraction(c) * Fraction(2) ** (e + 20) for c, e in (hg(neuron, v, steps) for v in x)]
    assert found.tolist() == [expected]


@settings(max_examples=120)
@given(
    gate=st.lists(HEIGHTS, min_size=3, max_size=3),
    up=st.lists(HEIGHTS, min_size=3, max_size=3),
    code=codes(),
    ties=TIES,
)
def test_gated_products(gate: list[int], up: list[int], code: OatCode, ties: Ties) -> None:
    """Equation 21, whatever thresholds and levels the up projection's neurons have."""
    steps = code.form.steps
    neuron = standard_neuron("silu")
    coded = activation_code(np.array([gate], dtype=np.int64), neuron, steps)
    spikes = oat_input(np.array([up], dtype=np.int64), 16, code).spikes
    expected = [
        gated(hg(neuron, g, steps), oat(u, 16, code), unit_of(code), ties)
        for g, u in zip(gate, up, strict=True)
    ]
    for engine in (LAS_DENSE, LAS_SYNCHRONOUS, las_asynchronous(Shuffled(1), 5)):
        found = gated_product(coded, spikes, steps, engine, ties)
        assert found.values.tolist() == [[v for v, _ in expected]]
        assert found.count.tolist() == [sum(cut for _, cut in expected)]


@pytest.mark.parametrize("form", [TrainForm(), TrainForm(steps=10, levels=15)])
def test_gated_products_saturate(form: TrainForm) -> None:
    code = OatCode(form=form, normal=1 << 31, outlier=1 << 32)
    steps = form.steps
    coded = activation_code(
        np.array([[(1 << 31) - 1]], dtype=np.int64), standard_neuron("silu"), steps
    )
    spikes = oat_input(np.array([[-(1 << 32)]], dtype=np.int64), 16, code).spikes
    found = gated_product(coded, spikes, steps, LAS_DENSE, Ties.HALF_EVEN)
    assert found.values.tolist() == [[-(1 << 39)]]
    assert found.count.tolist() == [1]
