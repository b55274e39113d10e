"""Scales, the wide rescale and norms of LAS (LAS-1, LAS-2, LAS-4)."""

from collections.abc import Iterator

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, refused
from spikeref.suite.cases.las_operators import EVEN, channels
from spikeref.suite.cases.las_tables import norm_tables
from spikeref.suite.draw import tensor
from spikeref.suite.grid import TIES
from spikeref.vectors.case import Case

LARGEST_BOUND = (1 << 62) - 1


def las_norm_cases() -> Iterator[Case]:
    """Yield the cases of las_combine, las_rescale and las_norm."""
    yield from _scales()
    yield from _rescales()
    yield from _norms()


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
        for bits in (47, 50):
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
    gains = [16384, -16384, 32767, -32768, 1, 16385]
    shifts = [0, 5, -5, (1 << 39) - 1, -(1 << 39), 1]
    rows = [
        [70000, -3, 1, 65536, -65536, 9],
        [(1 << 39) - 1, -(1 << 39), 12345, -1, 1 << 38, 77],
        [5] * 6,
        [0, 0, 0, 0, 0, 1 << 30],
    ]
    for kind, ties, steps in (("layer", "half-even", 6), ("rms", "half-up", 4)):
        shift = {"beta": tensor(shifts, "i64")} if kind == "layer" else {}
        yield accepted(
            f"las-norm-{kind}",
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
    yield refused(
        "las-norm-unknown-kind",
        "las_norm",
        "parameter",
        "A norm that is neither: catches a device that takes one of the two all the same.",
        {**silent, "kind": "batch"},
        {"x": tensor([[1]], "i64"), "gamma": tensor([1], "i16"), **norm_tables(5)},
        beside="las-norm-no-energy",
    )
