"""The fields of the records of LAS, in canonical order (LAS-18)."""

from collections.abc import Sequence
from dataclasses import dataclass

from .las_attention import Attended
from .las_norm import Normed
from .las_operators import Output, Spikes
from .tensor import Tensor, matrix, scalar, vector

Fields = dict[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """One query head: what it attends, and the spikes of its visible keys and values."""

    attended: Attended
    key_spikes: int
    value_spikes: int


def norm_fields(normed: Normed) -> Fields:
    """The fields of a norm."""
    return {
        "deviation": vector("i32", normed.deviation),
        "energy": scalar("i64", normed.energy),
        "inverse": scalar("i32", normed.inverse),
        "inverse_exponent": scalar("i32", normed.inverse_exponent),
        "output": vector("i64", normed.output),
        "saturations": scalar("i64", normed.saturations),
    }


def input_fields(spikes: Spikes, saturations: int) -> Fields:
    """The fields of the input of an operator."""
    return {
        "counts": vector("i32", spikes.counts),
        "outliers": vector("i8", spikes.outliers),
        "saturations": scalar("i64", saturations),
    }


def head_spikes_fields(heads: Sequence[Spikes], saturations: int) -> Fields:
    """The fields of queries, keys or values, by head."""
    return {
        "counts": matrix("i32", [spikes.counts for spikes in heads]),
        "outliers": matrix("i8", [spikes.outliers for spikes in heads]),
        "saturations": scalar("i64", saturations),
    }


def linear_fields(result: Output) -> Fields:
    """The fields of a linear operator."""
    return {
        "accumulator": vector("i64", result.accumulator),
        "output": vector("i64", result.output),
        "saturations": scalar("i64", result.saturations),
    }


def attention_fields(heads: Sequence[Attention]) -> Fields:
    """The fields of attention."""
    attended = [head.attended for head in heads]
    return {
        "top": vector("i64", [head.top for head in attended]),
        "sum": vector("i64", [head.weights.sum for head in attended]),
        "inverse": vector("i32", [head.weights.inverse for head in attended]),
        "inverse_exponent": vector("i32", [head.weights.inverse_exponent for head in attended]),
        "accumulator": matrix("i64", [head.accumulator for head in attended]),
        "mixed": vector("i64", [x for head in attended for x in head.mixed]),
        "probability_spikes": vector("i64", [head.probability_spikes for head in attended]),
        "key_spikes": vector("i64", [head.key_spikes for head in heads]),
        "value_spikes": vector("i64", [head.value_spikes for head in heads]),
        "saturations": scalar("i64", sum(head.saturations for head in attended)),
    }


def output_fields(output: Sequence[int]) -> Fields:
    """The fields of an activation (20 fraction bits)."""
    return {"output": vector("i64", output)}


def gated_fields(output: Sequence[int], saturations: int) -> Fields:
    """The fields of the gated product."""
    return {"output": vector("i64", output), "saturations": scalar("i64", saturations)}
