"""Counters of spikes, silent blocks and additions (chapter 13)."""

from collections.abc import Iterator

import numpy as np

from spikeref.suite.build import accepted
from spikeref.suite.draw import Draw
from spikeref.suite.grid import count_kinds
from spikeref.vectors.case import Case


def counter_cases() -> Iterator[Case]:
    """Yield the cases of counters, but for what must be refused."""
    for bits, encoding in count_kinds():
        yield _counted(bits, encoding)
    yield from _zero_blocks()


def _counted(bits: int, encoding: str) -> Case:
    identity = f"counters-{encoding}-b{bits}"
    draw = Draw(identity)
    counts = draw.counts("counts", bits, encoding, (2, 19))
    counts[0, :8] = 0
    return accepted(
        identity,
        "counters",
        "Spikes, slots and zero weights: catches neurons counted for spikes, D of the other"
        " encoding, and polarities exchanged.",
        {"bits": bits, "encoding": encoding},
        {"counts": counts, "weights": draw.weights("weights", (19, 3))},
        provenance="random",
    )


def _zero_blocks() -> Iterator[Case]:
    alone = np.zeros((2, 64), dtype=np.int16)
    alone[0, 31] = alone[1, 32] = 1
    yield accepted(
        "counters-one-spike-at-a-seam",
        "counters",
        "A single spike, last of one block of 32 or first of the next: catches blocks of 31 or 33.",
        {"bits": 4, "encoding": "ternary"},
        {"counts": alone, "weights": np.ones((64, 1), dtype=np.int8)},
    )
    counts = np.zeros((4, 70), dtype=np.int16)
    counts[0, [8, 40]] = 1, -2
    counts[1, [7, 31, 69]] = -1, 1, 7
    counts[2, [0, 15, 16, 63, 64]] = 1
    yield accepted(
        "counters-zero-blocks",
        "counters",
        "Spikes at the seams of blocks and in a short last block: catches blocks that are not"
        " aligned, a last block left out, and blocks that run over rows.",
        {"bits": 4, "encoding": "ternary"},
        {"counts": counts, "weights": Draw("counters-zero-blocks").weights("weights", (70, 3))},
        clauses=("COUNT-7",),
    )
