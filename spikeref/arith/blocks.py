"""Work on rows block by block, on as many threads as there are cores.

Rows never depend on each other, so neither the blocks nor the threads can change a result.
"""

import os
import threading
from collections.abc import Callable, Iterable
from itertools import pairwise
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

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
    """Return [work(item) for item in items], in threads where `elements` in all are worth it.

    No work depends on another's.
    """
    listed = list(items)
    threads = min(threads_for(elements), len(listed))
    if threads < 2:
        return [work(item) for item in listed]
    job = _Job(work, listed)
    try:
        _HELPERS.ask(job.help, threads - 1)
        # The calling thread is on a core too.
        _THREAD.ours = True
        job.take()
    finally:
        _THREAD.ours = False
        job.end()
    return job.results()


class _Job(Generic[Item, Result]):
    """Items that several threads work through: each takes the next one as soon as it is free."""

    def __init__(self, work: Callable[[Item], Result], items: list[Item]) -> None:
        self._work = work
        self._count = len(items)
        self._waiting = list(enumerate(items))[::-1]
        self._results: dict[int, Result] = {}
        self._errors: list[BaseException] = []
        self._begun: list[None] = []
        self._ended: list[None] = []
        self._news: SimpleQueue[None] = SimpleQueue()

    def take(self) -> None:
        """Work until no item waits; after an error none does."""
        while True:
            try:
                index, item = self._waiting.pop()
            except IndexError:
                return
            try:
                self._results[index] = self._work(item)
            except BaseException as error:
                self._errors.append(error)
                self._waiting.clear()

    def help(self) -> None:
        """Take items beside the thread whose job it is."""
        self._begun.append(None)
        try:
            self.take()
        finally:
            self._ended.append(None)
            self._news.put(None)

    def end(self) -> None:
        """Wait for the helpers that have begun; those that come later find nothing to do.

        Even after an error, or an interrupt, nothing may go on writing behind the caller's back.
        """
        self._waiting.clear()
        while len(self._ended) < len(self._begun):
            try:
                # An interrupt may take the news away: ask again after a second.
                self._news.get(timeout=1)
            except Empty:
                continue
            except KeyboardInterrupt as error:
                self._errors.append(error)

    def results(self) -> list[Result]:
        """Return the results in the items' order, or raise the first error."""
        for error in self._errors:
            raise error
        return [self._results[index] for index in range(self._count)]


class _Helpers:
    """Threads that wait for work: starting them anew costs more than many an operator."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start without threads: a forked process has none of its parent's."""
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._started = 0

    def ask(self, task: Callable[[], None], count: int) -> None:
        """Let `count` threads do the task as soon as they are free."""
        with self._lock:
            while self._started < count:
                name = f"spikeref_{self._started}"
                arguments = (self._waiting,)
                threading.Thread(target=_serve, args=arguments, name=name, daemon=True).start()
                self._started += 1
        for _ in range(count):
            self._waiting.put(task)


def _serve(waiting: SimpleQueue[Callable[[], None]]) -> None:
    _THREAD.ours = True
    while True:
        waiting.get()()


# Threads belong to the process, and so does who starts them.
_HELPERS = _Helpers()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_HELPERS.forget)


def map_row_blocks(rows: int, columns: int, work: Callable[[slice], Result]) -> list[Result]:
    """Return work(rows of a block) of every block of rows, in order.

    Blocks may run at the same time: `work` must be pure, or write only into its own rows.
    """
    return map_in_threads(work, row_blocks(rows, columns), rows * columns)


def for_row_blocks(rows: int, columns: int, work: Callable[[slice], None]) -> None:
    """Call work(rows of a block) for every block of rows, as map_row_blocks does."""
    map_row_blocks(rows, columns, work)
