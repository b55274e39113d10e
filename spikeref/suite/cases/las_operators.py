"""Scales, norms, products and the feed-forward of LAS (LAS-1 to LAS-6, LAS-9, LAS-13, LAS-15)."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, hand_worked, refused
from spikeref.suite.cases.las_neurons import counts_of, encode
from spikeref.suite.cases.las_tables import norm_tables, rsqrt_table, square_table
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import TIES
from spikeref.vectors.case import Case

EVEN: Parameters = {"ties": "half-even"}
LARGEST_BOUND = (1 << 62) - 1


def las_operator_cases() -> Iterator[Case]:
    """Yield the cases of chapter 20, attention aside."""
    yield from _by_hand()
    yield from _scales()
    yield from _rescales()
    yield from _norms()
    yield from _sums()
    yield from _products()
    yield from _gates()
    yield from _logits()


def channels(
    mantissas: list[int], exponents: list[int], bias: list[int]
) -> dict[str, NDArray[Any]]:
    """Return the scales and biases of output channels as the inputs of an operation."""
    return {
        "channel_mantissa": tensor(mantissas, "u16"),
        "channel_exponent": tensor(exponents, "i16"),
        "bias": tensor(bias, "i64"),
    }


def coded(identity: str, shape: tuple[int, int], **form: int) -> dict[str, NDArray[Any]]:
    """Return random spikes of thresholds 2 and 24, as counts and outliers."""
    x = Draw(identity).spread("x", 22, shape, "i64")
    counts, outliers = counts_of(x, encode(2 << 16, 24 << 16, **form))
    return {"counts": counts, "outliers": outliers}


CODE: Parameters = {"threshold_n": 2 << 16, "threshold_o": 24 << 16}


def _by_hand() -> Iterator[Case]:
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


def _scales() -> Iterator[Case]:
    first = [32768, 65535, 65535, 40000, 46341, 49151, 32769, 65534]
    second = [32768, 65535, 32769, 50001, 46341, 43691, 32770, 32769]
    # Products whose 16 upper bits leave an exact half.
    for ties in TIES:
        yield accepted(
            f"las-combine-{ties}",
            "las_combine",
            "Products of 31 and 32 bits, exact halves, one that carries: catches a floor, ties by"
            " another rule, a mantissa of 2^16, a forgotten exponent.",
            {"ties": ties},
            {
                "mantissa_1": tensor([*first, 32768, 49152], "i32"),
                "exponent_1": tensor([3, -5, 0, -40, 12, 1, 0, 7, -1, -1], "i32"),
                "mantissa_2": tensor([*second, 32769, 43691], "i32"),
                "exponent_2": tensor([-3, -60, 1, 22, 0, 1, 5, 0, 0, 0], "i32"),
            },
        )


def _rescales() -> Iterator[Case]:
    scales = channels([32768, 65535, 40001], [-31, -33, -36], [0, -5, 1 << 39])
    for ties in TIES:
        for bits in (46, 47, 50):
            bound = (1 << bits) - 1
            row = [bound, -bound, 1 << bits - 1]
            yield accepted(
                f"las-rescale-bound-of-{bits}-bits-{ties}",
                "las_rescale",
                "Accumulators at a bound of 46 bits and more, ties of both shifts: catches a shift"
                " of no or one bit too many, one rounding in place of two, saturation before the"
                " bias.",
                {"output_bits": 40, "bound": bound, "ties": ties},
                {
                    "accumulator": tensor([row, [3, -5, 7], [24, -24, 40], [0, 12, 20]], "i64"),
                    **scales,
                },
            )
    widest = tensor([[LARGEST_BOUND, -LARGEST_BOUND, 1 << 61]], "i64")
    parameters: Parameters = {"output_bits": 32, "bound": LARGEST_BOUND, **EVEN}
    beside = "las-rescale-largest-bound"
    comment = "A bound of 62 bits, outputs beyond 32 bits and far beyond: catches one that wraps."
    far = channels([65535, 65535, 32768], [-62, 20, -47], [0, 0, -3])
    yield accepted(beside, "las_rescale", comment, parameters, {"accumulator": widest, **far})
    yield refused(
        "las-rescale-bound-of-63-bits",
        "las_rescale",
        "parameter",
        "A bound of 2^62: catches a device whose products leave 64 bits.",
        {**parameters, "bound": 1 << 62},
        {"accumulator": widest, **far},
        beside=beside,
    )
    yield refused(
        "las-rescale-beyond-bound",
        "las_rescale",
        "range",
        "An accumulator one unit beyond its bound: catches a bound that is not checked.",
        {**parameters, "bound": LARGEST_BOUND - 1},
        {"accumulator": widest, **far},
        beside=beside,
    )


def norm_parameters(kind: str, ties: str, steps: int, stated: int) -> Parameters:
    """Return the parameters of a norm of about ten values."""
    return {
        "kind": kind,
        "root_mantissa": 51810,
        "root_exponent": -14,
        "epsilon_mantissa": 1407374884,
        "epsilon_exponent": -17,
        "gamma_exponent": -14,
        "steps": steps,
        "table_steps": stated,
        "ties": ties,
    }


def _norms() -> Iterator[Case]:
    gains = [16384, -16384, 32767, -32768, 1, 0, 20000, 16385]
    shifts = [0, 5, -5, (1 << 39) - 1, -(1 << 39), 70000, 1, 0]
    rows = [
        [0] * 8,
        [70000, -3, 1, 0, 2, 65536, -65536, 9],
        [(1 << 39) - 1, -(1 << 39), 12345, 0, -1, 1 << 38, 77, 1],
        [5] * 8,
        [0, 0, 0, 0, 0, 0, 0, 1 << 30],
    ]
    for kind in ("layer", "rms"):
        for ties, steps in zip(TIES, (6, 4), strict=True):
            shift = {"beta": tensor(shifts, "i64")} if kind == "layer" else {}
            yield accepted(
                f"las-norm-{kind}-{ties}",
                "las_norm",
                "Rows of zeros, of equal values, of a lone outlier, at 40 bits: catches a mean"
                " taken off twice or not at all, a wrong epsilon, a mantissa of more bits than"
                " steps, an odd exponent, a gain before the normalisation, a shift that is cut.",
                norm_parameters(kind, ties, steps, 6),
                {
                    "x": tensor(rows, "i64"),
                    "gamma": tensor(gains, "i16"),
                    **shift,
                    **norm_tables(6),
                },
            )
    silent = {**norm_parameters("layer", "half-even", 5, 5), "epsilon_mantissa": 0}
    yield accepted(
        "las-norm-no-energy",
        "las_norm",
        "No epsilon and equal values, so A = 0: catches a root of zero and a lost shift.",
        silent,
        {
            "x": tensor([[9, 9, 9], [0, 0, 0], [1, 2, 3]], "i64"),
            "gamma": tensor([16384, -7, 9], "i16"),
            "beta": tensor([3, -4, 1 << 38], "i64"),
            **norm_tables(5),
        },
    )
    identity = "las-norm-ten-steps"
    yield accepted(
        identity,
        "las_norm",
        "Random values with tables of ten steps: catches a table in the place of the other.",
        norm_parameters("rms", "half-even", 10, 10),
        {
            "x": Draw(identity).spread("x", 26, (2, 9), "i64"),
            "gamma": Draw(identity).spread("gamma", 15, (9,), "i16"),
            **norm_tables(10),
        },
        provenance="random",
    )
    yield refused(
        "las-norm-unknown-kind",
        "las_norm",
        "parameter",
        "A norm that is neither: catches a device that takes one of the two all the same.",
        {**silent, "kind": "batch"},
        {"x": tensor([[1]], "i64"), "gamma": tensor([1], "i16"), **norm_tables(5)},
        beside="las-norm-no-energy",
    )


def _sums() -> Iterator[Case]:
    for place, (steps, levels, bits) in enumerate(
        ((10, 1, 32), (16, 1, 40), (13, 3, 32), (11, 15, 40))
    ):
        identity = f"las-saw-t{steps}-n{levels}"
        draw = Draw(identity)
        yield accepted(
            identity,
            "las_saw",
            "Random spikes and weights of 16 bits: catches a lost ratio of outliers, the least"
            " significant step first, a level from 1, another unit, a bound from one weight.",
            {
                **CODE,
                "steps": steps,
                "levels": levels,
                "output_bits": bits,
                "ties": TIES[place % 2],
            },
            {
                **coded(identity, (2, 7), steps=steps, levels=levels),
                "weights": draw.uniform("weights", -32767, 32767, (7, 3), "i16"),
                **channels([40000, 65535, 32768], [-30, -20, -4], [-100, 1 << 30, 0]),
            },
            provenance="random",
        )
    largest = (1 << 16) - 1
    yield accepted(
        "las-saw-at-bound",
        "las_saw",
        "Every spike of every source on the largest weights, with a bound of 62 bits: catches"
        " accumulators of less, and a rescale that takes the sum for its bound.",
        {
            "steps": 16, "levels": 1, "threshold_n": 1, "threshold_o": 16383, "output_bits": 40,
            **EVEN,
        },
        {
            "counts": tensor([[largest] * 9, [largest, -largest, 1] * 3, [0] * 9], "i32"),
            "outliers": tensor([[1] * 9, [1, 1, 0] * 3, [0] * 9], "i8"),
            "weights": tensor([[32767, -32767, 1]] * 9, "i16"),
            **channels([65535, 32768, 32769], [-30, 10, 20], [0, 0, 7]),
        },
    )  # fmt: skip
    yield refused(
        "las-saw-count-of-no-neuron",
        "las_saw",
        "range",
        "A count of one bit too many: catches a device that takes any.",
        {"steps": 10, "levels": 1, **CODE, "output_bits": 32, **EVEN},
        {
            "counts": tensor([[1024]], "i32"),
            "outliers": tensor([[0]], "i8"),
            "weights": tensor([[1]], "i16"),
            **channels([32768], [0], [0]),
        },
        beside="hand-las-saw",
    )


def _products() -> Iterator[Case]:
    for steps, levels in ((10, 1), (16, 1), (12, 4)):
        identity = f"las-hadamard-t{steps}-n{levels}"
        form = {"steps": steps, "levels": levels}
        a, b = (coded(f"{identity}/{name}", (1, 6), **form)["counts"][0] for name in "ab")
        yield accepted(
            identity,
            "las_hadamard",
            "Random trains: catches As(t) for As(t-1), Bs(t-1) for Bs(t), a step counted twice or"
            " not at all, a lost sign.",
            {"steps": steps, "levels": levels},
            {"a": a, "b": b},
            provenance="random",
        )


def _gates() -> Iterator[Case]:
    for ties, (steps, levels) in zip(TIES, ((10, 1), (11, 2)), strict=True):
        identity = f"las-gated-{ties}"
        gate = [-300000, -200000, -83785, -5, 7, 65536, 130000, 262144, 1 << 30, (1 << 31) - 1]
        relu = [[0, 65535, 1, -16, 2, 0]]
        relu += [[1 << 16 + j, (2 << 16 + j) - 1, 1, j - 15, 2, j + 1] for j in range(15)]
        negative = [[-(1 << 18), -200001, -1, -12, 2, 0]]
        yield accepted(
            identity,
            "las_gated",
            "Gates of every piece on values of both signs: catches an activation of 20 fraction"
            " bits in place of its code, a code that is not scaled up from fewer steps, a lost"
            " sign, another unit.",
            {**CODE, "steps": steps, "levels": levels, "table_steps": 16, "ties": ties},
            {
                "gate": tensor([gate, gate[::-1]], "i32"),
                **coded(identity, (2, 10), steps=steps, levels=levels),
                "pieces": tensor(negative + relu, "i64"),
            },
        )
    identity = "las-gated-expansions"
    yield accepted(
        identity,
        "las_gated",
        "Loud values behind a threshold of 2^16, which leave 40 bits: catches one that wraps.",
        {
            "steps": 10,
            "levels": 1,
            "threshold_n": 1 << 32,
            "threshold_o": 1 << 32,
            "table_steps": 10,
            **EVEN,
        },
        {
            "gate": tensor([[(1 << 31) - 1, 1 << 30, 5, 70000]], "i32"),
            "counts": tensor([[1023, -1023, 1, -512]], "i32"),
            "outliers": tensor([[0, 1, 0, 1]], "i8"),
            "pieces": tensor(
                [
                    [0, 65535, 1, -16, 2, 0],
                    [65536, 131071, 1, -15, 2, 1],
                    [131072, (1 << 31) - 1, 1, 0, 2, 16],
                ],
                "i64",
            ),
        },
    )


def _logits() -> Iterator[Case]:
    for ties in TIES:
        identity = f"las-logits-{ties}"
        yield accepted(
            identity,
            "las_logits",
            "Random spikes over rows of the head, some loud: catches a row's exponent that is not"
            " applied, 40 bits in place of 32, a bound from the wrong side of the matrix.",
            {**CODE, "steps": 14, "levels": 2, "ties": ties},
            {
                **coded(identity, (2, 5), steps=14, levels=2),
                "mantissas": Draw(identity).uniform("mantissas", -32767, 32767, (4, 5), "i16"),
                "exponents": tensor([-20, -10, -25, 0], "i16"),
            },
            provenance="random",
        )
