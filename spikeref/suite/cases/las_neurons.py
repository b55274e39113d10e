"""FS, MT and OAT neurons and their trains (NEUR-1 to NEUR-5)."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.operations.table import run_operation
from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.vectors.case import Case

RULES = ("below", "at-most")
FORM: Parameters = {"steps": 10, "levels": 1}
BELOW: Parameters = {"rule": "below", "gate": "below"}


def las_neuron_cases() -> Iterator[Case]:
    """Yield the cases of fs_neuron, mt_neuron, oat_encode and oat_train."""
    yield from _few_spikes()
    yield from _multi_threshold()
    yield from _gates()
    yield from _units()
    yield from _encoded_at_random()
    yield from _refused()
    yield from _trains()


def _few_spikes() -> Iterator[Case]:
    resets, thresholds, weights = [50, -20, 10, 5], [40, 15, 9, -3], [7, 5, -2, 1]
    near = sorted({t + d for t in (*thresholds, 90, 60, 65) for d in (-1, 0, 1)})
    yield accepted(
        "fs-neuron-at-thresholds",
        "fs_neuron",
        "Potentials at, below and above each threshold, a reset and a weight below zero: catches"
        " >= for >, a reset left out, a threshold of the next step.",
        {},
        {
            "x": tensor([*near, 1 << 40, -(1 << 40)], "i64"),
            "resets": tensor(resets, "i64"),
            "thresholds": tensor(thresholds, "i64"),
            "weights": tensor(weights, "i64"),
        },
    )


def _near_levels(threshold: int, steps: int, levels: int) -> list[int]:
    """Return magnitudes at, below and above where a level first equals the potential."""
    n, places = levels, range(1, 4)
    equal = {(n + k) * threshold // (n << t) for t in places for k in range(0, n, max(1, n - 1))}
    near = {m + d for m in equal for d in (-1, 0, 1)}
    return sorted(m for m in near if 0 <= m <= threshold)


def _multi_threshold() -> Iterator[Case]:
    for levels in (1, 2, 5, 15):
        steps = 10 + (levels - 1) % 7
        for rule in RULES if levels in (1, 2) else (RULES[levels % 2],):
            threshold = levels << steps
            near = _near_levels(threshold, steps, levels)
            far = [0, 1, threshold - 1, threshold, threshold + 1, 3 * threshold]
            yield accepted(
                f"mt-neuron-n{levels}-t{steps}-{rule}",
                "mt_neuron",
                "Magnitudes at levels and one unit beside, at zero and beyond the threshold:"
                " catches < for <=, levels counted from 1, a lost level, no cut at the threshold.",
                {"steps": steps, "levels": levels, "rule": rule, "threshold": threshold},
                {"magnitude": tensor([*far, *near], "i64")},
            )
    identity = "mt-neuron-odd-threshold"
    yield accepted(
        identity,
        "mt_neuron",
        "A threshold that is no power of two: catches a shift in place of the division.",
        {"steps": 13, "levels": 4, "rule": "below", "threshold": 12345677},
        {"magnitude": Draw(identity).uniform("magnitude", 0, 13000000, (16,), "i64")},
        provenance="random",
    )
    widest: Parameters = {"steps": 16, "levels": 15, "rule": "below", "threshold": 1 << 32}
    magnitude = tensor([1, (1 << 32) - 1, 1 << 32, (1 << 40) - 1], "i64")
    comment = "The largest threshold, levels and steps: catches potentials of less than 56 bits."
    inputs = {"magnitude": magnitude}
    yield accepted("mt-neuron-largest", "mt_neuron", comment, widest, inputs)
    for name, change in (("threshold-0", 0), ("threshold-beyond-2-to-the-32", (1 << 32) + 1)):
        yield refused(
            f"mt-neuron-{name}",
            "mt_neuron",
            "parameter",
            "A threshold out of its range: catches a device without the check.",
            {**widest, "threshold": change},
            inputs,
            beside="mt-neuron-largest",
        )
    yield refused(
        "mt-neuron-negative-magnitude",
        "mt_neuron",
        "range",
        "A magnitude below zero: catches a device that takes signed values.",
        widest,
        {"magnitude": tensor([-1], "i64")},
        beside="mt-neuron-largest",
    )


def encode(normal: int, outlier: int, fraction: int = 16, **form: int | str) -> Parameters:
    """Return the parameters of oat_encode."""
    return {
        **FORM,
        **BELOW,
        **form,
        "threshold_n": normal,
        "threshold_o": outlier,
        "fraction_bits": fraction,
    }


def _gates() -> Iterator[Case]:
    for gate, rule, steps, levels, fraction in (
        ("below", "below", 10, 1, 16),
        ("at-most", "at-most", 10, 1, 16),
        ("at-most", "below", 16, 1, 20),
        ("below", "at-most", 12, 3, 30),
    ):
        normal, outlier = (1 << 11, 1 << 17) if fraction == 30 else (10 << 16, 500 << 16)
        up = fraction - 16
        at = [value << up for value in (normal, outlier, 2 * outlier)]
        row = [0, 1, *(value + d for value in at for d in (-1, 0, 1))]
        yield accepted(
            f"oat-encode-gate-{gate}-rule-{rule}-f{fraction}",
            "oat_encode",
            "Values at both thresholds and one unit beside, of both signs: catches > for >= in the"
            " gate, a threshold of other fraction bits, a lost sign, saturation counted at the"
            " threshold itself.",
            encode(normal, outlier, fraction, gate=gate, rule=rule, steps=steps, levels=levels),
            {"x": tensor([row, [-value for value in row]], "i64")},
        )


def _units() -> Iterator[Case]:
    x = tensor([[7, -70, 700]], "i64")
    carry = (15 << 17) - 1  # /15 is 2^17 less a fifteenth: 2^16 after rounding
    for name, normal, outlier, levels, steps in (
        ("thirds", 1 << 16, 1 << 20, 3, 16),
        ("carry", carry, carry, 15, 10),
        ("tie-even", (1 << 17) + 2, (1 << 17) + 2, 1, 10),
    ):
        yield accepted(
            f"oat-encode-unit-{name}",
            "oat_encode",
            "The unit of a code as a scale: catches a floor, an exponent that forgets a step or"
            " the levels, a mantissa of 2^16, the threshold in place of the common divisor.",
            encode(normal, outlier, steps=steps, levels=levels),
            {"x": x},
        )


def _encoded_at_random() -> Iterator[Case]:
    identity = "oat-encode-random"
    yield accepted(
        identity,
        "oat_encode",
        "Random values of all sizes: catches a sub-neuron kept from the value before.",
        encode(3 << 16, 24 << 16, 20, steps=14, levels=7),
        {"x": Draw(identity).spread("x", 26, (2, 12), "i64")},
        provenance="random",
    )


def _refused() -> Iterator[Case]:
    x = tensor([[5, -3]], "i64")
    ratio = (1 << 30) // 1023  # r_o·1023 < 2^30 ≤ (r_o + 1)·1023
    valid = {
        "oat-encode-largest-value": encode(1, ratio),
        "oat-encode-form-valid": encode(1 << 16, 1 << 16, steps=16, levels=15),
    }
    for identity, parameters in valid.items():
        comment = "The last values of the domain: catches a limit one too early."
        yield accepted(identity, "oat_encode", comment, parameters, {"x": x})
    largest, form = valid
    for name, beside, change in (
        ("value-beyond-30-bits", largest, {"threshold_o": ratio + 1}),
        ("thresholds-crossed", largest, {"threshold_n": ratio + 1}),
        ("threshold-beyond", form, {"threshold_n": (1 << 32) + 1, "threshold_o": (1 << 32) + 1}),
        ("steps-17", form, {"steps": 17}),
        ("levels-0", form, {"levels": 0}),
        ("unknown-gate", form, {"gate": "above"}),
    ):
        yield refused(
            f"oat-encode-{name}",
            "oat_encode",
            "parameter",
            "One parameter out of its range: catches a device that encodes all the same.",
            {**valid[beside], **change},
            {"x": x},
            beside=beside,
        )


def counts_of(x: NDArray[Any], parameters: Parameters) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return counts and flags that the reference encodes values [R, N] to."""
    done = run_operation("oat_encode", parameters, {"x": x})
    return done["counts"], done["outliers"]


