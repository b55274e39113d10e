"""Counts unfold into left-aligned trains and fold back (ENC-5, equations 10 and 17)."""

from typing import Any

import numpy as np
import pytest

from spikeref.errors import UsageError
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.neurons.trains import fired_at, fold, unfold, virtual_steps

LIMITS = {Encoding.TERNARY: lambda b: (-(1 << (b - 1)), (1 << (b - 1)) - 1),
          Encoding.BINARY: lambda b: (0, (1 << b) - 1)}  # fmt: skip
TYPES = {Encoding.TERNARY: np.int8, Encoding.BINARY: np.uint8}


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("encoding", list(Encoding))
def test_every_count_of_every_width(bits: int, encoding: Encoding) -> None:
    low, high = LIMITS[encoding](bits)
    length = Encoder(bits=bits, encoding=encoding).train_length
    assert length == (1 << (bits - 1) if encoding is Encoding.TERNARY else (1 << bits) - 1)
    counts = np.arange(low, high + 1).astype(TYPES[encoding])
    train = unfold(counts, length)
    assert train.shape == (length, counts.size)
    for c, spikes in zip(counts.tolist(), train.T.tolist(), strict=True):
        sign = (c > 0) - (c < 0)
        assert spikes == [sign] * abs(c) + [0] * (length - abs(c))
    assert fold(train).tolist() == counts.tolist()
    for step, spikes in enumerate(virtual_steps(counts, length), start=1):
        np.testing.assert_array_equal(spikes, train[step - 1])
        np.testing.assert_array_equal(spikes, fired_at(counts, step))


def test_the_trains_of_the_paper() -> None:
    """A count of 7 of 15 is 1111111 00000000; a count of −1 of 8 is −1 0000000."""
    seven = unfold(np.array([7], dtype=np.uint8), 15)[:, 0]
    assert seven.tolist() == [1] * 7 + [0] * 8
    minus_one = unfold(np.array([-1], dtype=np.int8), 8)[:, 0]
    assert minus_one.tolist() == [-1] + [0] * 7


def test_counts_of_any_shape() -> None:
    counts = np.array([[[1, -2], [0, 3]]], dtype=np.int8)
    train = unfold(counts, 4)
    assert train.shape == (4, 1, 2, 2)
    np.testing.assert_array_equal(fold(train), counts)


@pytest.mark.parametrize("count", [9, -9])
def test_a_count_too_large_for_its_train(count: int) -> None:
    with pytest.raises(UsageError, match="does not fit a train of 8 virtual steps"):
        unfold(np.array([0, count], dtype=np.int8), 8)


@pytest.mark.parametrize("form", [np.int8, np.uint8, np.int16, np.uint16])
def test_counts_of_any_type(form: type[Any]) -> None:
    """A train may be longer than the type of its counts can count."""
    low, high = max(np.iinfo(form).min, -300), min(np.iinfo(form).max, 300)
    train = unfold(np.array([low, 0, 3, high], dtype=form), 300)
    assert fold(train).tolist() == [low, 0, 3, high]
    assert not train[max(high, -low) :].any()


def test_no_neurons_fire_nothing() -> None:
    assert unfold(np.zeros((0,), dtype=np.int8), 8).shape == (8, 0)
