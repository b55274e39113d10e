"""Where compiled loops run, and what happens where their code cannot be kept."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.arith import compiled
from spikeref.arith.compiled import WORTH_LOADING, Loop, map_loop_blocks, over_rows, suits_loops
from tests.loops import interpreted_loops


@pytest.fixture
def interpreted() -> Iterator[None]:
    with interpreted_loops():
        yield


@pytest.fixture
def forgotten() -> Iterator[None]:
    """No loop is compiled before or after."""
    compiled._machine_code.cache_clear()
    yield
    compiled._machine_code.cache_clear()


def test_small_work_and_other_machines_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not suits_loops(WORTH_LOADING - 1)
    monkeypatch.setattr(compiled, "_compiler", lambda: None)
    assert not suits_loops(WORTH_LOADING)


class CompilerWithoutSpace:
    """Compiles; what it keeps finds no room, or no folder at all."""

    def __init__(self, folder: bool) -> None:
        self.folder = folder
        self.calls = 0

    def __call__(self, *, cache: bool, **_: object) -> Callable[[Loop], Loop]:
        self.calls += 1
        if cache and not self.folder:
            raise RuntimeError("cannot cache function: no locator available")

        def made(loop: Loop) -> Loop:
            def run(*arguments: Any) -> None:
                if cache:
                    raise OSError(28, "No space left on device")
                loop(*arguments)

            return run

        return made


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("folder", [True, False])
def test_no_room_to_keep_machine_code(folder: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is made once more, for this process alone."""
    compiler = CompilerWithoutSpace(folder)
    monkeypatch.setattr(compiled, "_compiler", lambda: compiler)

    def count(first: int, last: int, result: NDArray[np.int64]) -> None:
        result[first:last] += 1

    result = np.zeros(5, dtype=np.int64)
    for _ in range(3):
        over_rows(count, 5, 1, (), result)
    assert result.tolist() == [3] * 5
    assert compiler.calls == 2


SHIFT = """
import numpy as np
from spikeref.arith.rounding import round_shift
from spikeref.arith.ties import Ties
x = np.arange(1 << 18).reshape(4, -1)
print(round_shift(x, 3, Ties.HALF_EVEN).sum())
"""


def test_damaged_machine_code_is_made_anew(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def run() -> str:
        command = [sys.executable, "-c", SHIFT]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        ).stdout

    expected = run()
    kept = list(tmp_path.rglob("*.nbi"))
    assert kept
    for path in kept:
        path.write_bytes(b"")
    assert run() == expected


@pytest.mark.usefixtures("interpreted")
def test_blocks_around_loops_keep_to_one_thread_and_their_size() -> None:
    rows, columns = 10, compiled.LOOP_BLOCK_ELEMENTS // 3
    ours = threading.current_thread()
    blocks = map_loop_blocks(rows, columns, lambda block: (block, threading.current_thread()))
    assert {thread for _, thread in blocks} == {ours}
    assert [i for block, _ in blocks for i in range(block.start, block.stop)] == list(range(rows))
    for block, _ in blocks:
        assert (block.stop - block.start) * columns <= compiled.LOOP_BLOCK_ELEMENTS
