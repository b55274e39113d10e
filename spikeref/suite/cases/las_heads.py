"""Heads, spike products and scores of LAS (LAS-7, LAS-8, LAS-10)."""

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, hand_worked, refused
from spikeref.suite.cases.las_neurons import counts_of, encode
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import TIES
from spikeref.vectors.case import Case

TEN = {"steps": 10, "levels": 1}
FORM: Parameters = {**TEN}
THRESHOLDS = {
    role: (normal << 16, outlier << 16)
    for role, normal, outlier in (
        ("a", 2, 24), ("b", 3, 12), ("query", 4, 10), ("key", 5, 20), ("value", 1, 8),
    )
}  # fmt: skip
"""By role, with 16 fraction bits."""
FINE = {"query": ((2 << 16) + 1, 4 << 16), "key": ((1 << 16) + 1, 3 << 16)}
"""Thresholds without a common divisor, so that values are large."""


def las_head_cases() -> Iterator[Case]:
    """Yield the cases of las_heads, las_saa and las_softmax_offset."""
    yield from _by_hand()
    yield from _heads()
    yield from _products()
    yield from _offsets()


def code(role: str, thresholds: tuple[int, int] | None = None) -> Parameters:
    """Return the thresholds of a role, by default its own, as parameters."""
    normal, outlier = thresholds or THRESHOLDS[role]
    return {f"{role}_threshold_n": normal, f"{role}_threshold_o": outlier}


def population(
    identity: str,
    role: str,
    shape: tuple[int, ...],
    form: Mapping[str, int],
    bits: int = 21,
    thresholds: tuple[int, int] | None = None,
) -> dict[str, NDArray[Any]]:
    """Return random spikes of a role, some of them outliers, under the names of its inputs."""
    x = Draw(identity).spread(role, bits, shape, "i64")
    normal, outlier = thresholds or THRESHOLDS[role]
    counts, outliers = counts_of(x.reshape(1, -1), encode(normal, outlier, **form))
    return {
        f"{role}_counts": counts.reshape(shape),
        f"{role}_outliers": outliers.reshape(shape),
    }


def _by_hand() -> Iterator[Case]:
    # Θ 1, 2: G = 1, r = 1, 2. a: step 9 fires 2, and the outlier −1·2 at step 10. b: rows (1), (3):
    # step 9: 2 of row 2; step 10: 1 and 1. Step 9: 2·0 + 0; 0·2. Step 10: As(9)·1 = 2; −2·(2+1)
    # + 0·1 = −6. −4: 2·1 + (−2)·3.
    steps = [[0]] * 9 + [[-4]]
    yield hand_worked(
        "hand-las-saa",
        "las_saa",
        "2*1 + (-1*2)*3 = -4, all of it at step 10: the 2 of step 9 meets the 1 that comes then,"
        " and the outlier -1, which weighs -2, meets 2 + 1.",
        {**FORM, "a_threshold_n": 1, "a_threshold_o": 2, "b_threshold_n": 1, "b_threshold_o": 1},
        {
            "a_counts": tensor([2, -1], "i32"),
            "a_outliers": tensor([0, 1], "i8"),
            "b_counts": tensor([[1], [3]], "i32"),
            "b_outliers": tensor([[0], [0]], "i8"),
        },
        {"increments": steps, "sum": [-4]},
    )
    # q = 2, keys −1 and −3. q fires 2 at step 9, key 1 −1 at step 10, key 2 −2 and −1. Step 9: 0;
    # 2·(−2) = −4: max 0: offsets 0, −4. Step 10: 2·(−1) each: X = −2, −6, max −2: 0, −4. D = 0, 4.
    yield hand_worked(
        "hand-las-softmax-offset",
        "las_softmax_offset",
        "2 on keys -1 and -3: after step 9 the scores are 0 and -4 under a maximum of 0, after step"
        " 10 they are -2 and -6 under -2: offsets 0, -4 and 0, -4; the distances are 0 and 4.",
        {
            **FORM, "query_threshold_n": 1, "query_threshold_o": 1, "key_threshold_n": 1,
            "key_threshold_o": 1,
        },
        {
            "query_counts": tensor([2], "i32"),
            "query_outliers": tensor([0], "i8"),
            "key_counts": tensor([[-1], [-3]], "i32"),
            "key_outliers": tensor([[0], [0]], "i8"),
        },
        {"score": [-2, -6], "offsets": [[0, 0]] * 8 + [[0, -4], [0, 0]], "distance": [0, 4]},
    )  # fmt: skip
    # A quarter turn: (3, 5) becomes (−5, 3), times 2^14, which goes away. Θ = 8: V = ⌈2^10·5/8⌉ − 1
    # = 639 and ⌈2^10·3/8⌉ − 1 = 383.
    yield hand_worked(
        "hand-las-heads",
        "las_heads",
        "A quarter turn makes -5 and 3 of 3 and 5: of a threshold of 8 ceil(640)-1 and"
        " ceil(384)-1.",
        {**FORM, "rule": "below", "gate": "below", "threshold_n": 8, "threshold_o": 8,
         "ties": "half-even"},
        {
            "x": tensor([[[3, 5]]], "i32"),
            "cos": tensor([[0]], "i16"),
            "sin": tensor([[16384]], "i16"),
        },
        {"counts": [[[-639, 383]]], "outliers": [[[0, 0]]], "saturations": [0]},
    )  # fmt: skip


