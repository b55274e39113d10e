"""LAS operators derived on paper."""

from collections.abc import Iterator

from spikeref.suite.build import hand_worked
from spikeref.suite.cases.las_operators import EVEN, channels
from spikeref.suite.cases.las_tables import rsqrt_table, square_table
from spikeref.suite.draw import tensor
from spikeref.vectors.case import Case


def las_operators_by_hand() -> Iterator[Case]:
    """Yield one case and more for each operator whose arithmetic fits a few lines."""
    yield from _operators()


def _operators() -> Iterator[Case]:
    # 2^15·2^15 = 2^30: bitlen 31, e = 15, 2^15; −3 + 5 + 15 = 17. 3·2^14·(2^16−1) = 3221176320:
    # bitlen 32, e = 16: 49151.25 -> 49151; 0 + 0 + 16.
    yield hand_worked(
        "hand-las-combine",
        "las_combine",
        "2^15*2^15 is 2^15*2^15, so -3+5+15 = 17; 49152*65535 is 49151.25*2^16.",
        EVEN,
        {
            "mantissa_1": tensor([32768, 49152], "i32"),
            "exponent_1": tensor([-3, 0], "i32"),
            "mantissa_2": tensor([32768, 65535], "i32"),
            "exponent_2": tensor([5, 0], "i32"),
        },
        {"mantissa": [32768, 49151], "exponent": [17, 16]},
    )
    # B = 2^47: bitlen 48, s = 2. y = 10: 2.5 -> 2; 2·2^15·2^−31 with 16 fraction bits: shift
    # −(−31 + 2 + 16) = 13: 2^16/2^13 = 8, and bias 1: 9. y = 6: 1.5 -> 2: 9. y = −10: −2: −7.
    yield hand_worked(
        "hand-las-rescale",
        "las_rescale",
        "A bound of 48 bits shifts by 2 first: 2.5 goes to 2, 1.5 to 2, -2.5 to -2; times 2^15,"
        " shifted by 31-2-16 = 13, that is 8, 8, -8, and 1 is added.",
        {"output_bits": 32, "bound": 1 << 47, **EVEN},
        {
            "accumulator": tensor([[10], [6], [-10]], "i64"),
            **channels([32768], [-31], [1]),
        },
        {"output": [[9], [9], [-7]], "saturations": [0, 0, 0]},
    )
    # n = 1, T = 10, r = 1, 2 (G = 1). Values 5, −3·2 = −6: y = 5·2 − 6·4 = −14, 5·1 − 6·(−1) = 11.
    # U = 2^−26 = 2^15·2^−41, channels 2^15·2^10, 2^15·2^11: combine 2^15·2^(−41+10+15) = 2^−16:
    # 2^15·2^−16, shift −(−16 + 16) = 0: −14·2^15 = −458752; 11·2^16 = 720896.
    yield hand_worked(
        "hand-las-saw",
        "las_saw",
        "Values 5 and -3*2: 5*2-6*4 = -14 and 5+6 = 11; the scales are 2^15 and 2^16 at 16"
        " fraction bits.",
        {"steps": 10, "levels": 1, "threshold_n": 1, "threshold_o": 2, "output_bits": 32, **EVEN},
        {
            "counts": tensor([[5, -3]], "i32"),
            "outliers": tensor([[0, 1]], "i8"),
            "weights": tensor([[2, 1], [4, -1]], "i16"),
            **channels([32768, 32768], [10, 11], [0, 0]),
        },
        {"accumulator": [[-14, 11]], "output": [[-458752, 720896]], "saturations": [0]},
    )
    # a = 512 + 1, b = 2: step 1: a 512·0 + 0; step 9: b 2: As(8)·2 = 1024; step 10: a 1·Bs = 2.
    yield hand_worked(
        "hand-las-hadamard",
        "las_hadamard",
        "513 fires 512 at step 1 and 1 at step 10, 2 fires at step 9: it meets the 512 there, and"
        " the 1 meets it at step 10: 1024 + 2.",
        {"steps": 10, "levels": 1},
        {"a": tensor([513], "i32"), "b": tensor([2], "i32")},
        {"increments": [[0], [0], [0], [0], [0], [0], [0], [0], [1024], [2]], "product": [1026]},
    )
    # N = 2, layer: x = (3, 1): d = 2·3 − 4 = 2, 2·1 − 4 = −2. (m, s) = (±2, 0). One step: |m| = 2
    # has 2 bits, a = 1: D = ±2. square(2): m = 2^23, one step: X_1 = ⌈√2^47⌉ = 11863284: C = 0.
    # A = 0 + ε = 1·2^2 = 4: e even: m = 4·2^20 = 2^22, e = −20. rsqrt X_1 = 2^54/2^30 = 2^24 cut:
    # C = 2^15. y = round_shift(±2·2^15·2^15, 11 − 10 + 15) = ±2^15. γ = 3·2^−1: ±3·2^14 = ±49152.
    yield hand_worked(
        "hand-las-norm",
        "las_norm",
        "Deviations 2*3-4 = 2 and -2; with one step square(2) is silent, so A is the epsilon 4ary:"
        " 1*2^2 = 2^22*2^-20, C = 2^15; y = 2*2^15*2^15 shifted by 11-10+15 is 2^15, times 3/2.",
        {
            "kind": "layer", "root_mantissa": 32768, "root_exponent": -15, "epsilon_mantissa": 1,
            "epsilon_exponent": 2, "gamma_exponent": -1, "steps": 1, "table_steps": 1, **EVEN,
        },
        {
            "x": tensor([[3, 1]], "i64"),
            "gamma": tensor([3, 3], "i16"),
            "square": square_table(1),
            "rsqrt": rsqrt_table(1),
        },
        {
            "deviation": [[2, -2]], "energy": [4], "inverse": [32768], "inverse_exponent": [-10],
            "output": [[49152, -49152]], "saturations": [0],
        },
    )  # fmt: skip
