"""Compiled loops over rows, in threads; the work of NumPy where there is no compiler.

Who has a loop asks `suits_loops` and calls `over_rows`, or else goes on in NumPy.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import (
    even_parts,
    map_in_threads,
    map_row_blocks,
    threads_for,
)

WORTH_LOADING = 1 << 17
"""Elements from which on loops are used. Loading the compiler takes half a second, and compiling a
loop about as long the first time, which small models never win back."""

SHARES = 4
"""Parts for each thread, so that one which wakes late leaves the others no idle time."""

Loop: TypeAlias = Callable[..., None]
"""(first row, last row + 1, arrays and numbers) -> None."""

LOOP_BLOCK_ELEMENTS = 1 << 22
"""Elements of a block around loops: its arrays of 64 bits have 32 MB each."""

Result = TypeVar("Result")


def suits_loops(elements: int) -> bool:
    """Return whether loops do the work on so many elements."""
    return elements >= WORTH_LOADING and _compiler() is not None


def over_rows(
    loop: Loop, rows: int, elements: int, given: tuple[Any, ...], *filled: NDArray[Any]
) -> None:
    """Call loop(first, last, *given, *filled) for all rows, a share on each core.

    elements: how many all the rows have; only where suits_loops. given: arrays and numbers that
    the loop reads; filled: arrays in C order that it writes.
    """
    run = _machine_code(loop)
    arguments = *(_in_c_order(one) for one in given), *filled
    threads = threads_for(elements)
    parts = even_parts(rows, threads * SHARES if threads > 1 else 1)
    map_in_threads(lambda part: run(part.start, part.stop, *arguments), parts, elements)


def _in_c_order(given: Any) -> Any:
    """Return an array as one of native bytes in C order, and all else as it is.

    Each other layout would be compiled too, and byte orders would be taken for one another.
    """
    if not isinstance(given, np.ndarray) or (given.flags.c_contiguous and given.dtype.isnative):
        return given
    return np.ascontiguousarray(given, dtype=given.dtype.newbyteorder("="))


def map_loop_blocks(rows: int, columns: int, work: Callable[[slice], Result]) -> list[Result]:
    """Return what map_row_blocks does, for work that is loops above all, which have threads.

    Where loops suit it, blocks come one after another, so large that few calls do.
    """
    if not suits_loops(rows * columns):
        return map_row_blocks(rows, columns, work)
    return [work(part) for part in even_parts(rows, -(-rows * columns // LOOP_BLOCK_ELEMENTS))]


@cache
def _compiler() -> Any | None:
    """Return what compiles, or None where there is nothing that does."""
    try:
        from numba import config, njit
    except Exception:  # a broken installation, or one for another NumPy, is as good as none
        return None
    return None if config.DISABLE_JIT else njit


@cache
def _machine_code(loop: Loop) -> Loop:
    """Return the loop compiled, without the interpreter's lock, so that all cores work at once."""
    compile_loop = _compiler()
    assert compile_loop is not None

    def compiled(keep: bool) -> Loop:
        made: Loop = compile_loop(nogil=True, cache=keep, error_model="numpy")(loop)
        return made

    try:
        used = compiled(keep=True)
    except RuntimeError:  # no folder to keep it in
        return compiled(keep=False)

    def run(*arguments: Any) -> None:
        nonlocal used
        try:
            used(*arguments)
        except Exception:
            # Loops raise nothing: the folder is full, not ours, or holds what cannot be read.
            used = compiled(keep=False)
            used(*arguments)

    return run
