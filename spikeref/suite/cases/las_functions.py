"""HG neurons and the functions that they make (NEUR-6 to NEUR-8, HG-1 to HG-7, HG-9)."""

from collections.abc import Iterator
from itertools import chain

from spikeref.suite.build import accepted, hand_worked, refused
from spikeref.suite.cases.las_tables import (
    LAST_MANTISSA,
    bent,
    bent_pieces,
    bent_thresholds,
    exp_table,
    line,
    reciprocal_table,
    rsqrt_table,
    sqrt_table,
    square_table,
)
from spikeref.suite.draw import Draw, tensor
from spikeref.vectors.case import Case

SMALL = {"steps": 4, "table_steps": 4}
LARGEST = (1 << 62) - 1


def las_function_cases() -> Iterator[Case]:
    """Yield the cases of hg_neuron, las_activation and the five functions."""
    yield from _by_hand()
    yield from _neurons()
    yield from _few_spikes()
    yield from _activations()
    yield from _mantissas()
    yield from _exponentials()
    yield from _inverses()
    yield from _squares()


def near(values: list[int]) -> list[int]:
    """Return values and what lies one unit beside them."""
    return sorted({value + d for value in values for d in (-1, 0, 1)})


def _by_hand() -> Iterator[Case]:
    # Rising 10, 20, 30 of two steps. x = 25: 25 ≥ X_2 = 20, code 2; 25 ≥ X_3 = 30 is not: 2. x = 9:
    # 9 ≥ 20 is not; 9 ≥ X_1 = 10 is not: 0. x = 30: 3. x = −1 and 101: no gate. On 16 steps a unit
    # is 2^14: 32768, 0, 49152.
    yield hand_worked(
        "hand-hg-neuron",
        "hg_neuron",
        "25 reaches X_2 = 20 and not X_3 = 30: code 2; 9 reaches nothing; 30 reaches all: 3. Two of"
        " sixteen steps, so a unit is 2^14. The gate is 0 ... 100.",
        {"steps": 2, "table_steps": 2},
        {
            "x": tensor([25, 9, 30, -1, 101], "i64"),
            "pieces": tensor([[0, 100, 1, -16, 0, 0]], "i64"),
            "thresholds": tensor([[10, 20, 30]], "i32"),
        },
        {"code": [32768, 0, 49152, 0, 0], "exponent": [-16, -16, -16, 0, 0]},
    )
    # t = 3·2^16 + 2^15: k = 3, f = 2^15. Falling 60000, 30000, 20000: 32768 ≤ X_2 = 30000 is not;
    # ≤ X_1 = 60000: code 1, on 16 steps 2^14. E = 2^14·2^20 = 2^34. t = 20000: k = 0, code 3:
    # 3·2^14·2^23. t = 24·2^16: 0.
    yield hand_worked(
        "hand-hg-exp",
        "hg_exp",
        "3.5 is k = 3 and f = 32768, which is over X_2 = 30000 and under X_1 = 60000: code 2^14, so"
        " 2^(14+23-3). 20000 is at X_3: 3*2^14*2^23. 24 is beyond the last octave.",
        {"steps": 2, "table_steps": 2},
        {
            "t": tensor([(3 << 16) + (1 << 15), 20000, 24 << 16], "i64"),
            "exp": tensor([60000, 30000, 20000], "i32"),
        },
        {"power": [1 << 34, 3 << 37, 0]},
    )
    # s = 6: m = 6·2^21 = 12582912, e = −21. 2^39/C for C = 2^14, 2^15, 3·2^14: 2^25 (cut to
    # 2^24−1), 2^24 (cut), 11184810. m ≤ X_2, m ≤ X_3 is not: code 2, 2^15. s = 1: m = 2^23: 3.
    yield hand_worked(
        "hand-hg-reciprocal",
        "hg_reciprocal",
        "6 = 12582912*2^-21 is over 2^39/(3*2^14) = 11184810, so two of four: 2^15; 1 = 2^23*2^-23"
        " is under it: 3*2^14.",
        {"steps": 2, "table_steps": 2},
        {
            "s": tensor([6, 1], "i64"),
            "reciprocal": reciprocal_table(2),
        },
        {"code": [32768, 49152], "exponent": [-21, -23]},
    )
    # Codes of one step: X_1 for C = 2^15: m ≥ √(2^47) = 11863283.2, so 11863284. x = −3: m =
    # 3·2^22 = 12582912, e = −22: C = 2^15, y = ⌊2^15·2^(32−44)⌋ = 8. x = 2: m = 2^23: C = 0: 0.
    yield hand_worked(
        "hand-hg-square",
        "hg_square",
        "With one step 3 is 12582912*2^-22, over sqrt(2^47), so C = 2^15 and 2^15*2^-12 = 8; 2 is"
        " 2^23*2^-22 and silent.",
        {"steps": 1, "table_steps": 1},
        {"x": tensor([-3, 2, 0], "i64"), "square": square_table(1)},
        {"y": [8, 0, 0]},
    )


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
    for steps in (3, 6):
        yield accepted(
            f"hg-neuron-{steps}-of-6-steps",
            "hg_neuron",
            "A table of six steps read by a neuron of as many or fewer: catches thresholds of the"
            " first codes in place of every eighth, a unit that is not scaled.",
            {"steps": steps, "table_steps": 6},
            {
                "x": tensor(list(range(low, high, 61)), "i64"),
                "pieces": tensor([[low, -1, -1, -5, 1, 0], [0, high, 1, -6, 0, 0]], "i64"),
                "thresholds": tensor([line(6, 0, low), line(6, 3, high)], "i32"),
            },
        )
    rectified = [[0, (1 << 16) - 1, 1, -16, 2, 0]]
    rectified += [[1 << 16 + j, (2 << 16 + j) - 1, 1, j - 15, 2, j + 1] for j in range(15)]
    for steps in (10, 16):
        yield accepted(
            f"hg-neuron-identities-t{steps}",
            "hg_neuron",
            "relu's octaves: catches a shift that rounds, low bits that a neuron of fewer steps"
            " does not have, a gate at a power of two one unit off.",
            {"steps": steps, "table_steps": 16},
            {
                "x": tensor([*near([1 << j for j in range(0, 31, 3)]), (1 << 31) - 1, -5], "i64"),
                "pieces": tensor(rectified, "i64"),
            },
        )
    identity = "hg-neuron-ten-steps"
    yield accepted(
        identity,
        "hg_neuron",
        "A whole table of ten steps: catches a code of nine bits, the least significant first.",
        {"steps": 10, "table_steps": 10},
        {
            "x": Draw(identity).uniform("x", 0, (1 << 20) - 1, (32,), "i64"),
            "pieces": tensor([[0, (1 << 20) - 1, 1, -16, 0, 0]], "i64"),
            "thresholds": tensor([line(10, 0, 1 << 20)], "i32"),
        },
        provenance="random",
    )
    for name, change in (("steps-17", {"steps": 17, "table_steps": 17}), ("steps-0", {"steps": 0})):
        yield refused(
            f"hg-neuron-{name}",
            "hg_neuron",
            "parameter",
            "Steps out of their range: catches a device without the check.",
            {"steps": 16, "table_steps": 16, **change},
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
    for count in (12, 16):
        yield accepted(
            f"hg-neuron-few-spikes-t{count}",
            "hg_neuron",
            "FS neurons behind gates: catches x in place of x - low, an output below zero or beyond"
            " 16 bits that is not cut.",
            {"steps": count, "table_steps": 16},
            {
                "x": tensor([1000, 1001, 5000, 44444, 66535, -9, 0, 99, 200, 203, 300], "i64"),
                "pieces": tensor(pieces, "i64"),
                "constants": tensor(constants, "i64"),
            },
            clauses=("NEUR-1", "HG-8"),
        )


def _activations() -> Iterator[Case]:
    for steps in (4, 3):
        yield accepted(
            f"las-activation-bent-{steps}-steps",
            "las_activation",
            "Membranes of every octave and below the first piece: catches 16 fraction bits in place"
            " of 20, an exponent that is not applied, a lost sign.",
            {"steps": steps, "table_steps": 4},
            {
                "x": tensor(
                    [-(1 << 31), -300000, -200000, -83786, -83785, -40000, -1, 0, 1, 30000, 65535]
                    + [x for j in range(15) for x in ((1 << 16 + j) + 9, (2 << 16 + j) - 1)],
                    "i32",
                ),
                **bent(4),
            },
        )
    # One identity piece: x = 5: code 5, e −16, so 5·2^4 = 80 with 20 fraction bits. x = −5: 0.
    yield hand_worked(
        "hand-las-activation",
        "las_activation",
        "relu below 1: 5*2^-16 is 80*2^-20; a negative membrane opens no gate.",
        {"steps": 16, "table_steps": 16},
        {
            "x": tensor([5, -5], "i32"),
            "pieces": tensor([[0, 65535, 1, -16, 2, 0]], "i64"),
        },
        {"y": [80, 0]},
    )


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
    thresholds = exp_table(10)
    yield accepted(
        "hg-exp-at-thresholds",
        "hg_exp",
        "Fractions at thresholds of ten steps and one unit beside: catches < for <=.",
        {"steps": 10, "table_steps": 10},
        {"t": tensor(near(thresholds.tolist()[520::60])[:24], "i64"), "exp": thresholds},
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
        for steps, stated in ((6, 6), (4, 6)):
            thresholds = [x for x in table(stated).tolist()[36:60:6] if x <= LAST_MANTISSA]
            s = [1, 2, 3, 4, 5, 1 << 23, 1 << 24, (1 << 24) - 1, 1 << 40, 3 << 40, LARGEST]
            yield accepted(
                f"hg-{name}-{steps}-of-{stated}-steps",
                f"hg_{name}",
                "Powers of two, thresholds and one unit beside, the largest s: catches an odd"
                " exponent, e in place of e/2, < for <=, a table read with the whole s.",
                {"steps": steps, "table_steps": stated},
                {"s": tensor([*s, *near(thresholds)], "i64"), name: table(stated)},
            )
        yield refused(
            f"hg-{name}-of-zero",
            f"hg_{name}",
            "range",
            "Zero has no mantissa: catches a device that gives some code all the same.",
            {"steps": 6, "table_steps": 6},
            {"s": tensor([0], "i64"), name: table(6)},
            beside=f"hg-{name}-6-of-6-steps",
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
    identity = "hg-square-ten-steps"
    yield accepted(
        identity,
        "hg_square",
        "Random values with a table of ten steps: catches a table of another function.",
        {"steps": 10, "table_steps": 10},
        {"x": Draw(identity).spread("x", 30, (24,), "i64"), "square": square_table(10)},
        provenance="random",
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
