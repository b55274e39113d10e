"""Rounding, saturation, roots, powers and random words (chapter 2)."""

from collections.abc import Iterator

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import QUADRATIC_TABLE, STANDARD_TABLE, TIES
from spikeref.vectors.case import Case

TOP = 1 << 62


def arithmetic_cases() -> Iterator[Case]:
    """Yield the cases of round_shift … random_words."""
    for ties in TIES:
        yield from _shifts(ties)
        yield from _divisions(ties)
        yield from _blocks(ties)
        yield from _normalised(ties)
        yield from _powers(ties)
    yield from _refused_shifts()
    yield from _saturations()
    yield from _roots()
    yield from _words()


def _shifts(ties: str) -> Iterator[Case]:
    pairs = [
        (odd * (1 << (s - 1)) + near, s)
        for s in range(1, 62)
        for odd in ((-3, -1, 1, 3) if s < 16 or s > 56 else (-1, 3))
        for near in (-1, 0, 1)
    ]
    yield accepted(
        f"round-shift-every-tie-{ties}",
        "round_shift",
        "Every shift meets exact halves of both signs, at an even and an odd neighbour, and the"
        " integers beside them: catches ties away from zero, truncation, and a wrong sticky bit.",
        {"ties": ties},
        {"x": tensor([x for x, _ in pairs], "i64"), "s": tensor([s for _, s in pairs], "i32")},
        provenance="exhaustive",
    )
    edges = [(TOP - 1, s) for s in (0, 1, 61, 62, 63, 64, 100, (1 << 31) - 1)]
    edges += [(-x, s) for x, s in edges]
    edges += [(sign << 61, s) for sign in (1, -1) for s in (62, 63)]
    edges += [(sign * 3 << 60, s) for sign in (1, -1) for s in (61, 62, 63)]
    edges += [(sign * 5, -s) for sign in (1, -1) for s in range(60)]
    edges += [(0, -62), (0, -(1 << 31)), (0, 40), ((1 << 31) - 1, -31), (1, -61), (-1, -61)]
    yield accepted(
        f"round-shift-edges-{ties}",
        "round_shift",
        "The largest magnitudes, shifts beyond the word, shift 0 and left shifts: catches shift"
        " amounts taken modulo the word, and an overflow of x + half.",
        {"ties": ties},
        {"x": tensor([x for x, _ in edges], "i64"), "s": tensor([s for _, s in edges], "i32")},
    )


def _refused_shifts() -> Iterator[Case]:
    for name, x, s, lower, deeper in (
        ("value", TOP, 1, TOP - 1, 1),
        ("negative-value", -TOP, 1, 1 - TOP, 1),
        ("result", 1, -62, 1, -61),
        ("negative-result", -3, -61, -3, -60),
    ):
        parameters: Parameters = {"ties": "half-even"}
        yield accepted(
            f"round-shift-largest-{name}",
            "round_shift",
            "The last magnitude below 2^62: catches a width gate that closes too early.",
            parameters,
            {"x": tensor([5, lower, 7], "i64"), "s": tensor([1, deeper, 2], "i32")},
            clauses=("ARITH-1",),
        )
        yield refused(
            f"round-shift-beyond-{name}",
            "round_shift",
            "range",
            "A magnitude of 2^62 among others: catches a device that wraps where ARITH-1 asks for"
            " an error, or looks at one element.",
            parameters,
            {"x": tensor([5, x, 7], "i64"), "s": tensor([1, s, 2], "i32")},
            beside=f"round-shift-largest-{name}",
            clauses=("ARITH-1",),
        )


