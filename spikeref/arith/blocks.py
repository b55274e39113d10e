"""Work on rows block by block, on as many threads as there are cores.

Rows never depend on each other, so neither the blocks nor the threads can change a result.
"""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

BLOCK_ELEMENTS = 1 << 19
"""Elements of one block: so many that each NumPy call on it outlasts the hand-over of the
interpreter's lock between threads by far."""

THREADED_ELEMENTS = 1 << 18
"""Below this, starting threads costs more than it saves."""

Item = TypeVar("Item")
Result = TypeVar("Result")

# Whether the current thread is one of map_in_threads: it belongs to a core already.
_THREAD = threading.local()


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_for(elements: int) -> int:
    """Return how many threads work on so many elements is worth: one inside a thread of ours."""
    if elements < THREADED_ELEMENTS or getattr(_THREAD, "ours", False):
        return 1
    return cores()


def row_blocks(rows: int, columns: int) -> list[slice]:
    """Return blocks that together cover `rows` rows of `columns` elements, in order.

    Work worth threads is cut into as many even blocks for each core.
    """
    elements = rows * columns
    if elements < THREADED_ELEMENTS:
        return [slice(0, rows)]
    share = cores() * BLOCK_ELEMENTS
    return even_parts(rows, cores() * -(-elements // share))


def even_parts(total: int, count: int) -> list[slice]:
    """Return `count` consecutive slices, fewer if `total` is smaller, that cover `total` places."""
    edges = [total * i // count for i in range(count + 1)]
    return [slice(low, high) for low, high in pairwise(edges) if low < high]


def map_in_threads(
    work: Callable[[Item], Result], items: Iterable[Item], elements: int
) -> list[Result]:
    """Return [work(item) for item in items], where `work` is pure and takes `elements` in all."""
    listed = list(items)
    count = min(threads_for(elements), len(listed))
    if count < 2:
        return [work(item) for item in listed]
    results: dict[int, Result] = {}
    waiting = list(enumerate(listed))[::-1]

    def take() -> None:
        # Each thread takes the next item as soon as it is free: waking one takes a while.
        while waiting:
            try:
                index, item = waiting.pop()
            except IndexError:  # another thread was faster
                return
            try:
                results[index] = work(item)
            except BaseException:
                waiting.clear()
                raise

    futures = [_threads(cores() - 1).submit(take) for _ in range(count - 1)]
    try:
        # The calling thread is on a core too.
        _as_thread(take)
    finally:
        # Even after an error nothing may go on writing behind the caller's back.
        started = [future for future in futures if not future.cancel()]
        for future in started:
            future.exception()
    for future in started:
        future.result()
    return [results[index] for index in range(len(listed))]


def _as_thread(work: Callable[[], None]) -> None:
    """Do work that starts no threads."""
    _mark_thread()
    try:
        work()
    finally:
        _THREAD.ours = False


@lru_cache(maxsize=1)
def _threads(count: int) -> ThreadPoolExecutor:
    """Return threads that wait for work: starting them anew costs a large share of an operator."""
    return ThreadPoolExecutor(count, thread_name_prefix="spikeref", initializer=_mark_thread)


def _mark_thread() -> None:
    _THREAD.ours = True


# A forked process has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)


def map_row_blocks(rows: int, columns: int, work: Callable[[slice], Result]) -> list[Result]:
    """Return work(rows of a block) of every block of rows, in order.

    Blocks may run at the same time: `work` must be pure, or write only into its own rows.
    """
    return map_in_threads(work, row_blocks(rows, columns), rows * columns)


def for_row_blocks(rows: int, columns: int, work: Callable[[slice], None]) -> None:
    """Call work(rows of a block) for every block of rows, as map_row_blocks does."""
    map_row_blocks(rows, columns, work)
