"""Weights in packed memories (PACK-3)."""

from collections.abc import Iterator

import numpy as np

from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import BITS
from spikeref.vectors.case import Case


def packed_weight_cases() -> Iterator[Case]:
    """Yield the cases of pack_weights."""
    for bits in BITS:
        limit = (1 << (bits - 1)) - 1
        identity = f"pack-weights-b{bits}"
        drawn = Draw(identity).weights("weights", (4, 5), bits)
        edges = np.array([[limit, -limit, 0, -1, 1], [-limit, limit, -limit, 1, -1]], dtype=np.int8)
        yield accepted(
            identity,
            "pack_weights",
            "An odd number of targets, extremes and -1: catches the order of nibbles, a tail not"
            " cleared, columns for rows, and signs that spill over.",
            {"bits": bits},
            {"weights": np.concatenate([drawn, edges])},
        )
        yield accepted(
            f"pack-weights-even-b{bits}",
            "pack_weights",
            "An even number of targets: catches a byte too many.",
            {"bits": bits},
            {"weights": np.ascontiguousarray(edges[:, :4])},
        )
        wrong = [("lowest", -limit - 1)] + ([("highest", limit + 1)] if bits < 8 else [])
        for name, weight in wrong:
            yield refused(
                f"pack-weights-b{bits}-beyond-{name}",
                "pack_weights",
                "range",
                "A weight of -2^(w-1), or beyond: catches a packer that cuts it to its bits.",
                {"bits": bits},
                {"weights": tensor([[limit, weight, 0]], "i8")},
                beside=identity,
                clauses=("MODEL-3",),
            )
    for bits in (1, 9):
        yield refused(
            f"pack-weights-bits-{bits}",
            "pack_weights",
            "parameter",
            "Bits outside 2 … 8: catches a device without the check.",
            {"bits": bits},
            {"weights": tensor([[0, 0, 0]], "i8")},
            beside="pack-weights-b2",
        )
