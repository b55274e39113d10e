"""HG neurons and the functions that they make (NEUR-6 to NEUR-8, HG-1 to HG-7, HG-9)."""

from collections.abc import Iterator
from itertools import chain

from spikeref.suite.build import accepted, refused
from spikeref.suite.cases.las_tables import (
    bent,
    bent_pieces,
    bent_thresholds,
    line,
)
from spikeref.suite.draw import tensor
from spikeref.vectors.case import Case

SMALL = {"steps": 4, "table_steps": 4}
LARGEST = (1 << 62) - 1


def las_function_cases() -> Iterator[Case]:
    """Yield the cases of hg_neuron, las_activation and the five functions."""
    yield from _neurons()
    yield from _few_spikes()
    yield from _activations()


def near(values: list[int]) -> list[int]:
    """Return values and what lies one unit beside them."""
    return sorted({value + d for value in values for d in (-1, 0, 1)})


def _neurons() -> Iterator[Case]:
    thresholds = bent_thresholds(4)
    edges = [edge for low, high, *_ in bent_pieces() for edge in (low, high)]
    x = near([*chain.from_iterable(thresholds), *edges])[::3]
    comment = (
        "Membranes at, below and above thresholds and gates of rising and falling pieces, and"
        " outside: catches > for >=, a gate that is open one unit too far, the sign or exponent"
        " of the piece before."
    )
    yield accepted(
        "hg-neuron-pieces",
        "hg_neuron",
        comment,
        SMALL,
        {"x": tensor(x, "i64"), **bent(4)},
    )
    levels = [7, 7, 7, 20, 21, 22, 22, 1 << 30]
    steep = [*levels, *[(1 << 31) - 1] * 7]
    for falling in (0, 1):
        rows = [[-value if falling else value for value in steep]]
        lowest = [[-(1 << 31) if abs(v) == (1 << 31) - 1 else v for v in rows[0]]]
        given = near([-v if falling else v for v in levels])
        yield accepted(
            f"hg-neuron-{'falling' if falling else 'rising'}-equal-thresholds",
            "hg_neuron",
            "Equal thresholds, and codes that no input reaches: catches a linear search that stops"
            " at the first, < for <=, a threshold of code 0.",
            SMALL,
            {
                "x": tensor([*given, 0], "i64"),
                "pieces": tensor([[-(1 << 31), (1 << 31) - 2, 1, -3, falling, 0]], "i64"),
                "thresholds": tensor(lowest if falling else rows, "i32"),
            },
        )
    low, high = -1 << 10, (1 << 10) - 1
    yield accepted(
        "hg-neuron-3-of-6-steps",
        "hg_neuron",
        "A table of six steps read by a neuron of three: catches thresholds of the"
        " first codes in place of every eighth, a unit that is not scaled.",
        {"steps": 3, "table_steps": 6},
        {
            "x": tensor(list(range(low, high, 61)), "i64"),
            "pieces": tensor([[low, -1, -1, -5, 1, 0], [0, high, 1, -6, 0, 0]], "i64"),
            "thresholds": tensor([line(6, 0, low), line(6, 3, high)], "i32"),
        },
    )
    rectified = [[0, (1 << 16) - 1, 1, -16, 2, 0]]
    rectified += [[1 << 16 + j, (2 << 16 + j) - 1, 1, j - 15, 2, j + 1] for j in (0, 1, 7, 14)]
    for steps in (10, 16):
        yield accepted(
            f"hg-neuron-identities-t{steps}",
            "hg_neuron",
            "relu's octaves: catches a shift that rounds, low bits that a neuron of fewer steps"
            " does not have, a gate at a power of two one unit off.",
            {"steps": steps, "table_steps": 16},
            {
                "x": tensor(
                    [
                        *near([1 << j for j in (0, 3, 15, 16, 17, 18, 23, 24, 30)]),
                        (1 << 31) - 1,
                        -5,
                    ],
                    "i64",
                ),
                "pieces": tensor(rectified, "i64"),
            },
        )
    yield refused(
        "hg-neuron-steps-0",
        "hg_neuron",
        "parameter",
        "Steps out of their range: catches a device without the check.",
        {"steps": 0, "table_steps": 16},
        {"x": tensor([5], "i64"), "pieces": tensor(rectified, "i64")},
        beside="hg-neuron-identities-t16",
    )


def _few_spikes() -> Iterator[Case]:
    steps = range(16)
    constants = [
        [
            [1 << (15 - t) for t in steps],
            [(1 << (15 - t)) - 1 for t in steps],
            [3 << 13 - t if t < 14 else 1 for t in steps],
        ],
        [[1 << (15 - t) for t in steps], [(1 << (15 - t)) - 1 for t in steps], [-1] * 16],
        [[1] * 16, [0] * 16, [9000] * 16],
    ]
    pieces = [[1000, 70000, 1, -16, 3, 0], [-9, 99, 1, -9, 3, 0], [200, 300, -1, -12, 3, 0]]
    yield accepted(
        "hg-neuron-few-spikes",
        "hg_neuron",
        "FS neurons behind gates: catches x in place of x - low, an output below zero or beyond"
        " 16 bits that is not cut.",
        {"steps": 12, "table_steps": 16},
        {
            "x": tensor([1000, 1001, 5000, 44444, 66535, -9, 0, 99, 200, 203, 300], "i64"),
            "pieces": tensor(pieces, "i64"),
            "constants": tensor(constants, "i64"),
        },
        clauses=("NEUR-1", "HG-8"),
    )


def _activations() -> Iterator[Case]:
    yield accepted(
        "las-activation-bent",
        "las_activation",
        "Membranes of every octave and below the first piece: catches 16 fraction bits in place"
        " of 20, an exponent that is not applied, a lost sign.",
        {"steps": 3, "table_steps": 4},
        {
            "x": tensor(
                [-(1 << 31), -300000, -200000, -83786, -83785, -40000, -1, 0, 1, 30000, 65535]
                + [x for j in (0, 1, 2, 7, 14) for x in ((1 << 16 + j) + 9, (2 << 16 + j) - 1)],
                "i32",
            ),
            **bent(4),
        },
    )
