"""Mantissas and the functions of one piece: exp, roots, reciprocal, square (HG-2 to HG-7)."""

from collections.abc import Iterator

from spikeref.suite.build import accepted, refused
from spikeref.suite.cases.las_functions import near
from spikeref.suite.cases.las_tables import (
    LAST_MANTISSA,
    exp_table,
    reciprocal_table,
    rsqrt_table,
    sqrt_table,
    square_table,
)
from spikeref.suite.draw import tensor
from spikeref.vectors.case import Case

LARGEST = (1 << 62) - 1


def las_power_cases() -> Iterator[Case]:
    """Yield the cases of hg_mantissa, hg_exp, the inverses and hg_square."""
    yield from _mantissas()
    yield from _exponentials()
    yield from _inverses()
    yield from _squares()


def _mantissas() -> Iterator[Case]:
    powers = near([1 << j for j in (1, 22, 23, 24, 25, 40, 61)])
    for even in (0, 1):
        yield accepted(
            f"hg-mantissa-{'even' if even else 'any'}",
            "hg_mantissa",
            "Powers of two and one unit beside, the largest s: catches rounding in place of a"
            " floor, an odd exponent, a mantissa of 22 or 25 bits.",
            {"even": even},
            {"s": tensor([s for s in powers if s > 0] + [LARGEST], "i64")},
        )
        for name, s in (("zero", 0), ("beyond", 1 << 62)):
            if even == (s > 0):
                yield refused(
                    f"hg-mantissa-{name}",
                    "hg_mantissa",
                    "range",
                    "One s out of 1 ... 2^62-1: catches a device without the check.",
                    {"even": even},
                    {"s": tensor([s], "i64")},
                    beside=f"hg-mantissa-{'even' if even else 'any'}",
                )


def _exponentials() -> Iterator[Case]:
    parameters = {"steps": 5, "table_steps": 6}
    octaves = near([k << 16 for k in (0, 1, 2, 22, 23, 24, 25)])
    t = [*(x for x in octaves if x >= 0), 3000, 32768, 40000, (1 << 39) - 1]
    yield accepted(
        "hg-exp-octaves",
        "hg_exp",
        "Arguments at whole octaves and beside, the last one that fires and the next: catches a"
        " limit of 22 or 24, a rising piece, 2^t in place of 2^-t, a wrap of the shift.",
        parameters,
        {"t": tensor(t, "i64"), "exp": exp_table(6)},
    )
    thresholds = exp_table(7)
    yield accepted(
        "hg-exp-at-thresholds",
        "hg_exp",
        "Fractions at thresholds and one unit beside: catches < for <=.",
        {"steps": 7, "table_steps": 7},
        {"t": tensor(near(thresholds.tolist()[65::8])[:24], "i64"), "exp": thresholds},
    )
    yield refused(
        "hg-exp-negative",
        "hg_exp",
        "range",
        "An argument below zero: catches a device without the check.",
        parameters,
        {"t": tensor([-1], "i64"), "exp": exp_table(6)},
        beside="hg-exp-octaves",
    )


def _inverses() -> Iterator[Case]:
    tables = {"reciprocal": reciprocal_table, "rsqrt": rsqrt_table, "sqrt": sqrt_table}
    for name, table in tables.items():
        thresholds = [x for x in table(6).tolist()[36:60:6] if x <= LAST_MANTISSA]
        s = [1, 2, 3, 4, 5, 1 << 23, 1 << 24, (1 << 24) - 1, 1 << 40, 3 << 40, LARGEST]
        yield accepted(
            f"hg-{name}",
            f"hg_{name}",
            "Powers of two, thresholds and one unit beside, the largest s: catches an odd"
            " exponent, e in place of e/2, < for <=, a table read with the whole s.",
            {"steps": 4, "table_steps": 6},
            {"s": tensor([*s, *near(thresholds)], "i64"), name: table(6)},
        )
    yield refused(
        "hg-reciprocal-of-zero",
        "hg_reciprocal",
        "range",
        "Zero has no mantissa: catches a device that gives some code all the same.",
        {"steps": 4, "table_steps": 6},
        {"s": tensor([0], "i64"), "reciprocal": reciprocal_table(6)},
        beside="hg-reciprocal",
    )


def _squares() -> Iterator[Case]:
    largest = (1 << 30) - 1
    parameters = {"steps": 7, "table_steps": 7}
    x = [0, 1, -1, 2, 3, -5, 7, 181, -4096, 1 << 23, (1 << 24) - 1, -largest, largest]
    yield accepted(
        "hg-square-sizes",
        "hg_square",
        "Values of all sizes and both signs, zero: catches a square of the code, a shift by e in"
        " place of 2e, a floor towards zero of what is negative, a code at zero.",
        parameters,
        {"x": tensor(x, "i64"), "square": square_table(7)},
    )
    yield refused(
        "hg-square-beyond",
        "hg_square",
        "range",
        "A magnitude of 2^30: catches a device whose square leaves 60 bits.",
        parameters,
        {"x": tensor([-largest - 1], "i64"), "square": square_table(7)},
        beside="hg-square-sizes",
    )
