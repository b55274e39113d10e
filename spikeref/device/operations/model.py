"""Operations of a whole model: chapters 6, 8, 9 and 12."""

from collections.abc import Mapping
from pathlib import Path

from .. import decoder
from ..model import Model, build_model
from ..model_folder import read_model
from ..parameters import Parameters
from ..tensor import Refusal, Tensor, matrix, vector
from ..trace import layer_fields, record_digests, trace_digest
from ..whole_tables import with_whole_tables


def _model(parameters: Parameters, inputs: Mapping[str, Tensor], folder: Path | None) -> Model:
    """The model of the case, or the one that the suite keeps for all its cases."""
    if not parameters.has("model"):
        return build_model(parameters, {n: t for n, t in inputs.items() if n != "tokens"})
    if folder is None:
        raise Refusal("parameter", "the suite has no model")
    return read_model(folder)


def decode(
    parameters: Parameters, inputs: Mapping[str, Tensor], folder: Path | None
) -> dict[str, Tensor]:
    """Chapters 8, 9 and 12, token by token, whatever the passes (ATT-12)."""
    model, tokens = _model(parameters, inputs, folder), inputs["tokens"].flat
    records = decoder.decode(model, tokens)
    return {
        "logits": matrix("i32", decoder.logits_of(records)),
        "record_digests": matrix("u8", record_digests(records)),
        "trace_digest": vector("u8", bytes.fromhex(trace_digest(model.digest, tokens, records))),
        **layer_fields(parameters, records),
    }


def hg_decode(
    parameters: Parameters, inputs: Mapping[str, Tensor], folder: Path | None
) -> dict[str, Tensor]:
    """The same with the HG neurons of LAS-17, whose tables may be of fewer steps."""
    stated = Parameters({**parameters.given, "non_linear": "hg"})
    return decode(stated, with_whole_tables(parameters, inputs), folder)


def generate(
    parameters: Parameters, inputs: Mapping[str, Tensor], folder: Path | None
) -> dict[str, Tensor]:
    """OP-13."""
    model, prompt = _model(parameters, inputs, folder), inputs["tokens"].flat
    tokens, logits = decoder.generate(model, prompt, parameters.integer("new_tokens"))
    return {"tokens": vector("i64", tokens), "logits": matrix("i32", logits)}
