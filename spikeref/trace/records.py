"""The closed union of trace records, each of one op, one layer and T tokens (TRACE-2)."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from spikeref.model.groups import Group, Operator
from spikeref.trace.las_records import (
    LAS_COUNT_FIELDS,
    LAS_OPS,
    LAS_RECORD_TYPES,
    LasOp,
    LasRecord,
)

InputOp: TypeAlias = Literal["qkv_input", "o_input", "gate_up_input", "down_input"]
CacheOp: TypeAlias = Literal["key_spikes", "value_spikes"]
ResidualOp: TypeAlias = Literal["embedding", "attention_residual", "mlp_residual"]

SdllmOp: TypeAlias = Literal[
    "embedding",
    "qkv_input",
    "q",
    "k",
    "v",
    "query",
    "key_spikes",
    "value_spikes",
    "attention",
    "o_input",
    "o",
    "attention_residual",
    "gate_up_input",
    "gate",
    "up",
    "down_input",
    "down",
    "mlp_residual",
    "head",
]
SDLLM_OPS: tuple[SdllmOp, ...] = get_args(SdllmOp)

Op: TypeAlias = SdllmOp | LasOp
OPS: tuple[Op, ...] = (*SDLLM_OPS, *LAS_OPS)
"""In causal order; the code of an op is its place here (TRACE-3, LAS-18)."""

INPUT_OPS: dict[Group, InputOp] = {
    "qkv": "qkv_input", "o": "o_input", "gate_up": "gate_up_input", "down": "down_input",
}  # fmt: skip
GROUP_OF_INPUT: dict[InputOp, Group] = {op: group for group, op in INPUT_OPS.items()}

OP_CODES: dict[str, int] = {op: code for code, op in enumerate(OPS)}

EMBEDDING_OPS: tuple[Op, ...] = ("embedding", "las_embedding", "las_embedding_norm")
CLOSING_OPS: tuple[Op, ...] = (
    "head", "las_final_norm", "las_head_input", "las_head", "las_pooler", "las_pooled",
    "las_classifier_input", "las_classifier",
)  # fmt: skip
"""Ops behind the last layer; their records have layer L."""

EMBEDDING_LAYER = -1
"""The layer number of the embedding's record; the head's is L."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualRecord:
    """The residual stream after the embedding or a residual addition."""

    op: ResidualOp
    layer: int
    first_token: int
    residual: NDArray[np.int64]
    """int64 [T, N], 40 bits."""
    saturations: NDArray[np.int64]
    """int64 [T]."""

    fields: ClassVar[dict[str, str]] = {"residual": "int64", "saturations": "int64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRecord:
    """The spikes that drive a group of linear operators."""

    op: InputOp
    layer: int
    first_token: int
    potential: NDArray[Any]
    """v after rotation and clipping, [T, N], 32 bits."""
    exponent: NDArray[np.int64]
    """E, int64 [T]."""
    amax: NDArray[np.int64]
    """Range of the token, int64 [T]."""
    zero_point: NDArray[np.int64]
    """int64 [T]."""
    counts: NDArray[Any]
    """int8 or uint8 [T, N]."""

    fields: ClassVar[dict[str, str]] = {
        "potential": "int32",
        "exponent": "int32",
        "amax": "int64",
        "zero_point": "int16",
        "counts": "int16",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearRecord:
    """A linear operator's accumulators and outputs."""

    op: Operator
    layer: int
    first_token: int
    accumulator: NDArray[Any]
    """After the zero-point correction, [T, M], 32 bits."""
    output: NDArray[Any]
    """Integers [T, M], 40 bits."""
    saturations: NDArray[np.int64]
    """int64 [T]."""

    fields: ClassVar[dict[str, str]] = {
        "accumulator": "int32",
        "output": "int64",
        "saturations": "int64",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRecord:
    """Query mantissas."""

    op: Literal["query"] = "query"
    layer: int
    first_token: int
    mantissa: NDArray[Any]
    """Integers [T, H, d], 24 bits."""
    exponent: NDArray[np.int64]
    """int64 [T, H]."""

    fields: ClassVar[dict[str, str]] = {"mantissa": "int32", "exponent": "int32"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRecord:
    """Keys or values as they enter the cache."""

    op: CacheOp
    layer: int
    first_token: int
    potential: NDArray[Any]
    """[T, G, d], 32 bits."""
    mantissa: NDArray[np.int64]
    """int64 [T, G], 16 bits."""
    exponent: NDArray[np.int64]
    """int64 [T, G]."""
    counts: NDArray[np.int8]
    """int8 [T, G, d]."""

    fields: ClassVar[dict[str, str]] = {
        "potential": "int32",
        "mantissa": "int32",
        "exponent": "int32",
        "counts": "int16",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionRecord:
    """Scores, weights and mixing over the cache."""

    op: Literal["attention"] = "attention"
    layer: int
    first_token: int
    top_score: NDArray[np.int64]
    """int64 [T, H], 40 bits."""
    weight_sum: NDArray[np.int64]
    """int64 [T, H], 48 bits."""
    accumulator: NDArray[np.int64]
    """o, int64 [T, H, d], 54 bits."""
    mixed: NDArray[np.int64]
    """Input of o, int64 [T, H·d]."""
    exponent: NDArray[np.int64]
    """Exponent of mixed, int64 [T]."""
    key_spikes: NDArray[np.int64]
    """Spikes of the visible keys, int64 [T, H]: each adds once to a score."""
    value_spikes: NDArray[np.int64]
    """Spikes of the visible values, int64 [T, H]."""
    saturations: NDArray[np.int64]
    """Of scores, int64 [T]."""

    fields: ClassVar[dict[str, str]] = {
        "top_score": "int64",
        "weight_sum": "int64",
        "accumulator": "int64",
        "mixed": "int64",
        "exponent": "int32",
        "key_spikes": "int64",
        "value_spikes": "int64",
        "saturations": "int64",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRecord:
    """The head's input and the logits."""

    op: Literal["head"] = "head"
    layer: int
    first_token: int
    mantissa: NDArray[Any]
    """Integers [T, N], 16 bits."""
    exponent: NDArray[np.int64]
    """int64 [T]."""
    logits: NDArray[np.int32]
    """int32 [T, V]."""
    saturations: NDArray[np.int64]
    """int64 [T]."""

    fields: ClassVar[dict[str, str]] = {
        "mantissa": "int16",
        "exponent": "int32",
        "logits": "int32",
        "saturations": "int64",
    }


SdllmRecord: TypeAlias = (
    ResidualRecord
    | InputRecord
    | LinearRecord
    | QueryRecord
    | CacheRecord
    | AttentionRecord
    | HeadRecord
)

Record: TypeAlias = SdllmRecord | LasRecord

RECORD_TYPES: tuple[type[Record], ...] = (*get_args(SdllmRecord), *LAS_RECORD_TYPES)

COUNT_FIELDS = LAS_COUNT_FIELDS | {
    "amax", "zero_point", "counts", "mantissa", "exponent", "key_spikes", "value_spikes"
}  # fmt: skip
"""What a trace of level `counts` stores (TRACE-6, LAS-18)."""


def token_count(record: Record) -> int:
    """Return T, the number of consecutive tokens that a record covers."""
    first = next(iter(record.fields))
    return len(getattr(record, first))
