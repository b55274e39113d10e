"""Blocks of rows, on one thread or many, change no result."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from spikeref.arith.blocks import (
    BLOCK_ELEMENTS,
    THREADED_ELEMENTS,
    cores,
    for_row_blocks,
    map_in_threads,
    threads_for,
)
from spikeref.arith.exponential import STANDARD_COEFFICIENTS
from spikeref.arith.rescale import rescale
from spikeref.arith.rounding import Scale
from spikeref.arith.ties import Ties
from spikeref.neurons.counts import Encoder, Encoding, encode
from spikeref.ops.gate import silu_gate

WIDE = BLOCK_ELEMENTS // 2
"""Columns of which a block holds two rows."""

SHAPES = [
    (0, 5), (1, 1), (3, WIDE), (5, 2 * WIDE), (5, 2 * WIDE + 1), (BLOCK_ELEMENTS + 3, 1),
    (THREADED_ELEMENTS // WIDE - 1, WIDE), (THREADED_ELEMENTS // WIDE + 1, WIDE), (4, 0),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_blocks_cover_every_row_once(rows: int, columns: int) -> None:
    times = np.zeros(rows, dtype=np.int64)
    lock = threading.Lock()

    def work(block: slice) -> None:
        assert (block.stop - block.start) * columns <= max(BLOCK_ELEMENTS, columns)
        with lock:
            times[block] += 1

    for_row_blocks(rows, columns, work)
    assert times.tolist() == [1] * rows


@pytest.mark.parametrize("rows", [4, 2 * THREADED_ELEMENTS // WIDE])
def test_an_error_in_a_block_reaches_the_caller(rows: int) -> None:
    def work(block: slice) -> None:
        if block.stop == rows:
            raise ValueError("last block")

    with pytest.raises(ValueError, match="last block"):
        for_row_blocks(rows, WIDE, work)


@pytest.mark.skipif(threads_for(BLOCK_ELEMENTS) == 1, reason="one core")
def test_an_error_waits_for_the_blocks_that_have_begun() -> None:
    """And what has not begun never does."""
    begun = threading.Barrier(cores())
    finished = []

    def work(number: int) -> None:
        begun.wait(10)
        if number == 0:
            raise ValueError("first block")
        time.sleep(0.05)
        finished.append(number)

    with pytest.raises(ValueError, match="first block"):
        map_in_threads(work, range(2 * cores()), BLOCK_ELEMENTS)
    assert sorted(finished) == list(range(1, cores()))


@pytest.mark.skipif(threads_for(BLOCK_ELEMENTS) == 1, reason="one core")
def test_an_interrupt_waits_for_the_blocks_that_have_begun() -> None:
    """Wherever it comes: between items, or while waiting for another thread's."""
    release = threading.Event()
    finished = []

    def work(number: int) -> None:
        if threading.current_thread() is not threading.main_thread():
            release.wait(10)
            finished.append(number)
            return
        while not job_begun():
            time.sleep(0.001)
        threading.Timer(0.05, release.set).start()
        raise KeyboardInterrupt

    def job_begun() -> bool:
        return any(thread.name.startswith("spikeref_") for thread in threading.enumerate())

    with pytest.raises(KeyboardInterrupt):
        map_in_threads(work, range(50), BLOCK_ELEMENTS)
    after = list(finished)
    time.sleep(0.1)
    assert finished == after
    assert threads_for(BLOCK_ELEMENTS) == cores()


def test_work_in_a_thread_starts_no_more_threads() -> None:
    within = map_in_threads(lambda _: threads_for(BLOCK_ELEMENTS), range(2), BLOCK_ELEMENTS)
    assert within == [1, 1]


FORK = """
import os
from spikeref.arith.blocks import BLOCK_ELEMENTS, map_in_threads
numbers = range(5)
assert map_in_threads(abs, numbers, BLOCK_ELEMENTS) == list(numbers)
child = os.fork()
assert map_in_threads(abs, numbers, BLOCK_ELEMENTS) == list(numbers)
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_starts_threads_of_its_own() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], check=True, timeout=60)


ROWS, COLUMNS = 40, THREADED_ELEMENTS // 32
"""Enough elements for threads; a block holds four rows."""


@pytest.mark.parametrize("encoding", list(Encoding))
def test_counts_of_many_rows_are_those_of_each(encoding: Encoding) -> None:
    v = np.random.default_rng(0).integers(-(1 << 30), 1 << 30, size=(ROWS, COLUMNS))
    v[3] = 0
    encoder = Encoder(bits=4, encoding=encoding)
    whole = encode(v, encoder)
    for t in (0, 3, 4, ROWS - 1):
        one = encode(v[t], encoder)
        np.testing.assert_array_equal(whole.counts[t], one.counts)
        assert int(whole.amax[t]) == int(one.amax)


@pytest.mark.parametrize("largest", [1 << 20, 1 << 30])
def test_rescaled_rows_are_those_of_each(largest: int) -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(-largest, largest, size=(ROWS, COLUMNS))
    token = Scale(
        mantissa=rng.integers(1 << 15, 1 << 16, size=(ROWS, 1)),
        exponent=rng.integers(-40, -10, size=(ROWS, 1)),
    )
    channel = Scale(
        mantissa=rng.integers(1 << 15, 1 << 16, size=COLUMNS),
        exponent=rng.integers(-20, 0, size=COLUMNS),
    )
    bias = rng.integers(-(1 << 38), 1 << 38, size=COLUMNS)

    def rescaled(rows: slice) -> tuple[list[int], np.ndarray]:
        part = Scale(mantissa=token.mantissa[rows], exponent=token.exponent[rows])
        done = rescale(
            x[rows], (part, channel), fraction_bits=16, bits=32, ties=Ties.HALF_EVEN, bias=bias
        )
        return done.count.tolist(), done.values

    count, values = rescaled(slice(None))
    assert 0 < sum(count) < x.size
    for t in (0, 3, 4, ROWS - 1):
        one_count, one = rescaled(slice(t, t + 1))
        assert one_count == [count[t]]
        np.testing.assert_array_equal(one[0], values[t])


def test_gated_rows_are_those_of_each() -> None:
    g, a = np.random.default_rng(2).integers(-(1 << 31), 1 << 31, size=(2, ROWS, COLUMNS))
    whole = silu_gate(g, a, 1549082005, STANDARD_COEFFICIENTS, Ties.HALF_EVEN)
    for t in (0, 4, ROWS - 1):
        rows = slice(t, t + 1)
        one = silu_gate(g[rows], a[rows], 1549082005, STANDARD_COEFFICIENTS, Ties.HALF_EVEN)
        np.testing.assert_array_equal(one.values[0], whole.values[t])