def _divisions(ties: str) -> Iterator[Case]:
    divisors = (1, 2, 3, 4, 5, 6, 10, 127, 254, 1 << 16, (1 << 31) + 2, (1 << 40) + 6, 1 << 60)
    pairs = [
        (sign * odd * b // 2 + near, b)
        for b in divisors
        for odd in (1, 3, 5)
        for sign in (1, -1)
        for near in (-1, 0, 1)
        if odd * b < 4 << 60
    ]
    pairs += [(sign * (TOP - 1), b) for sign in (1, -1) for b in (1, 2, 3, TOP - 1, TOP - 2)]
    yield accepted(
        f"round-div-every-tie-{ties}",
        "round_div",
        "Quotients at halves of both signs and one beside them, small and beyond 2^53: catches"
        " truncation towards zero, a quotient through binary64, and ties away from zero.",
        {"ties": ties},
        {"a": tensor([a for a, _ in pairs], "i64"), "b": tensor([b for _, b in pairs], "i64")},
    )
    draw = Draw(f"round-div-random-{ties}")
    yield accepted(
        f"round-div-random-{ties}",
        "round_div",
        "Random operands of every size: catches what no directed case thought of.",
        {"ties": ties},
        {
            "a": draw.spread("a", 61, (96,), "i64"),
            "b": draw.uniform("b", 1, 1 << 20, (96,), "i64"),
        },
        provenance="random",
    )


def _saturations() -> Iterator[Case]:
    for bits in (8, 16, 24, 31, 32, 40, 48):
        limit = 1 << (bits - 1)
        rows = [
            [limit - 2, limit - 1, limit, limit + 1, 4 * limit, TOP - 1],
            [1 - limit, -limit, -limit - 1, -limit - 2, -4 * limit, 1 - TOP],
            [0, 1, -1, limit >> 1, -(limit >> 1), 7],
        ]
        yield accepted(
            f"saturate-{bits}-bits",
            "saturate",
            "Both limits at -1, 0 and +1, and a row within them: catches a symmetric lower limit,"
            " a limit one off, and counting a value that equals the limit as a saturation.",
            {"bits": bits},
            {"x": tensor(rows, "i64")},
            clauses=("COUNT-6",),
        )


def _blocks(ties: str) -> Iterator[Case]:
    for bits in (8, 15, 16, 24):
        top = 1 << (bits - 1)
        rows = [
            [top - 1, 1 - top, 1, 0],
            [top, 1, -1, 3],
            [-top, 1, 2, 3],
            [2 * top - 1, 1, -1, 3],
            [2 * top - 2, 5, -5, 3],
            [1 - 2 * top, 5, 6, 7],
            [4 * top - 2, 2, -2, 6],
            [0, 0, 0, 0],
            [1 << 61, -(1 << 40) - 1, 3 << 39, -(3 << 39)],
            [(1 << 62) - 1, 1 - (1 << 62), 5, -5],
        ]
        yield accepted(
            f"block-shift-{bits}-bits-{ties}",
            "block_shift",
            "A largest magnitude at the limit, one above, carrying into the next bit when rounded,"
            " negative, and zero: catches a shift from the bit length alone and one off.",
            {"bits": bits, "ties": ties},
            {"x": tensor(rows, "i64")},
        )
    draw = Draw(f"block-shift-random-{ties}")
    yield accepted(
        f"block-shift-random-{ties}",
        "block_shift",
        "Random rows: catches a shift taken from another row than the values.",
        {"bits": 16, "ties": ties},
        {"x": draw.spread("x", 45, (12, 6), "i64")},
        provenance="random",
    )


def _normalised(ties: str) -> Iterator[Case]:
    for bits in (8, 16, 24):
        top = 1 << bits
        values = [1, 2, 3, top // 2 - 1, top // 2, top - 1, top, top + 1, top + 2, top + 3]
        values += [2 * top - 1, 2 * top - 2, 4 * top - 1, 4 * top - 2, 4 * top - 3, 4 * top + 2]
        values += [4 * top + 6, (1 << 31) - 1, 1 << 31, (1 << 45) + 1, TOP - 1]
        yield accepted(
            f"normalise-{bits}-bits-{ties}",
            "normalise",
            "Short values that shift left, ties, and values that round up to the next power of two:"
            " catches a mantissa of 2^n and an exponent one off after the carry.",
            {"bits": bits, "ties": ties},
            {"a": tensor(values, "i64")},
        )


def _roots() -> Iterator[Case]:
    bases = [1, 2, 3, 4, 255, 256, 65535, 65536, (1 << 26) + 1, (1 << 31) - 1, (1 << 30) + 12345]
    values = [0, *(base * base + near for base in bases for near in (-1, 0, 1)), TOP - 1]
    values += [(1 << k) - 1 for k in range(50, 62)]
    yield accepted(
        "isqrt-squares",
        "isqrt",
        "Squares and their neighbours up to 2^62: catches rounding to the nearest root and a root"
        " through binary64 without correction.",
        {},
        {"x": tensor(values, "i64")},
    )
    yield accepted(
        "isqrt-exhaustive",
        "isqrt",
        "Every x below 300: catches a loop of one step too few.",
        {},
        {"x": tensor(list(range(300)), "i64")},
        provenance="exhaustive",
    )


def _powers(ties: str) -> Iterator[Case]:
    fractions = (0, 1, 2, 16384, 32767, 32768, 32769, 49152, 65534, 65535)
    exponents = [
        (n << 16) + f for n in (0, 1, 2, 14, 15, 16, 29, 30, 31, 32, 33) for f in fractions
    ]
    exponents += [1 << k for k in range(22, 63)]
    for name, table in (
        ("standard", STANDARD_TABLE),
        ("quadratic", QUADRATIC_TABLE),
    ):
        yield accepted(
            f"exp2-{name}-table-{ties}",
            "exp2",
            "Whole and half octaves, one unit beside them, and the tail to 0: catches f taken of a"
            " instead of -a, n one off, a shift modulo the word, and a table built in.",
            {"ties": ties},
            {"a": tensor(exponents, "i64"), "table": tensor(table, "i64")},
        )
    if ties == "half-up":
        return
    draw = Draw(f"exp2-random-{ties}")
    yield accepted(
        f"exp2-random-{ties}",
        "exp2",
        "Random exponents of a softmax: catches one rounding of the polynomial left out.",
        {"ties": ties},
        {
            "a": draw.uniform("a", 0, 8 << 16, (128,), "i64"),
            "table": tensor(STANDARD_TABLE, "i64"),
        },
        provenance="random",
    )


def _words() -> Iterator[Case]:
    for name, label, count in (
        ("empty-label", "", 5),
        ("one-word", "spikeref", 1),
        ("label", "spikeref/quarot/64", 64),
        ("other-label", "spikeref/quarot/65", 64),
    ):
        yield accepted(
            f"random-words-{name}",
            "random_words",
            "Words of a label: catches a seed read big-endian, the first word left out, and"
            " arithmetic shifts in the mixing.",
            {"label": label, "count": count},
            {},
        )
