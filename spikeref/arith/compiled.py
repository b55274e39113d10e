"""Compiled loops over rows, in threads; the work of NumPy where there is no compiler.

Who has a loop asks `suits_loops` and calls `over_rows`, or else goes on in NumPy.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias, TypeVar

from spikeref.arith.blocks import (
    BLOCK_ELEMENTS,
    cores,
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

Result = TypeVar("Result")


def suits_loops(elements: int) -> bool:
    """Return whether loops do the work on so many elements."""
    return elements >= WORTH_LOADING and _compiler() is not None


def over_rows(loop: Loop, rows: int, elements: int, *arguments: Any) -> None:
    """Call loop(first, last, *arguments) for all rows, a share on each core.

    elements: how many all the rows have. Only where suits_loops.
    """
    run = _machine_code(loop)
    threads = threads_for(elements)
    parts = even_parts(rows, threads * SHARES if threads > 1 else 1)
    map_in_threads(lambda part: run(part.start, part.stop, *arguments), parts, elements)


def map_loop_blocks(rows: int, columns: int, work: Callable[[slice], Result]) -> list[Result]:
    """Return what map_row_blocks does, for work whose loops run in threads themselves.

    Where loops suit it, blocks come one after another, and only their number of elements is
    bounded.
    """
    if not suits_loops(rows * columns):
        return map_row_blocks(rows, columns, work)
    return [
        work(part) for part in even_parts(rows, -(-rows * columns // (cores() * BLOCK_ELEMENTS)))
    ]


@cache
def _compiler() -> Any | None:
    """Return the library that compiles, or None where there is none."""
    try:
        import numba
    except ImportError:  # a broken installation, or one for another NumPy, is as good as none
        return None
    return numba


@cache
def _machine_code(loop: Loop) -> Loop:
    """Return the loop compiled, without the interpreter's lock, so that all cores work at once."""
    compiler = _compiler()
    assert compiler is not None

    def compiled(keep: bool) -> Loop:
        made: Loop = compiler.njit(nogil=True, cache=keep, error_model="numpy")(loop)
        return made

    try:
        kept = compiled(keep=True)
    except RuntimeError:  # no folder to keep it in
        return compiled(keep=False)

    def run(*arguments: Any) -> None:
        try:
            kept(*arguments)
        except OSError:  # nothing has run yet: the folder is full, or not ours
            compiled(keep=False)(*arguments)

    return run
