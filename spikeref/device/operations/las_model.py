"""The operation of a whole LAS model: chapters 20, 21 and 12."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import las_decoder
from ..las_model import LasModel, build_las_model
from ..las_model_folder import read_las_model
from ..las_model_shape import config_of
from ..las_parameters import form_of
from ..parameters import Parameters
from ..tensor import Refusal, Tensor, matrix, vector
from ..trace import Record, layer_fields, record_digests, trace_digest
from ..whole_tables import with_whole_tables

SHAPE = (
    "vocab",
    "hidden",
    "intermediate",
    "layers",
    "heads",
    "kv_heads",
    "head_dim",
    "positions",
    "token_types",
    "classes",
)
STRUCTURE = ("norm", "placement", "mlp", "activation", "position")
CONSTANTS = (
    "norm_root",
    "norm_root_exponent",
    "norm_epsilon",
    "norm_epsilon_exponent",
    "published_epsilon",
    "published_epsilon_exponent",
    "score_mantissa",
    "score_exponent",
)
NOT_OF_THE_MODEL = ("tokens", "types")
STATES = ("las_mlp_residual", "las_post_mlp_norm", "las_final_norm")
"""The last of them that a token has is its state behind the model (LAS-15)."""


def members_of(parameters: Parameters) -> dict[str, Any]:
    """The model parameters of CONF-9 as the members of config.json (LMOD-2)."""

    def choice(name: str) -> str:
        return "published" if parameters.flag(name) else "paper"

    form, windows = form_of(parameters), parameters.integers("sliding_windows")
    return {
        "system": "las",
        "shape": {name: parameters.integer(name) for name in SHAPE} | {"sliding_windows": windows},
        "structure": {name: parameters.text(name) for name in STRUCTURE}
        | {
            "position_offset": parameters.integer("position_offset"),
            "multi_rotary": parameters.integers("multi_rotary"),
            "causal": parameters.flag("causal"),
            "pooler": parameters.flag("pooler"),
        },
        "profile": {
            "weight_bits": parameters.integer("weight_bits"),
            "steps": form.steps,
            "levels": form.levels,
            "rule": form.rule,
            "gate": form.gate,
            "norm": choice("published_norm"),
            "softmax": choice("published_softmax"),
            "ties": parameters.ties,
        },
        "constants": {name: parameters.integer(name) for name in CONSTANTS},
        "tied_head": parameters.flag("tied_head"),
    }


def _model(parameters: Parameters, inputs: Mapping[str, Tensor], folder: Path | None) -> LasModel:
    """The model of the case, or the one that the suite keeps for all its cases."""
    if parameters.has("model"):
        if folder is None:
            raise Refusal("parameter", "the suite has no model")
        return read_las_model(folder)
    tensors = {name: t for name, t in inputs.items() if name not in NOT_OF_THE_MODEL}
    config = config_of(members_of(parameters), parameters.text("model_digest"))
    return build_las_model(config, with_whole_tables(parameters, tensors))


def las_decode(
    parameters: Parameters, inputs: Mapping[str, Tensor], folder: Path | None
) -> dict[str, Tensor]:
    """Chapter 20 and LAS-18, all positions layer by layer, whatever the passes."""
    model, tokens = _model(parameters, inputs, folder), inputs["tokens"].flat
    types = inputs["types"].flat if "types" in inputs else None
    records = las_decoder.las_decode(model, tokens, types=types)
    return {
        **_outputs(records),
        "record_digests": matrix("u8", record_digests(records)),
        "trace_digest": vector("u8", bytes.fromhex(trace_digest(model.digest, tokens, records))),
        **layer_fields(parameters, records),
    }


def _outputs(records: list[Record]) -> dict[str, Tensor]:
    """States, and what the model gives of logits, pooled and scores (LAS-15)."""
    found: dict[str, Tensor] = {"states": matrix("i64", states_of(records))}
    logits = [r.fields["output"].flat for r in records if r.op == "las_head"]
    if logits:
        found["logits"] = matrix("i64", logits)
    given = {r.op: r.fields["output"] for r in records if r.op in ("las_pooled", "las_classifier")}
    names = {"las_pooled": "pooled", "las_classifier": "scores"}
    return found | {name: given[op] for op, name in names.items() if op in given}


def states_of(records: list[Record]) -> list[tuple[int, ...]]:
    """The residual stream behind the last norm, token by token."""
    states: dict[int, tuple[int, ...]] = {}
    for record in records:
        if record.op in STATES:
            field = "residual" if record.op == "las_mlp_residual" else "output"
            states[record.token] = record.fields[field].flat
    return [states[token] for token in sorted(states)]
