"""Hadamard transforms of every kind of width (chapter 3)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spikeref.suite.build import accepted
from spikeref.suite.draw import Draw
from spikeref.vectors.case import Case

SYLVESTER = ("HAD-3",)
PALEY_ONE = ("HAD-2", "HAD-9", "HAD-11", "HAD-12", "HAD-13", "HAD-16")
PALEY_TWO = ("HAD-2", "HAD-9", "HAD-11", "HAD-12", "HAD-14", "HAD-16")
FIELD = ("HAD-10",)
WILLIAMSON = ("HAD-2", "HAD-15", "HAD-16")
BLOCKS = ("HAD-3", "HAD-5")

WHOLE: tuple[tuple[int, tuple[str, ...]], ...] = (
    (1, SYLVESTER), (2, SYLVESTER), (4, SYLVESTER), (8, SYLVESTER), (12, PALEY_ONE),
    (16, SYLVESTER), (20, PALEY_ONE), (28, (*PALEY_ONE, *FIELD)), (6, BLOCKS),
    (7, BLOCKS), (14, BLOCKS),
)  # fmt: skip
"""Widths with an impulse of its own for every lane."""

CODED: tuple[tuple[int, tuple[str, ...]], ...] = (
    (32, SYLVESTER), (36, PALEY_TWO), (40, PALEY_ONE), (44, PALEY_ONE),
    (52, (*PALEY_TWO, *FIELD)), (56, (*PALEY_ONE, *FIELD)), (92, BLOCKS),
    (100, (*PALEY_TWO, *FIELD)), (156, WILLIAMSON), (172, WILLIAMSON),
    (344, WILLIAMSON),
)  # fmt: skip
"""Widths whose impulses share rows."""

TRANSPOSED = (12, 20, 28, 14, 172)

WIDE = 172
LANES_A_ROW = 31
"""Sums of ±2^k with k < 31 differ for any two choices of signs, and fit 32 bits."""


def rotation_cases() -> Iterator[Case]:
    """Yield the cases of hadamard."""
    for width, clauses in WHOLE:
        yield from _impulses(width, clauses, np.eye(width, dtype=np.int32))
    for width, clauses in CODED:
        yield from _impulses(width, clauses, coded_impulses(width))
    yield from _random()
    yield from _single_rows()
    yield from _widest()


def coded_impulses(width: int) -> NDArray[np.int32]:
    """Return impulses of all lanes, int32 [⌈N/31⌉, N]: 2^k in lane k of each row's share.

    Of wide matrices three rows for the lanes at their seams.
    """
    lanes = list(range(width))
    if width > WIDE:
        # A product with S(2): the seams of its two halves; its base is tried whole.
        half = width // 2
        lanes = [*range(31), *range(half - 15, half + 16), *range(width - 31, width)]
    rows = -(-len(lanes) // LANES_A_ROW)
    u = np.zeros((rows, width), dtype=np.int32)
    for place, lane in enumerate(lanes):
        u[place // LANES_A_ROW, lane] = 1 << (place % LANES_A_ROW)
    return u


def _impulses(width: int, clauses: tuple[str, ...], u: NDArray[np.int32]) -> Iterator[Case]:
    for transpose in (0, 1) if width in TRANSPOSED else (0,):
        direction = "transposed" if transpose else "forward"
        shared = ", 31 lanes a row by powers of two whose signed sums are all distinct"
        if transpose and width > 16:
            u = coded_impulses(width)
        yield accepted(
            f"hadamard-{width}-impulses-{direction}",
            "hadamard",
            f"Impulses on every lane{shared if len(u) < width else ''}: catches any single sign,"
            " another field modulus, a permutation, H for its transpose, and normalisation.",
            {"transpose": transpose},
            {"u": u},
            provenance="exhaustive",
            clauses=("HAD-1", "HAD-6", *clauses),
        )


def _random() -> Iterator[Case]:
    for width in (12, 28, 64):
        identity = f"hadamard-{width}-random"
        extreme = np.full((1, width), 32767, dtype=np.int32)
        drawn = Draw(identity).uniform("u", -32767, 32767, (2, width), "i32")
        yield accepted(
            identity,
            "hadamard",
            "A row of the largest entries and random rows: catches a narrow adder, HAD-8's bound,"
            " and a butterfly that rounds or shifts on its way.",
            {"transpose": 0},
            {"u": np.concatenate([extreme, drawn]).astype(np.int32)},
            provenance="random",
            clauses=("HAD-8", "ARITH-9"),
        )


def _single_rows() -> Iterator[Case]:
    for width, clauses in ((76, PALEY_TWO), (148, PALEY_TWO), (244, (*PALEY_ONE, *FIELD))):
        identity = f"hadamard-{width}-single-row"
        yield accepted(
            identity,
            "hadamard",
            "One random row: catches a modulus that factors into polynomials of degree 2, and"
            " another field.",
            {"transpose": 0},
            {"u": Draw(identity).uniform("u", -32767, 32767, (1, width), "i32")},
            provenance="random",
            clauses=clauses,
        )


def _widest() -> Iterator[Case]:
    u = np.zeros((1, 1904), dtype=np.int32)
    for k, lane in enumerate((0, 1, 67, 68, 69, 135, 136, 1000, 1835, 1836, 1902, 1903)):
        u[0, lane] = 1 << k
    yield accepted(
        "hadamard-1904-product-of-bases",
        "hadamard",
        "The smallest width whose matrix is a product of two bases, a few lanes at the seams of"
        " its blocks: catches the factors in the other order.",
        {"transpose": 0},
        {"u": u},
        clauses=("HAD-2", "HAD-16"),
    )
