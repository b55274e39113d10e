"""The closed union of LAS trace records, each of one op, one layer and T tokens (LAS-18)."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

LasResidualOp: TypeAlias = Literal["las_embedding", "las_attention_residual", "las_mlp_residual"]
LasNormOp: TypeAlias = Literal[
    "las_embedding_norm",
    "las_attention_norm",
    "las_post_attention_norm",
    "las_mlp_norm",
    "las_post_mlp_norm",
    "las_final_norm",
]
LasSpikesOp: TypeAlias = Literal[
    "las_qkv_input",
    "las_query_spikes",
    "las_key_spikes",
    "las_value_spikes",
    "las_o_input",
    "las_mlp_input",
    "las_up_spikes",
    "las_down_input",
    "las_head_input",
    "las_classifier_input",
]
LasLinearOp: TypeAlias = Literal[
    "las_q", "las_k", "las_v", "las_o", "las_gate", "las_up", "las_down",
    "las_head", "las_pooler", "las_classifier",
]  # fmt: skip
LasActivationOp: TypeAlias = Literal["las_activation", "las_pooled"]

LasOp: TypeAlias = Literal[
    "las_embedding",
    "las_embedding_norm",
    "las_attention_norm",
    "las_qkv_input",
    "las_q",
    "las_k",
    "las_v",
    "las_query_spikes",
    "las_key_spikes",
    "las_value_spikes",
    "las_attention",
    "las_o_input",
    "las_o",
    "las_attention_residual",
    "las_post_attention_norm",
    "las_mlp_norm",
    "las_mlp_input",
    "las_gate",
    "las_up",
    "las_activation",
    "las_up_spikes",
    "las_gated",
    "las_down_input",
    "las_down",
    "las_mlp_residual",
    "las_post_mlp_norm",
    "las_final_norm",
    "las_head_input",
    "las_head",
    "las_pooler",
    "las_pooled",
    "las_classifier_input",
    "las_classifier",
]
LAS_OPS: tuple[LasOp, ...] = get_args(LasOp)
"""In causal order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LasResidualRecord:
    """The residual stream after the embedding or a residual addition."""

    op: LasResidualOp
    layer: int
    first_token: int
    residual: NDArray[np.int64]
    """int64 [T, N], 40 bits."""
    saturations: NDArray[np.int64]
    """int64 [T]."""

    fields: ClassVar[dict[str, str]] = {"residual": "int64", "saturations": "int64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LasNormRecord:
    """A norm: the deviation's code, its energy, the inverse root, and what comes out."""

    op: LasNormOp
    layer: int
    first_token: int
    deviation: NDArray[np.int64]
    """D, int64 [T, N] of 32 bits."""
    energy: NDArray[np.int64]
    """A, int64 [T]."""
    inverse: NDArray[np.int64]
    """C, int64 [T]."""
    inverse_exponent: NDArray[np.int64]
    """int64 [T]."""
    output: NDArray[np.int64]
    """int64 [T, N], 40 bits."""
    saturations: NDArray[np.int64]
    """int64 [T]."""

    fields: ClassVar[dict[str, str]] = {
        "deviation": "int32",
        "energy": "int64",
        "inverse": "int32",
        "inverse_exponent": "int32",
        "output": "int64",
        "saturations": "int64",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class LasSpikesRecord:
    """The spikes of OAT neurons: signed counts and which of them are outliers."""

    op: LasSpikesOp
    layer: int
    first_token: int
    counts: NDArray[Any]
    """Integers of 32 bits, [T, N], [T, H, d] or [T, G, d]."""
    outliers: NDArray[np.bool_]
    """Of the same shape."""
    saturations: NDArray[np.int64]
    """int64 [T]."""
    potential: NDArray[np.int64]
    """What was encoded, int64 of the same shape; for sinks that calibrate, no field of a trace."""
    fraction_bits: int
    """Of the potential: 16 or 20."""

    fields: ClassVar[dict[str, str]] = {
        "counts": "int32",
        "outliers": "int8",
        "saturations": "int64",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class LasLinearRecord:
    """The accumulators and outputs of an operator driven by weighted spikes."""

    op: LasLinearOp
    layer: int
    first_token: int
    accumulator: NDArray[Any]
    """Integers [T, M] below 2^62."""
    output: NDArray[np.int64]
    """int64 [T, M], 40 bits."""
    saturations: NDArray[np.int64]
    """int64 [T]."""

    fields: ClassVar[dict[str, str]] = {
        "accumulator": "int64",
        "output": "int64",
        "saturations": "int64",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class LasAttentionRecord:
    """Scores, weights and mixing of one layer."""

    op: Literal["las_attention"] = "las_attention"
    layer: int
    first_token: int
    top: NDArray[np.int64]
    """max A, int64 [T, H]."""
    sum: NDArray[np.int64]
    """Σ E, int64 [T, H]."""
    inverse: NDArray[np.int64]
    """C, int64 [T, H]."""
    inverse_exponent: NDArray[np.int64]
    """int64 [T, H]."""
    accumulator: NDArray[np.int64]
    """a, int64 [T, H, d]."""
    mixed: NDArray[np.int64]
    """int64 [T, H·d], 40 bits."""
    probability_spikes: NDArray[np.int64]
    """int64 [T, H]."""
    key_spikes: NDArray[np.int64]
    """Spikes of the visible keys, int64 [T, H]."""
    value_spikes: NDArray[np.int64]
    """Spikes of the visible values, int64 [T, H]."""
    saturations: NDArray[np.int64]
    """int64 [T]."""

    fields: ClassVar[dict[str, str]] = {
        "top": "int64",
        "sum": "int64",
        "inverse": "int32",
        "inverse_exponent": "int32",
        "accumulator": "int64",
        "mixed": "int64",
        "probability_spikes": "int64",
        "key_spikes": "int64",
        "value_spikes": "int64",
        "saturations": "int64",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class LasActivationRecord:
    """What an activation's HG neurons give."""

    op: LasActivationOp
    layer: int
    first_token: int
    output: NDArray[np.int64]
    """int64 [T, M], 20 fraction bits."""

    fields: ClassVar[dict[str, str]] = {"output": "int64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LasGatedRecord:
    """The spike Hadamard product of gate and up."""

    op: Literal["las_gated"] = "las_gated"
    layer: int
    first_token: int
    output: NDArray[np.int64]
    """int64 [T, M], 40 bits."""
    saturations: NDArray[np.int64]
    """int64 [T]."""

    fields: ClassVar[dict[str, str]] = {"output": "int64", "saturations": "int64"}


LasRecord: TypeAlias = (
    LasResidualRecord
    | LasNormRecord
    | LasSpikesRecord
    | LasLinearRecord
    | LasAttentionRecord
    | LasActivationRecord
    | LasGatedRecord
)

LAS_RECORD_TYPES: tuple[type[LasRecord], ...] = get_args(LasRecord)

LAS_COUNT_FIELDS = frozenset(
    {"counts", "outliers", "inverse", "inverse_exponent", "probability_spikes", "key_spikes",
     "value_spikes"}
)  # fmt: skip
"""What a trace of level `counts` stores (LAS-18)."""
