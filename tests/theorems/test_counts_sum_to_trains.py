"""THM-5: a count and its train drive the same sums (equations 10 and 17)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.neurons.counts import Encoder, Encoding
from spikeref.neurons.trains import fold, unfold
from tests.engine.populations import product_by_python
from tests.theorems.populations import weights_and

BITS = 5
RANGES = {Encoding.TERNARY: (-(1 << (BITS - 1)), (1 << (BITS - 1)) - 1),
          Encoding.BINARY: (0, (1 << BITS) - 1)}  # fmt: skip


@pytest.mark.parametrize("encoding", list(Encoding))
@given(data=st.data())
def test_the_train_of_a_product_is_the_product_of_the_train(
    encoding: Encoding, data: st.DataObject
) -> None:
    """S = Σ_d s_d with s_d in {0, 1} or {−1, 0, 1}, so W·S = Σ_d W·s_d, for D virtual steps."""
    low, high = RANGES[encoding]
    rows, counts = data.draw(weights_and(st.integers(low, high)))
    dtype = np.uint8 if encoding is Encoding.BINARY else np.int8
    population = np.array(counts, dtype=dtype)
    train = unfold(population, Encoder(bits=BITS, encoding=encoding).train_length)
    assert set(np.unique(train).tolist()) <= ({0, 1} if low == 0 else {-1, 0, 1})
    assert fold(train).tolist() == counts
    weights = np.array(rows, dtype=np.int64)
    whole = product_by_python(population[None], weights)[0]
    by_step = product_by_python(train, weights)
    assert [sum(column) for column in zip(*by_step, strict=True)] == whole


@given(counts=st.lists(st.integers(-128, 127), min_size=1, max_size=20), seed=st.integers(0, 99))
def test_no_order_of_the_steps_changes_the_count(counts: list[int], seed: int) -> None:
    """Left-aligned or not: any permutation of the D steps sums to the same counts."""
    train = unfold(np.array(counts, dtype=np.int8), 128)
    shuffled = np.random.default_rng(seed).permuted(train, axis=0)
    assert fold(shuffled).tolist() == counts
