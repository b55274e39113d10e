"""Softmax, mixing and whole attention of LAS (LAS-10 to LAS-12)."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, hand_worked, refused
from spikeref.suite.cases.las_heads import FINE, TEN, THRESHOLDS, code, population
from spikeref.suite.cases.las_tables import softmax_tables
from spikeref.suite.draw import tensor
from spikeref.suite.grid import TIES
from spikeref.vectors.case import Case

EVEN: Parameters = {"ties": "half-even"}
BELOW: Parameters = {"rule": "below", "gate": "below"}
PROBABILITIES: Parameters = {
    "probabilities_threshold_n": 1 << 10,
    "probabilities_threshold_o": 1 << 16,
}
"""2^−6 and 1."""


def las_attention_cases() -> Iterator[Case]:
    """Yield the cases of las_softmax, las_mix and las_attend."""
    yield from _by_hand()
    yield from _softmaxes()
    yield from _published()
    yield from _mixtures()
    yield from _attended()


def _by_hand() -> Iterator[Case]:
    # B = 2: bitlen(4) = 3, s = 0. D = 2: 2·2^15·2^−16·2^16: t = 2^16 = 1.0. With one step and the
    # table line (f ≤ 2^16 for C = 2^15): E = 2^15·2^23 = 2^38 at t = 0, 2^37 at t = 1. Sum 3·2^37:
    # bitlen 39, e = 15, M = 3·2^22 = 12582912 ≤ 2^24: C = 2^15. P = E·2^15·2^−24: 2^29, 2^28.
    yield hand_worked(
        "hand-las-softmax",
        "las_softmax",
        "Distances of 0 and 1.0, with one step: 2^15*2^23 and half of it. The sum 3*2^37 is"
        " 12582912*2^15, its code 2^15, so 2^38*2^15 and 2^37*2^15 shifted by 9+15 are 2^29, 2^28.",
        {
            "bound": 2, "scale_mantissa": 32768, "scale_exponent": -16, "steps": 1,
            "table_steps": 1, **EVEN,
        },
        {"distance": tensor([0, 2], "i64"), **softmax_tables(1)},
        {
            "sum": 3 << 37,
            "inverse": 32768,
            "inverse_exponent": 15,
            "probability": [1 << 29, 1 << 28],
        },
    )  # fmt: skip
    # Θ_P = 2^16 (1.0 = 2^30): P = 2^29: V = ⌈2^10/2⌉ − 1 = 511; 0: 0. U_P = 2^16·2^−26 = 2^−10,
    # U_V = 2^−26. a = 511·3 = 1533. combine: 2^15·2^−25, 2^15·2^−41: 2^15·2^(−66+15) = 2^15·2^−51.
    # B: L = 1023, ⌈(2^14+1)·2^12/2^16⌉ = 1025: 20 bits, s = 0. 1533·2^15·2^−35: 0.0015 -> 0.
    yield hand_worked(
        "hand-las-mix",
        "las_mix",
        "One half is 511/1024 of 1.0; 511*3 = 1533 units of 2^-36, which is nothing at 16 fraction"
        " bits.",
        {
            "steps": 10, "levels": 1, **BELOW, "probabilities_threshold_n": 1 << 16,
            "probabilities_threshold_o": 1 << 16, "value_threshold_n": 1, "value_threshold_o": 1,
            **EVEN,
        },
        {
            "probability": tensor([1 << 29, 0], "i64"),
            "value_counts": tensor([[3], [-5]], "i32"),
            "value_outliers": tensor([[0], [0]], "i8"),
        },
        {
            "counts": [511, 0],
            "outliers": [0, 0],
            "accumulator": [1533],
            "mixed": [0],
            "saturations": 0,
        },
    )  # fmt: skip


def _softmaxes() -> Iterator[Case]:
    one = 1 << 15
    near = [k * one + d for k in (0, 1, 2, 23, 24) for d in (-1, 0, 1)]
    near = [d for d in near if d >= 0]
    parameters: Parameters = {
        "bound": 1 << 20, "scale_mantissa": 32768, "scale_exponent": -30, "steps": 6,
        "table_steps": 7, "ties": "half-up",
    }  # fmt: skip
    yield accepted(
        "las-softmax-octaves",
        "las_softmax",
        "Distances at whole octaves and beside, some beyond the last: catches a wrong octave, a"
        " sum of probabilities in place of exponentials, a floor, e with the other sign.",
        parameters,
        {"distance": tensor([*near, 1 << 21], "i64"), **softmax_tables(7)},
    )
    yield accepted(
        "las-softmax-wide-bound",
        "las_softmax",
        "A bound of 50 bits, so twice it shifts by 5 first: catches a shift by the bound of"
        " scores, one rounding in place of two.",
        {
            **parameters, "bound": (1 << 50) - 1, "scale_mantissa": 40001,
            "scale_exponent": -60, **EVEN,
        },
        {
            "distance": tensor([0, 16, 48, (1 << 51) - 2, 3 << 40, (5 << 41) + 16], "i64"),
            **softmax_tables(7),
        },
    )  # fmt: skip
    lone = "las-softmax-one-position"
    parameters = {
        "bound": (1 << 61) - 1, "scale_mantissa": 65535, "scale_exponent": 0, "steps": 5,
        "table_steps": 5, **EVEN,
    }  # fmt: skip
    yield accepted(
        lone,
        "las_softmax",
        "A lone position, the largest bound: catches a probability other than that of its own"
        " exponential, a bound of 62 bits that wraps when doubled.",
        parameters,
        {"distance": tensor([0], "i64"), **softmax_tables(5)},
    )
    far = (1 << 62) - 2
    yield accepted(
        "las-softmax-far",
        "las_softmax",
        "Positions beyond 40 bits of log 2: catches an argument that wraps.",
        parameters,
        {"distance": tensor([0, far, 1 << 50], "i64"), **softmax_tables(5)},
    )
    for name, kind, change, distance in (
        ("bound-beyond", "parameter", {"bound": 1 << 61}, [0]),
        ("distance-negative", "range", {}, [-1]),
    ):
        yield refused(
            f"las-softmax-{name}",
            "las_softmax",
            "range" if kind == "range" else "parameter",
            "A bound or a distance out of its range: catches a device without the check.",
            {**parameters, **change},
            {"distance": tensor(distance, "i64"), **softmax_tables(5)},
            beside=lone,
        )


def _published() -> Iterator[Case]:
    near = [t + d for t in (9455, 9455 + 65536, 954940, 1900425) for d in (-1, 0, 1)]
    for name, ties, distances, catches in (
        ("logs", "half-even", [0, 1, *near, 4000000], "a cut one unit too early, the offset left"
         " out, silence from the cut on, k = -1 taken for 0"),
        ("small-sum", "half-up", [200000, 300000, 950000, 960000, 2000000], "a sum below 0.2"),
        ("large-sum", "half-even", [0] * 56, "a sum beyond 60"),
    ):  # fmt: skip
        yield accepted(
            f"las-published-softmax-{name}",
            "las_published_softmax",
            f"Distances in units of log 2 as they are: catches {catches}.",
            {
                "bound": 1 << 21, "scale_mantissa": 32768, "scale_exponent": -31, "steps": 6,
                "table_steps": 6, "ties": ties,
            },
            {"distance": tensor(distances, "i64"), **softmax_tables(6)},
        )  # fmt: skip


def _mixtures() -> Iterator[Case]:
    p = [0, 1, 1 << 24, (1 << 24) - 1, (1 << 24) + 1, 1 << 29, (1 << 30) - 1, 1 << 30]
    for ties, rule, (steps, levels) in zip(
        TIES, ("below", "at-most"), ((10, 1), (12, 4)),
        strict=True,
    ):  # fmt: skip
        identity = f"las-mix-t{steps}-n{levels}-{ties}"
        form = {"steps": steps, "levels": levels}
        yield accepted(
            identity,
            "las_mix",
            "Probabilities at the outlier gate and one unit beside, none and all: catches 16"
            " fraction bits, the unit of values twice, a bound that grows with positions, keys"
            " read by dimension.",
            {**form, "rule": rule, "gate": rule, **PROBABILITIES, **code("value"), "ties": ties},
            {
                "probability": tensor(p, "i64"),
                **population(identity, "value", (len(p), 3), form),
            },
        )
    identity = "las-mix-wide-bound"
    loud = (1 << 16) + 1, 15 << 16
    yield accepted(
        identity,
        "las_mix",
        "Codes without a common divisor, so that the bound is of 56 bits: catches a bound of one"
        " position, or of probabilities that sum to 1 exactly.",
        {
            "steps": 10, "levels": 1, **BELOW, "probabilities_threshold_n": 1023,
            "probabilities_threshold_o": 1 << 16, **code("value", loud), **EVEN,
        },
        {
            "probability": tensor(p, "i64"),
            **population(identity, "value", (len(p), 3), TEN, 22, loud),
        },
    )  # fmt: skip
    identity = "las-mix-saturated"
    yield accepted(
        identity,
        "las_mix",
        "Probabilities beyond the outlier threshold: catches saturations that are not counted.",
        {
            "steps": 10, "levels": 1, **BELOW, "probabilities_threshold_n": 1 << 10,
            "probabilities_threshold_o": 1 << 12, **code("value"), **EVEN,
        },
        {
            "probability": tensor([1 << 26, (1 << 26) + 1, 1 << 30], "i64"),
            **population(identity, "value", (3, 2), TEN),
        },
    )  # fmt: skip


def _attended() -> Iterator[Case]:
    for place, (name, heads, groups, tokens, positions, causal, window) in enumerate((
        ("grouped-window", 4, 2, 3, 5, 1, 3),
        ("encoder", 2, 2, 3, 3, 0, 0),
    )):  # fmt: skip
        identity = f"las-attend-{name}"
        form = {"steps": 10, "levels": 1 + place}
        ties = TIES[place % 2]
        thresholds = THRESHOLDS | (FINE if place else {})
        roles = {"query": (tokens, heads, 2)}
        roles |= dict.fromkeys(("key", "value"), (positions, groups, 2))
        spikes = {
            name: array
            for role, shape in roles.items()
            for name, array in population(identity, role, shape, form, 19, thresholds[role]).items()
        }
        if place:
            _make_extreme(spikes, form)
        yield accepted(
            identity,
            "las_attend",
            "Whole attention: catches a position too many or too few, the head of another group, a"
            " future position that counts among the spikes, a scale of one operand alone, a"
            " maximum over hidden positions.",
            {
                **form,
                **BELOW,
                **PROBABILITIES,
                **{k: v for role in roles for k, v in code(role, thresholds[role]).items()},
                "table_steps": form["steps"],
                "score_mantissa": 47274,
                "score_exponent": -16,
                "causal": causal,
                "window": window,
                "ties": ties,
            },
            {
                **spikes,
                **softmax_tables(form["steps"]),
            },
            provenance="random",
        )


def _make_extreme(spikes: dict[str, NDArray[Any]], form: dict[str, int]) -> None:
    """Let the first query meet keys of the largest magnitude, one of each sign."""
    largest = (2 * form["levels"] - 1) * ((1 << form["steps"]) - 1)
    for role, row, count in (("query", 0, largest), ("key", 0, largest), ("key", 1, -largest)):
        spikes[f"{role}_counts"][row] = count
        spikes[f"{role}_outliers"][row] = 1
