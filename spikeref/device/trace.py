"""Chapter 12: records, their canonical bytes and the digests."""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .canonical import canonical_json
from .parameters import Parameters
from .tensor import CODES, Tensor, stacked

OP_CODES = {
    "embedding": 0,
    "qkv_input": 1,
    "q": 2,
    "k": 3,
    "v": 4,
    "query": 5,
    "key_spikes": 6,
    "value_spikes": 7,
    "attention": 8,
    "o_input": 9,
    "o": 10,
    "attention_residual": 11,
    "gate_up_input": 12,
    "gate": 13,
    "up": 14,
    "down_input": 15,
    "down": 16,
    "mlp_residual": 17,
    "head": 18,
}

LAS_OPS = (
    "embedding",
    "embedding_norm",
    "attention_norm",
    "qkv_input",
    "q",
    "k",
    "v",
    "query_spikes",
    "key_spikes",
    "value_spikes",
    "attention",
    "o_input",
    "o",
    "attention_residual",
    "post_attention_norm",
    "mlp_norm",
    "mlp_input",
    "gate",
    "up",
    "activation",
    "up_spikes",
    "gated",
    "down_input",
    "down",
    "mlp_residual",
    "post_mlp_norm",
    "final_norm",
    "head_input",
    "head",
    "pooler",
    "pooled",
    "classifier_input",
    "classifier",
)
"""The ops of a LAS trace in causal order (LAS-18)."""

OP_CODES |= {f"las_{op}": code for code, op in enumerate(LAS_OPS, start=len(OP_CODES))}

COUNT_FIELDS = frozenset(
    {
        "amax",
        "zero_point",
        "counts",
        "mantissa",
        "exponent",
        "key_spikes",
        "value_spikes",
        "outliers",
        "inverse",
        "inverse_exponent",
        "probability_spikes",
    }
)
"""What level `counts` stores (TRACE-6, LAS-18)."""


def canonical(field: Tensor) -> bytes:
    """Bytes per element, rank, dimensions, elements (TRACE-3)."""
    size = struct.calcsize("<" + CODES[field.type])
    dimensions = struct.pack(f"<{len(field.shape)}I", *field.shape)
    return struct.pack("<BB", size, len(field.shape)) + dimensions + field.to_bytes()


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its place and its fields in canonical order (TRACE-2)."""

    token: int
    layer: int
    op: str
    fields: Mapping[str, Tensor]

    @property
    def code(self) -> int:
        """The op code (TRACE-2)."""
        return OP_CODES[self.op]

    def digest(self) -> bytes:
        """SHA-256 of the canonical bytes (TRACE-3, TRACE-4)."""
        head = struct.pack("<IiII", self.token, self.layer, self.code, len(self.fields))
        fields = b"".join(canonical(field) for field in self.fields.values())
        return hashlib.sha256(head + fields).digest()


def record_digests(records: Sequence[Record]) -> list[bytes]:
    """The digests in order of token, layer and op code (TRACE-5)."""
    ordered = sorted(records, key=lambda record: (record.token, record.layer, record.code))
    return [record.digest() for record in ordered]


def trace_digest(model_digest: str, tokens: Sequence[int], records: Sequence[Record]) -> str:
    """The digest of a whole trace (TRACE-5)."""
    head = {
        "format": "spikeref-trace-1",
        "model_digest": model_digest,
        "tokens": list(tokens),
    }
    return hashlib.sha256(canonical_json(head) + b"".join(record_digests(records))).hexdigest()


def layer_fields(parameters: Parameters, records: Sequence[Record]) -> dict[str, Tensor]:
    """What level `counts` stores of the layers asked for, all tokens in one tensor (CONF-9)."""
    layers = parameters.text("record_layers").split(",") if parameters.has("record_layers") else []
    rows: dict[str, list[Tensor]] = {}
    for record in sorted(records, key=lambda record: (record.layer, record.code, record.token)):
        for name, field in record.fields.items():
            if str(record.layer) in layers and name in COUNT_FIELDS:
                rows.setdefault(f"layer{record.layer}.{record.op}.{name}", []).append(field)
    return {name: stacked(fields) for name, fields in rows.items()}
