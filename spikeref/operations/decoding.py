"""Whole forward passes as operations: every signal of the trace, the logits, new tokens."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.dense import DENSE
from spikeref.engine.products import Engine
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.generate import greedy, sdllm_step
from spikeref.forward.tokens import check_tokens
from spikeref.operations.attention import passes
from spikeref.operations.given_model import MODEL_PARAMETERS, TOKENS, given_model
from spikeref.operations.las_forms import FUNCTION
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters, Run
from spikeref.operations.parameters import integer, integers
from spikeref.trace.records import COUNT_FIELDS, OP_CODES, OPS, Record
from spikeref.trace.sinks import DigestSink, discard, tee


def decode(engine: Engine) -> Run:
    """Return `decode` run with an engine."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        model, tokens = given_model(parameters, inputs), inputs[TOKENS]
        check_tokens(model.config.shape, tokens, 0)
        cache, sink = Cache(model.config.shape), DigestSink()
        records: list[Record] = []
        logits = [
            forward(model, tokens[rows], cache, engine, tee(sink, records.append))
            for rows in passes(parameters, len(tokens))
        ]
        return {
            "logits": np.concatenate(logits),
            **digest_outputs(sink, model.digest, tokens),
            **layer_fields(records, integers(parameters, "record_layers")),
        }

    return run


def digest_outputs(sink: DigestSink, digest: str, tokens: NDArray[np.int64]) -> Outputs:
    """Return the digests of all records and of the trace, u8 [R, 32] and [32] (TRACE-5)."""
    digests = [sink.digests[place] for place in sorted(sink.digests)]
    return {
        "record_digests": _bytes(b"".join(digests)).reshape(-1, 32),
        "trace_digest": _bytes(bytes.fromhex(sink.digest(digest, tokens.tolist()))),
    }


def layer_fields(records: list[Record], layers: tuple[int, ...]) -> Outputs:
    """Return what level `counts` stores of some layers, as layerL.OP.FIELD [T, …] (TRACE-6)."""
    fields: dict[tuple[int, int, str], list[NDArray[Any]]] = {}
    for record in records:
        for name, form in record.fields.items():
            if record.layer in layers and name in COUNT_FIELDS:
                array = getattr(record, name).astype(form)
                fields.setdefault((record.layer, OP_CODES[record.op], name), []).append(array)
    return {
        f"layer{layer}.{OPS[code]}.{name}": np.concatenate(arrays)
        for (layer, code, name), arrays in sorted(fields.items(), key=lambda item: item[0][:2])
    }


def _bytes(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8)


def generate(engine: Engine) -> Run:
    """Return `generate` run with an engine."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        model, count = given_model(parameters, inputs), integer(parameters, "new_tokens")
        done = greedy(sdllm_step(model, engine, discard), inputs[TOKENS], count, model.config)
        return {"tokens": np.array(done.new_tokens, dtype=np.int64), "logits": done.logits}

    return run


DECODING = (
    Operation(
        name="decode",
        case_class="full",
        mode="free-running",
        clauses=("OP-11", "ATT-12", *(f"TRACE-{i}" for i in range(1, 6))),
        parameters=(*MODEL_PARAMETERS, "chunks"),
        optional=("model", "record_layers", *MODEL_PARAMETERS),
        inputs={TOKENS: "i64 T"},
        outputs={"logits": "i32 T V", "record_digests": "u8 R 32", "trace_digest": "u8 32"},
        run=decode(DENSE),
    ),
    Operation(
        name="generate",
        case_class="full",
        mode="free-running",
        clauses=("OP-13",),
        parameters=(*MODEL_PARAMETERS, "new_tokens"),
        optional=("model", *MODEL_PARAMETERS),
        inputs={TOKENS: "i64 T"},
        outputs={"tokens": "i64 K", "logits": "i32 T+K-1 V"},
        run=generate(DENSE),
    ),
)

HG_DECODING = (
    Operation(
        name="hg_decode",
        case_class="hg",
        mode="free-running",
        clauses=("LAS-17", *(f"TRACE-{i}" for i in range(1, 6))),
        parameters=(*MODEL_PARAMETERS, *FUNCTION, "chunks"),
        inputs={TOKENS: "i64 T"},
        outputs={"logits": "i32 T V", "record_digests": "u8 R 32", "trace_digest": "u8 32"},
        run=decode(DENSE),
    ),
)
