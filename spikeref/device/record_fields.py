"""The fields of each record, in canonical order (TRACE-2)."""

from collections.abc import Sequence

from .attention import Cached, Mixed
from .operators import Input, Output, Scaled
from .tensor import Tensor, matrix, scalar, vector


def residual_fields(residual: Sequence[int], saturations: int) -> dict[str, Tensor]:
    """The fields of codes 0, 11 and 17."""
    return {"residual": vector("i64", residual), "saturations": scalar("i64", saturations)}


def input_fields(given: Input) -> dict[str, Tensor]:
    """The fields of codes 1, 9, 12 and 15."""
    return {
        "potential": vector("i32", given.potentials.values),
        "exponent": scalar("i32", given.potentials.exponent),
        "amax": scalar("i64", given.spikes.range),
        "zero_point": scalar("i16", given.spikes.zero_point),
        "counts": vector("i16", given.spikes.counts),
    }


def output_fields(result: Output) -> dict[str, Tensor]:
    """The fields of codes 2, 3, 4, 10, 13, 14 and 16."""
    return {
        "accumulator": vector("i32", result.accumulator),
        "output": vector("i64", result.output),
        "saturations": scalar("i64", result.saturations),
    }


def query_fields(queries: Sequence[Scaled]) -> dict[str, Tensor]:
    """The fields of code 5."""
    return {
        "mantissa": matrix("i32", [query.values for query in queries]),
        "exponent": vector("i32", [query.exponent for query in queries]),
    }


def cached_fields(heads: Sequence[tuple[Sequence[int], Cached]]) -> dict[str, Tensor]:
    """The fields of codes 6 and 7."""
    return {
        "potential": matrix("i32", [potentials for potentials, _ in heads]),
        "mantissa": vector("i32", [cached.mantissa for _, cached in heads]),
        "exponent": vector("i32", [cached.exponent for _, cached in heads]),
        "counts": matrix("i16", [cached.counts for _, cached in heads]),
    }


def attention_fields(mixed: Sequence[Mixed], output: Scaled) -> dict[str, Tensor]:
    """The fields of code 8."""
    return {
        "top_score": vector("i64", [head.top for head in mixed]),
        "weight_sum": vector("i64", [head.weight_sum for head in mixed]),
        "accumulator": matrix("i64", [head.accumulator for head in mixed]),
        "mixed": vector("i64", output.values),
        "exponent": scalar("i32", output.exponent),
        "key_spikes": vector("i64", [head.key_spikes for head in mixed]),
        "value_spikes": vector("i64", [head.value_spikes for head in mixed]),
        "saturations": scalar("i64", sum(head.saturations for head in mixed)),
    }


def head_fields(entry: Scaled, scores: Sequence[int], saturations: int) -> dict[str, Tensor]:
    """The fields of code 18."""
    return {
        "mantissa": vector("i16", entry.values),
        "exponent": scalar("i32", entry.exponent),
        "logits": vector("i32", scores),
        "saturations": scalar("i64", saturations),
    }
