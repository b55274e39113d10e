"""THM-4: a ternary spike vector adds and subtracts rows (theorem 4, equations 18 to 21)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.events import events_of
from spikeref.engine.sparse_addition import add_rows, subtract_rows
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.neurons.counts import Encoder, Encoding
from tests.engine.populations import product_by_python, synaptic_of
from tests.theorems.populations import weights_and


@given(case=weights_and(st.integers(-1, 1)))
def test_the_product_is_what_rose_minus_what_fell(
    case: tuple[list[list[int]], list[int]],
) -> None:
    """For x in {−1, 0, 1}^n: W·x = Σ_(x_j = 1) W_j − Σ_(x_j = −1) W_j."""
    rows, x = case
    weights = np.array(rows, dtype=np.int64)
    spikes = np.array(x, dtype=np.int8)
    expected = product_by_python(spikes[None], weights)[0]
    accumulator = np.zeros(weights.shape[1], dtype=np.int64)
    add_rows(accumulator, weights, 127, np.flatnonzero(spikes == 1))
    subtract_rows(accumulator, weights, 127, np.flatnonzero(spikes == -1))
    assert accumulator.tolist() == expected
    encoder = Encoder(bits=2, encoding=Encoding.TERNARY)
    synaptic = synaptic_of(weights, encoder)
    for engine in (SYNCHRONOUS, asynchronous()):
        assert engine.project(spikes[None], synaptic, encoder).tolist() == [expected]


@given(case=weights_and(st.integers(-1, 1)))
def test_each_event_contributes_its_signed_row(case: tuple[list[list[int]], list[int]]) -> None:
    """Event j adds x_j·W_j = ±W_j (equations 20 and 21); a silent neuron sends no event."""
    rows, x = case
    weights = np.array(rows, dtype=np.int64)
    encoder = Encoder(bits=2, encoding=Encoding.TERNARY)
    events = events_of(np.array(x, dtype=np.int8), encoder)
    assert events.source.tolist() == [j for j, spike in enumerate(x) if spike]
    total = np.zeros(weights.shape[1], dtype=np.int64)
    for source, negative in zip(events.source, events.negative, strict=True):
        before = total.tolist()
        (subtract_rows if negative else add_rows)(total, weights, 127, np.array([source]))
        contribution = [a - b for a, b in zip(total.tolist(), before, strict=True)]
        assert contribution == [x[source] * w for w in rows[source]]
    assert total.tolist() == product_by_python(np.array([x]), weights)[0]