def _trains() -> Iterator[Case]:
    for steps, levels in ((16, 1), (13, 15)):
        identity = f"oat-train-t{steps}-n{levels}"
        values = Draw(identity).spread("x", 21, (1, 8), "i64")
        edges = tensor([[0, 1 << 22, -(1 << 22), (2 << 16) - 1, 2 << 16]], "i64")
        parts = [
            counts_of(x, encode(2 << 16, 6 << 16, steps=steps, levels=levels))
            for x in (values, edges)
        ]
        yield accepted(
            identity,
            "oat_train",
            "Random counts, none, and the largest of both signs: catches the least significant"
            " step first, a level from 1, a ratio of the other sub-neuron, a lost polarity.",
            {"steps": steps, "levels": levels, "threshold_n": 2 << 16, "threshold_o": 6 << 16},
            {
                "counts": tensor([v for c, _ in parts for v in c[0].tolist()], "i32"),
                "outliers": tensor([v for _, o in parts for v in o[0].tolist()], "i8"),
            },
        )
    beside = "hand-oat-train-levels"
    yield refused(
        "oat-train-count-of-no-neuron",
        "oat_train",
        "range",
        "A count of 1 where the lowest level is 2: catches a device that drops the rest.",
        {"steps": 10, "levels": 2, "threshold_n": 5, "threshold_o": 15},
        {"counts": tensor([1], "i32"), "outliers": tensor([0], "i8")},
        beside=beside,
    )
    yield refused(
        "oat-train-count-beyond",
        "oat_train",
        "range",
        "A count beyond (2n-1)*(2^T-1): catches a device that cuts it off.",
        {"steps": 10, "levels": 2, "threshold_n": 5, "threshold_o": 15},
        {"counts": tensor([3 * 1023 + 1], "i32"), "outliers": tensor([0], "i8")},
        beside=beside,
    )