def _heads() -> Iterator[Case]:
    draw = Draw("las-heads")
    turns = {
        "cos": tensor([[16384, 16383, -16384], [11585, 0, 3]], "i16"),
        "sin": tensor([[0, 161, 5], [11585, -16384, -16383]], "i16"),
    }
    loud = tensor([[[(1 << 31) - 1, -(1 << 31), 5] * 2] * 2] * 2, "i32")
    for ties, rule in zip(TIES, ("below", "at-most"), strict=True):
        parameters: Parameters = {
            **FORM, "rule": rule, "gate": rule, "threshold_n": 1 << 10, "threshold_o": 1 << 14,
            "ties": ties,
        }  # fmt: skip
        yield accepted(
            f"las-heads-turned-{ties}",
            "las_heads",
            "Two heads at two positions: catches neighbours as pairs, the turn of another position,"
            " a floor, a neuron that takes the 14 places of the turn along.",
            parameters,
            {"x": draw.spread(f"x {ties}", 15, (2, 2, 6), "i32"), **turns},
            provenance="random",
        )
    parameters = {
        **FORM, "rule": "below", "gate": "below", "threshold_n": 1 << 10,
        "threshold_o": 1 << 14, "ties": "half-even",
    }  # fmt: skip
    yield accepted(
        "las-heads-still",
        "las_heads",
        "Heads of a model without rotation: catches a device that turns them or shifts them.",
        parameters,
        {"x": draw.spread("still", 15, (2, 3, 2), "i32")},
        provenance="random",
    )
    yield accepted(
        "las-heads-loud",
        "las_heads",
        "Turned values beyond 32 bits: catches one that wraps, saturations counted by heads.",
        {
            **FORM, "rule": "below", "gate": "below", "threshold_n": 1 << 32,
            "threshold_o": 1 << 32, "ties": "half-even",
        },
        {"x": loud, **turns},
    )  # fmt: skip


def _products() -> Iterator[Case]:
    for steps, levels in ((16, 1), (12, 4)):
        identity = f"las-saa-t{steps}-n{levels}"
        form = {"steps": steps, "levels": levels}
        yield accepted(
            identity,
            "las_saa",
            "Random trains on both sides: catches As(t) for As(t-1), Bs(t-1) for Bs(t), ratios of"
            " the other operand, a matrix read by its other side.",
            {**form, **code("a"), **code("b")},
            {
                **population(identity, "a", (5,), form),
                **population(identity, "b", (5, 3), form),
            },
            provenance="random",
        )
    silent = {
        **population("las-saa-silent", "b", (2, 2), TEN),
        "a_counts": tensor([0, 0], "i32"),
        "a_outliers": tensor([1, 0], "i8"),
    }
    parameters: Parameters = {**FORM, **code("a"), **code("b")}
    comment = "One operand silent: catches sums that stay from the case before."
    yield accepted("las-saa-silent", "las_saa", comment, parameters, silent)
    yield refused(
        "las-saa-count-of-no-neuron",
        "las_saa",
        "range",
        "A count of one bit too many: catches a device that drops it.",
        parameters,
        {**silent, "a_counts": tensor([1024, 0], "i32")},
        beside="las-saa-silent",
    )


def _offsets() -> Iterator[Case]:
    for steps, levels in ((16, 1), (11, 3)):
        identity = f"las-softmax-offset-t{steps}-n{levels}"
        form = {"steps": steps, "levels": levels}
        yield accepted(
            identity,
            "las_softmax_offset",
            "Keys that lead in turn: catches the maximum of the last step alone, one that may not"
            " fall, one of magnitudes, one that starts below zero.",
            {**form, **code("query"), **code("key")},
            {
                **population(identity, "query", (4,), form),
                **population(identity, "key", (5, 4), form),
            },
            provenance="random",
        )
