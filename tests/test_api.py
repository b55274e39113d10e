"""The Python interface: what README shows, and what it refuses."""

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikeref as sr
from spikeref.model.layers import IntegerModel
from spikeref.storage.atomic import atomic_file


def test_the_rotation_counts_train_and_sum_of_the_readme() -> None:
    u = sr.hadamard(np.array([3, -1, 4, 1], dtype=np.int32))
    assert u.tolist() == [7, 7, -3, 1]
    c = sr.encode_counts(u, bits=4)
    assert (c.counts.tolist(), int(c.amax)) == ([7, 7, -3, 1], 7)
    train = sr.unfold(c.counts, bits=4)
    assert train.shape == (8, 4)
    assert sr.sparse_add(train, np.eye(4, dtype=np.int8)).tolist() == [7, 7, -3, 1]


def test_sparse_addition_of_many_rows_is_the_product() -> None:
    counts = np.arange(-7, 8, dtype=np.int8).reshape(3, 5)
    weights = np.arange(-10, 10, dtype=np.int16).reshape(5, 4)
    train = sr.unfold(counts, bits=4)
    product = [
        [sum(int(c) * int(w) for c, w in zip(row, column, strict=True)) for column in weights.T]
        for row in counts
    ]
    assert sr.sparse_add(train, weights).tolist() == product


def test_binary_counts_of_any_type_unfold() -> None:
    counts = np.array([3, 0, 127], dtype=np.int8)
    train = sr.unfold(counts, bits=8, encoding="binary")
    assert train.shape == (255, 3)
    assert train.sum(axis=0).tolist() == [3, 0, 127]
    with pytest.raises(sr.UsageError, match="binary counts: -3 is negative"):
        sr.unfold(np.array([1, -3]), bits=8, encoding="binary")


@pytest.mark.parametrize("shape", [(8, 0, 4), (8, 2, 0), (0, 2, 4), (8, 0), (8, 2, 0, 4)])
def test_sparse_addition_of_nothing(shape: tuple[int, ...]) -> None:
    weights = np.ones((shape[-1], 3), dtype=np.int8)
    sums = sr.sparse_add(np.zeros(shape, dtype=np.int8), weights)
    assert sums.shape == (*shape[1:-1], 3)
    assert not sums.any()


def test_sparse_addition_ends_below_2_63() -> None:
    train = np.ones((2, 1, 2), dtype=np.int8)
    largest = (1 << 61) - 1
    assert sr.sparse_add(train, np.full((2, 1), -largest)).tolist() == [[-4 * largest]]
    with pytest.raises(sr.RangeError, match="9223372036854775808 does not fit 64 bits"):
        sr.sparse_add(train, np.full((2, 1), largest + 1))


def test_a_run_has_one_logit_row_for_each_decoded_token(tiny_model: IntegerModel) -> None:
    done = sr.run(tiny_model, [1, 2, 3], max_new_tokens=3)
    assert len(done.new_tokens) == 3
    assert done.decoded_tokens == [1, 2, 3, *done.new_tokens[:2]]
    assert done.logits.shape == (5, tiny_model.config.shape.vocab)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "foo"}, "engine 'foo' is unknown; known: dense, sync, async"),
        ({"engine": "async", "arrival": "foo"}, "arrival 'foo' is not"),
        ({"max_new_tokens": -1}, "max_new_tokens: -1 is negative"),
    ],
)
def test_what_run_refuses(
    tiny_model: IntegerModel, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(sr.UsageError, match=message):
        sr.run(tiny_model, [1], **arguments)


@pytest.mark.parametrize(
    ("u", "arguments", "message"),
    [
        ([1, 2], {"bits": 4}, "a NumPy array is needed, got list"),
        (np.array([0.5]), {"bits": 4}, "integers are needed, got float64"),
        (np.array([1 << 31]), {"bits": 4}, r"beyond 2\^30"),
        (np.array([1]), {"bits": 9}, "2 to 8 are possible"),
        (np.array([1]), {"bits": 4, "encoding": "unary"}, "encoding 'unary' is unknown"),
        (np.array([1]), {"bits": 4, "clip_ratio": Fraction(0)}, "clip ratio"),
        (np.array(1), {"bits": 4}, "has no neurons"),
    ],
)
def test_what_the_encoder_refuses(u: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(sr.UsageError, match=message):
        sr.encode_counts(u, **arguments)


def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(sr.UsageError, match="is a device or a pipe"), atomic_file(pipe):
        pass
    assert pipe.is_fifo()
