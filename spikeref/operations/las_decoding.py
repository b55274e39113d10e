"""A whole pass through a LAS model as an operation: every signal, and what comes out (LAS-15)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.forward.las import LasOutput, las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.forward.tokens import check_tokens
from spikeref.operations.attention import passes
from spikeref.operations.decoding import digest_outputs, layer_fields
from spikeref.operations.given_model import TOKENS
from spikeref.operations.las_given_model import LAS_MODEL_PARAMETERS, TYPES, given_las_model
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters, Run
from spikeref.operations.parameters import integers
from spikeref.trace.records import Record
from spikeref.trace.sinks import DigestSink, tee


def las_decode(engine: LasEngine) -> Run:
    """Return `las_decode` run with an engine."""

    def run(parameters: Parameters, inputs: Inputs) -> Outputs:
        model, tokens = given_las_model(parameters, inputs), inputs[TOKENS]
        check_tokens(model.config.shape, tokens, 0)
        types = inputs.get(TYPES)
        cache, sink = LasCache(model.config), DigestSink()
        records: list[Record] = []
        done = [
            las_forward(
                model,
                tokens[rows],
                cache,
                engine,
                tee(sink, records.append),
                None if types is None else types[rows],
            )
            for rows in passes(parameters, len(tokens))
        ]
        return {
            **_outputs(done),
            **digest_outputs(sink, model.digest, tokens),
            **layer_fields(records, integers(parameters, "record_layers")),
        }

    return run


def _outputs(done: list[LasOutput]) -> Outputs:
    """Return what the passes give, under the names of CONF-9; an encoder has one pass."""
    found: dict[str, NDArray[Any]] = {"states": np.concatenate([part.states for part in done])}
    logits = [part.logits for part in done if part.logits is not None]
    if logits:
        found["logits"] = np.concatenate(logits)
    if done[0].pooled is not None:
        found["pooled"] = done[0].pooled
    if done[0].scores is not None:
        found["scores"] = done[0].scores
    return found


LAS_DECODING = (
    Operation(
        name="las_decode",
        case_class="las",
        mode="free-running",
        clauses=(
            "LAS-14", *(f"LAS-{i}" for i in range(3, 14)), "LAS-15", "LAS-18",
            *(f"TRACE-{i}" for i in range(1, 6)),
        ),
        parameters=(*LAS_MODEL_PARAMETERS, "chunks"),
        optional=("model", "record_layers", *LAS_MODEL_PARAMETERS, TYPES),
        inputs={TOKENS: "i64 T", TYPES: "i64 T"},
        outputs={
            "states": "i64 T N",
            "logits": "i64 T V",
            "pooled": "i64 N",
            "scores": "i64 C",
            "record_digests": "u8 R 32",
            "trace_digest": "u8 32",
        },
        optional_outputs=("logits", "pooled", "scores"),
        run=las_decode(LAS_DENSE),
    ),
)  # fmt: skip
