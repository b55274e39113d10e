"""Arithmetic of chapter 2 as operations: rounding, saturation, roots, powers, random words."""

import numpy as np
from numpy.typing import NDArray

from spikeref.arith import rounding
from spikeref.arith.exponential import ONE_BITS, exp2
from spikeref.arith.generator import random_words, seed_of
from spikeref.arith.roots import isqrt
from spikeref.arith.widths import magnitude
from spikeref.errors import RefusedError
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters
from spikeref.operations.parameters import integer, text, ties_of, width_of

LARGEST_MAGNITUDE = 1 << 62
ONE = 1 << ONE_BITS
MOST_WORDS = 1 << 24
WIDTHS = range(1, 65)
MANTISSA_WIDTHS = range(1, 63)


def coefficients_of(inputs: Inputs) -> tuple[int, ...]:
    """Return c_0 … c_6 of the input `table`; refused where a model's would be (MODEL-7)."""
    coefficients = tuple(inputs["table"].tolist())
    if coefficients[0] != ONE or min(coefficients) < 0 or sum(coefficients) > 2 * ONE:
        raise RefusedError("range", "table: c_0 = 2^30, c >= 0 and a sum up to 2^31 are needed")
    return coefficients


def refuse_below(name: str, x: NDArray[np.int64], lowest: int) -> None:
    """Refuse a value below `lowest`."""
    if x.size and int(x.min()) < lowest:
        raise RefusedError("range", f"{name}: {int(x.min())} is below {lowest}")


def refuse_wide(name: str, x: NDArray[np.int64]) -> None:
    """Refuse a magnitude of 2^62 or more."""
    if magnitude(x) >= LARGEST_MAGNITUDE:
        raise RefusedError("range", f"{name}: a magnitude reaches 2^62")


def _round_shift(parameters: Parameters, inputs: Inputs) -> Outputs:
    x = inputs["x"]
    refuse_wide("round_shift: x", x)
    return {"y": rounding.round_shift(x, inputs["s"], ties_of(parameters))}


def _round_div(parameters: Parameters, inputs: Inputs) -> Outputs:
    refuse_below("round_div: b", inputs["b"], 1)
    return {"q": rounding.round_div(inputs["a"], inputs["b"], ties_of(parameters))}


def _saturate(parameters: Parameters, inputs: Inputs) -> Outputs:
    done = rounding.saturate(inputs["x"], width_of(parameters, "bits", WIDTHS))
    return {"y": done.values, "saturations": done.count}


def _block_shift(parameters: Parameters, inputs: Inputs) -> Outputs:
    bits = width_of(parameters, "bits", WIDTHS)
    block = rounding.block_shift(inputs["x"], bits, ties_of(parameters))
    return {"mantissas": block.mantissas, "shift": block.shift}


def _normalise(parameters: Parameters, inputs: Inputs) -> Outputs:
    refuse_below("normalise: a", inputs["a"], 1)
    bits = width_of(parameters, "bits", MANTISSA_WIDTHS)
    scale = rounding.normalise(inputs["a"], bits, ties_of(parameters))
    return {"mantissa": scale.mantissa, "exponent": scale.exponent}


def _isqrt(parameters: Parameters, inputs: Inputs) -> Outputs:
    refuse_below("isqrt: x", inputs["x"], 0)
    refuse_wide("isqrt: x", inputs["x"])
    return {"root": isqrt(inputs["x"])}


def _exp2(parameters: Parameters, inputs: Inputs) -> Outputs:
    refuse_below("exp2: a", inputs["a"], 0)
    return {"p": exp2(inputs["a"], coefficients_of(inputs), ties_of(parameters))}


def _random_words(parameters: Parameters, inputs: Inputs) -> Outputs:
    label, count = text(parameters, "label"), integer(parameters, "count")
    if not 0 <= count <= MOST_WORDS:
        raise RefusedError("parameter", f"count {count} outside 0 … 2^24")
    return {"words": random_words(seed_of(label), count)}


ARITHMETIC = (
    Operation(
        name="round_shift",
        case_class="full",
        clauses=("ARITH-2",),
        parameters=("ties",),
        inputs={"x": "i64 K", "s": "i32 K"},
        outputs={"y": "i64 K"},
        run=_round_shift,
    ),
    Operation(
        name="round_div",
        case_class="full",
        clauses=("ARITH-3",),
        parameters=("ties",),
        inputs={"a": "i64 K", "b": "i64 K"},
        outputs={"q": "i64 K"},
        run=_round_div,
    ),
    Operation(
        name="saturate",
        case_class="full",
        clauses=("ARITH-4",),
        parameters=("bits",),
        inputs={"x": "i64 T N"},
        outputs={"y": "i64 T N", "saturations": "i64 T"},
        run=_saturate,
    ),
    Operation(
        name="block_shift",
        case_class="full",
        clauses=("ARITH-5",),
        parameters=("bits", "ties"),
        inputs={"x": "i64 T N"},
        outputs={"mantissas": "i64 T N", "shift": "i32 T"},
        run=_block_shift,
    ),
    Operation(
        name="normalise",
        case_class="full",
        clauses=("ARITH-6",),
        parameters=("bits", "ties"),
        inputs={"a": "i64 K"},
        outputs={"mantissa": "i64 K", "exponent": "i32 K"},
        run=_normalise,
    ),
    Operation(
        name="isqrt",
        case_class="full",
        clauses=("ARITH-7",),
        parameters=(),
        inputs={"x": "i64 K"},
        outputs={"root": "i64 K"},
        run=_isqrt,
    ),
    Operation(
        name="exp2",
        case_class="full",
        clauses=("ARITH-8",),
        parameters=("ties",),
        inputs={"a": "i64 K", "table": "i64 7"},
        outputs={"p": "i64 K"},
        run=_exp2,
    ),
    Operation(
        name="random_words",
        case_class="full",
        clauses=("ARITH-10",),
        parameters=("label", "count"),
        inputs={},
        outputs={"words": "u64 count"},
        run=_random_words,
    ),
)
