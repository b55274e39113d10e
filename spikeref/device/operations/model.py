"""Operations of a whole model: chapters 6, 8, 9 and 12."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import decoder
from ..model import Model, build_model
from ..model_folder import read_model
from ..parameters import Parameters
from ..tensor import Refusal, Tensor, matrix, stacked, vector
from ..trace import COUNT_FIELDS, Record, record_digests, trace_digest


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
        **_layer_fields(parameters, records),
    }


def _layer_fields(parameters: Parameters, records: Sequence[Record]) -> dict[str, Tensor]:
    """What level `counts` stores of the layers asked for, all tokens in one tensor (CONF-9)."""
    layers = parameters.text("record_layers").split(",") if parameters.has("record_layers") else []
    rows: dict[str, list[Tensor]] = {}
    for record in sorted(records, key=lambda record: (record.layer, record.code, record.token)):
        for name, field in record.fields.items():
            if str(record.layer) in layers and name in COUNT_FIELDS:
                rows.setdefault(f"layer{record.layer}.{record.op}.{name}", []).append(field)
    return {name: stacked(fields) for name, fields in rows.items()}


def generate(
    parameters: Parameters, inputs: Mapping[str, Tensor], folder: Path | None
) -> dict[str, Tensor]:
    """OP-13."""
    model, prompt = _model(parameters, inputs, folder), inputs["tokens"].flat
    tokens, logits = decoder.generate(model, prompt, parameters.integer("new_tokens"))
    return {"tokens": vector("i64", tokens), "logits": matrix("i32", logits)}
