"""LAS neurons and functions derived on paper."""

from collections.abc import Iterator

from spikeref.suite.build import hand_worked
from spikeref.suite.cases.las_neurons import BELOW, FORM
from spikeref.suite.cases.las_tables import reciprocal_table, square_table
from spikeref.suite.draw import tensor
from spikeref.vectors.case import Case


def las_by_hand() -> Iterator[Case]:
    """Yield one case and more for each neuron and function whose arithmetic fits a few lines."""
    yield from _neurons()
    yield from _functions()


def _neurons() -> Iterator[Case]:
    # x = 10: 10 > 9, v = 2, y = 8; 2 > 2 is not; 2 > 1, v = 0, y = 8 + 1.
    # x = 9: 9 > 9 is not; 9 > 2, v = 5, y = 4; 5 > 1, v = 3, y = 5. x = 1: never. x = −7: never.
    yield hand_worked(
        "hand-fs-neuron",
        "fs_neuron",
        "10 > 9 leaves 10-8 = 2 and gives 8, 2 > 2 is not, 2 > 1 gives 1: 9. 9 > 9 is not, 9 > 2"
        " leaves 5 and gives 4, 5 > 1 gives 1: 5. 1 and -7 stay silent.",
        {},
        {
            "x": tensor([10, 9, 1, -7], "i64"),
            "resets": tensor([8, 4, 2], "i64"),
            "thresholds": tensor([9, 2, 1], "i64"),
            "weights": tensor([8, 4, 1], "i64"),
        },
        {"y": [9, 5, 0, 0]},
    )
    # Θ = 1024, T = 10, n = 1: V = min(1023, X − 1) for X > 0. 0; 1 -> 0; 2 -> 1; 513 -> 512;
    # 512 -> 511; 1024 -> 1023; 5000 -> 1023.
    fired = {0: 0, 1: 0, 2: 1, 512: 511, 513: 512, 1024: 1023, 5000: 1023}
    yield hand_worked(
        "hand-mt-neuron-below",
        "mt_neuron",
        "One unit is one: strictly below X means V = X - 1, at most 1023; each count's bits fire"
        " from the most significant one down.",
        {**FORM, "rule": "below", "threshold": 1024},
        {"magnitude": tensor(list(fired), "i64")},
        {
            "fired": [[v >> (9 - t) & 1 for v in fired.values()] for t in range(10)],
            "count": list(fired.values()),
        },
    )
    # Θ_n = 4, Θ_o = 12: G = 4, r = 1, 3, U = 4·2^−26 = 2^−24 = 32768·2^−39. x = 3 (16 fraction
    # bits: 3·2^−16): V = ⌈2^10·3/4⌉ − 1 = 767. x = −4: gate 4 ≥ 4, outlier: ⌈1024·4/12⌉ − 1 = 341,
    # v = −3·341 = −1023. x = 12: V = 1023, v = 3069. x = 13: the same, and it saturates.
    yield hand_worked(
        "hand-oat-encode",
        "oat_encode",
        "3 < 4 is normal: ceil(1024*3/4)-1 = 767. |-4| opens the outlier gate: ceil(4096/12)-1 ="
        " 341, weighed by 3. 12 gives 1023, and 13 saturates. U = 4*2^-26 = 32768*2^-39.",
        {**FORM, **BELOW, "threshold_n": 4, "threshold_o": 12, "fraction_bits": 16},
        {"x": tensor([[3, -4, 12, 13, 0]], "i64")},
        {
            "counts": [[767, -341, 1023, 1023, 0]],
            "outliers": [[0, 1, 1, 1, 0]],
            "values": [[767, -1023, 3069, 3069, 0]],
            "saturations": [1],
            "unit_mantissa": 32768,
            "unit_exponent": -39,
        },
    )
    # n = 2, T = 10: V = 1541 = 3·512 + 5; 5 = 0·… + 2·2 + … : at weight 2 level min(2, 3) = 2, 1
    # left, at weight 1 level 1 < 2 is none: so 5 is not a count. 1540 = 3·512 + 2·2.
    steps = [[3], [0], [0], [0], [0], [0], [0], [0], [2], [0]]
    yield hand_worked(
        "hand-oat-train-levels",
        "oat_train",
        "With two levels 1540 is 3*512 + 2*2; behind the outlier gate every unit weighs 3, so the"
        " spikes weigh 4608 and 12.",
        {"steps": 10, "levels": 2, "threshold_n": 5, "threshold_o": 15},
        {"counts": tensor([1540], "i32"), "outliers": tensor([1], "i8")},
        {"train": steps, "weights": [[3 * (s << (9 - t))] for t, (s,) in enumerate(steps)]},
    )


def _functions() -> Iterator[Case]:
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
