"""THM-2: a binary spike vector turns a product into additions (theorem 2, equations 11 to 13)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.sparse_addition import add_rows
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.neurons.counts import Encoder, Encoding
from tests.engine.populations import product_by_python, synaptic_of
from tests.theorems.populations import weights_and


@given(case=weights_and(st.integers(0, 1)))
def test_the_product_is_the_sum_of_the_rows_that_fired(
    case: tuple[list[list[int]], list[int]],
) -> None:
    """For x in {0, 1}^n: W·x = Σ_(j: x_j = 1) W_j, and nothing else is added."""
    rows, x = case
    weights = np.array(rows, dtype=np.int64)
    spikes = np.array(x, dtype=np.uint8)
    expected = product_by_python(spikes[None], weights)[0]
    fired = [row for row, spike in zip(rows, x, strict=True) if spike == 1]
    assert [sum(column) for column in zip(*fired, strict=True)] == (expected if fired else [])
    accumulator = np.zeros(weights.shape[1], dtype=np.int64)
    add_rows(accumulator, weights, 127, np.flatnonzero(spikes))
    assert accumulator.tolist() == expected
    encoder = Encoder(bits=2, encoding=Encoding.BINARY)
    synaptic = synaptic_of(weights, encoder)
    for engine in (SYNCHRONOUS, asynchronous()):
        assert engine.project(spikes[None], synaptic, encoder).tolist() == [expected]
