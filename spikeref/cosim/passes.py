"""Forward passes of a served model: every signal of its trace in digests (CONF-9, `decode`)."""

from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.dense import DENSE
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.errors import RefusedError, TokenError, UsageError
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.las import LasOutput, las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.forward.tokens import check_tokens
from spikeref.model.any_model import AnyModel
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.operations.attention import passes
from spikeref.operations.decoding import digest_outputs, layer_fields
from spikeref.operations.operation import Inputs, Outputs, Parameters
from spikeref.operations.parameters import integers
from spikeref.trace.records import Record
from spikeref.trace.sinks import DigestSink, Sink, tee

PARAMETERS = ("chunks", "record_layers")
INPUTS = ("tokens", "types")


def forward_outputs(model: AnyModel, parameters: Parameters, inputs: Inputs) -> Outputs:
    """Return what a model gives for tokens i64 [T], all its caches empty at first.

    Parameters `chunks` and `record_layers` as for `decode`; input `types` i64 [T] of an encoder
    that has them. Outputs: logits i32 [T, V] of a decoder; states i64 [T, N] of a LAS model, pooled
    i64 [N] and scores i32 [classes] where it has them; then record_digests, trace_digest and the
    fields of single layers. RefusedError `token`; UsageError for anything else unfit.
    """
    for what, names, known in (
        ("parameter", parameters, PARAMETERS),
        ("input", inputs, INPUTS),
    ):
        for name in names:
            if name not in known:
                raise UsageError(f"forward: {what} {name} is unknown; {', '.join(known)} are known")
    for name, array in inputs.items():
        if array.dtype != np.int64 or array.ndim != 1:
            raise UsageError(f"forward: {name} must be i64 of one dimension")
    if "tokens" not in inputs:
        raise UsageError("forward: input tokens is missing")
    try:
        return _forward(model, parameters, inputs)
    except TokenError as fault:
        raise RefusedError("token", str(fault)) from fault


def _forward(model: AnyModel, parameters: Parameters, inputs: Inputs) -> Outputs:
    tokens, digests = inputs["tokens"], DigestSink()
    records: list[Record] = []
    check_tokens(model.config.shape, tokens, 0)
    rows = passes(parameters, len(tokens))
    if sum(part.stop - part.start for part in rows) != len(tokens):
        raise UsageError("forward: chunks must add up to the tokens")
    sink = tee(digests, records.append)
    match model:
        case IntegerModel():
            if "types" in inputs:
                raise UsageError("forward: a model of SDLLM has no token types")
            cache = Cache(model.config.shape)
            parts = [forward(model, tokens[part], cache, DENSE, sink) for part in rows]
            given: Outputs = {"logits": np.concatenate(parts)}
        case LasModel():
            given = _las_outputs(model, inputs, rows, sink)
        case _:
            assert_never(model)
    chosen = integers(parameters, "record_layers")
    return {
        **given,
        **digest_outputs(digests, model.digest, tokens),
        **layer_fields(records, chosen),
    }


def _las_outputs(model: LasModel, inputs: Inputs, rows: list[slice], sink: Sink) -> Outputs:
    if model.head is None and len(rows) > 1:
        raise UsageError("forward: an encoder takes all tokens in one pass")
    tokens, cache = inputs["tokens"], LasCache(model.config)
    types = inputs.get("types")
    if types is not None and types.shape != tokens.shape:
        raise UsageError("forward: types must be one for each token")
    done: list[LasOutput] = []
    for part in rows:
        chosen = None if types is None else types[part]
        done.append(las_forward(model, tokens[part], cache, LAS_DENSE, sink, chosen))
    last = done[-1]
    logits = [one.logits for one in done if one.logits is not None]
    outputs: dict[str, NDArray[Any] | None] = {
        "logits": np.concatenate(logits).astype(np.int32) if logits else None,
        "states": np.concatenate([one.states for one in done]),
        "pooled": last.pooled,
        "scores": None if last.scores is None else last.scores.astype(np.int32),
    }
    return {name: array for name, array in outputs.items() if array is not None}
