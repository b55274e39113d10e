"""Operations of chapter 2."""

from collections.abc import Mapping

from .. import arithmetic as rule
from .. import generator
from ..parameters import Parameters
from ..tensor import Refusal, Tensor, matrix, vector

LIMIT = 1 << 62
"""What the reference's rounding takes and gives lies below it (CONF-10)."""


def coefficients(inputs: Mapping[str, Tensor]) -> tuple[int, ...]:
    """The table c_0 … c_6 of exp2; refuses one that a model may not have (MODEL-7)."""
    table = inputs["table"].flat
    if table[0] != 1 << 30 or min(table) < 0 or sum(table) > 1 << 31:
        raise Refusal("range", "a table that MODEL-7 excludes")
    return table


def round_shift(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ARITH-2."""
    x, s = inputs["x"].flat, inputs["s"].flat
    if any(abs(value) >= LIMIT for value in x):
        raise Refusal("range", "|x| ≥ 2^62")
    shifts = [max(shift, -62) for shift in s]  # farther ones are refused as well
    y = [rule.round_shift(a, b, parameters.ties) for a, b in zip(x, shifts, strict=True)]
    if any(abs(value) >= LIMIT for value in y):
        raise Refusal("range", "a result ≥ 2^62")
    return {"y": vector("i64", y)}


def round_div(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ARITH-3."""
    a, b = inputs["a"].flat, inputs["b"].flat
    if min(b) < 1:
        raise Refusal("range", "b < 1")
    q = [rule.round_div(x, y, parameters.ties) for x, y in zip(a, b, strict=True)]
    return {"q": vector("i64", q)}


def saturate(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ARITH-4."""
    bits = parameters.width("bits", 1, 64)
    rows = [rule.saturate_all(row, bits) for row in inputs["x"].rows()]
    return {
        "y": matrix("i64", [y for y, _ in rows]),
        "saturations": vector("i64", [changed for _, changed in rows]),
    }


def block_shift(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ARITH-5."""
    bits, ties = parameters.width("bits", 1, 64), parameters.ties
    if any(abs(value) >= LIMIT for value in inputs["x"].flat):
        raise Refusal("range", "|x| ≥ 2^62")
    rows = [rule.block_shift(row, bits, ties) for row in inputs["x"].rows()]
    return {
        "mantissas": matrix("i64", [mantissas for mantissas, _ in rows]),
        "shift": vector("i32", [shift for _, shift in rows]),
    }


def normalise(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ARITH-6."""
    bits, ties = parameters.width("bits", 1, 62), parameters.ties
    a = inputs["a"].flat
    if min(a) < 1:
        raise Refusal("range", "a < 1")
    if max(a) >= LIMIT:
        raise Refusal("range", "a ≥ 2^62")
    scales = [rule.normalise(x, bits, ties) for x in a]
    return {
        "mantissa": vector("i64", [mantissa for mantissa, _ in scales]),
        "exponent": vector("i32", [exponent for _, exponent in scales]),
    }


def isqrt(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ARITH-7."""
    x = inputs["x"].flat
    if min(x) < 0 or max(x) >= LIMIT:
        raise Refusal("range", "x outside 0 … 2^62−1")
    return {"root": vector("i64", [rule.isqrt(value) for value in x])}


def exp2(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ARITH-8."""
    a, table, ties = inputs["a"].flat, coefficients(inputs), parameters.ties
    if min(a) < 0:
        raise Refusal("range", "a < 0")
    return {"p": vector("i64", [rule.exp2(value, table, ties) for value in a])}


def random_words(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ARITH-10."""
    seed, count = generator.seed_of(parameters.text("label")), parameters.integer("count")
    if not 0 <= count <= 1 << 24:
        raise Refusal("parameter", f"count {count} outside 0 … 2^24")
    return {"words": vector("u64", generator.random_words(seed, count))}
