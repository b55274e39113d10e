"""Work on rows in blocks that stay in a core's cache, on as many threads as there are cores.

Rows never depend on each other, so neither the blocks nor the threads can change a result.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

BLOCK_ELEMENTS = 1 << 15
"""Elements of one block: a few int64 intermediates of it fit a core's cache."""

THREADED_ELEMENTS = 1 << 18
"""Below this, starting threads costs more than it saves."""


def for_row_blocks(rows: int, columns: int, work: Callable[[slice], None]) -> None:
    """Call work(rows of a block) for blocks that together cover `rows` rows of `columns` elements.

    Blocks may run at the same time: `work` must write only into its own rows.
    """
    step = max(1, BLOCK_ELEMENTS // max(columns, 1))
    blocks = [slice(start, min(start + step, rows)) for start in range(0, rows, step)]
    workers = min(os.cpu_count() or 1, len(blocks))
    if rows * columns < THREADED_ELEMENTS or workers < 2:
        for block in blocks:
            work(block)
        return
    with ThreadPoolExecutor(workers) as pool:
        # list() lets the first exception of a block through.
        list(pool.map(work, blocks))
