"""A whole model that comes as parameters and tensors, or lies in a folder (CONF-9, MODEL-2)."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from spikeref.errors import ModelError, RefusedError
from spikeref.model.assembly import assemble_model, expected_forms
from spikeref.model.config import (
    FORMAT,
    FORMAT_VERSION,
    SPEC_VERSION,
    ModelConfig,
    config_from_json,
)
from spikeref.model.folder import load_decoder
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import NonLinear, Rotation
from spikeref.model.tensor_form import TensorForm
from spikeref.model.writer import TYPE_NAMES
from spikeref.operations.operation import Inputs, Parameters
from spikeref.operations.parameters import encoder_of, flag, integer, integers, text, variant
from spikeref.operations.whole_tables import with_whole_tables

SIZES = (
    "vocab", "hidden", "intermediate", "layers", "heads", "kv_heads", "head_dim", "positions",
)  # fmt: skip
PROFILE_BITS = ("weight_bits", "act_bits", "kv_bits")
CONSTANTS = (
    "norm_root", "norm_root_exponent", "norm_epsilon", "score_mantissa", "score_exponent", "log2e",
)  # fmt: skip
MODEL_PARAMETERS = (
    *SIZES,
    "sliding_windows",
    *PROFILE_BITS,
    "encoding",
    "rotation",
    "ratio_n",
    "ratio_d",
    "ties",
    *CONSTANTS,
    "tied_head",
    "clip_mode",
    "eos_token_ids",
    "model_digest",
)
TOKENS = "tokens"


def given_model(parameters: Parameters, inputs: Inputs) -> IntegerModel:
    """Return the model of a case of `decode` or `generate`.

    The tensors are the inputs but for `tokens`, or those of the folder that `model` names. Refused
    as `parameter` where ENC-1 excludes one, else ModelError where MODEL-3 or MODEL-7 refuse it.
    """
    if "model" in parameters:
        return load_decoder(Path(text(parameters, "model")))
    tensors = {name: array for name, array in inputs.items() if name != TOKENS}
    if "table_steps" in parameters:
        tensors = with_whole_tables(parameters, tensors)
    config = _config(parameters)
    check_forms(expected_forms(config, frozenset(tensors), "inputs"), tensors)
    return assemble_model(
        config,
        text(parameters, "model_digest"),
        Path(),
        frozenset(tensors),
        tensors.__getitem__,
    )


def _config(parameters: Parameters) -> ModelConfig:
    _refuse_profile(parameters)
    ratio = Fraction(integer(parameters, "ratio_n"), integer(parameters, "ratio_d"))
    windows = integers(parameters, "sliding_windows")
    clip_mode = text(parameters, "clip_mode")
    members = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "spec_version": SPEC_VERSION,
        "family": "llama",
        "shape": {name: parameters[name] for name in SIZES}
        | {"sliding_windows": [window or None for window in windows]},
        "profile": {name: parameters[name] for name in PROFILE_BITS}
        | {name: parameters[name] for name in ("encoding", "rotation", "ties")}
        | {"name": "case", "clip_ratio": f"{ratio.numerator}/{ratio.denominator}"}
        | _hg_members(parameters),
        "constants": {name: parameters[name] for name in CONSTANTS},
        "clip_mode": None if clip_mode == "none" else clip_mode,
        "tied_head": flag(parameters, "tied_head"),
        "bos_token_id": None,
        "eos_token_ids": list(integers(parameters, "eos_token_ids")),
        "tokenizer_digest": None,
        "source_digest": "0" * 64,
    }
    return config_from_json(members, "parameters")


def _refuse_profile(parameters: Parameters) -> None:
    for bits in PROFILE_BITS:
        encoder_of(parameters, bits=bits)
    variant(parameters, "rotation", Rotation)


def _hg_members(parameters: Parameters) -> dict[str, Any]:
    """Return what only a profile with HG neurons states, as a case of `hg_decode` does (LAS-17)."""
    if "table_steps" not in parameters:
        return {}
    return {"non_linear": NonLinear.HG.value, "steps": integer(parameters, "steps")}


def check_forms(expected: dict[str, TensorForm], tensors: dict[str, NDArray[Any]]) -> None:
    """Refuse tensors of other names, types or shapes than a model needs: ModelError."""
    if set(expected) != set(tensors):
        name = min(set(expected) ^ set(tensors))
        raise ModelError(f"inputs: tensor {name!r} is missing or has no place in this model")
    for name, form in expected.items():
        array = tensors[name]
        if not form.admits(TYPE_NAMES.get(array.dtype.name, ""), array.shape):
            raise ModelError(f"inputs: tensor {name!r} has another type or shape than its model's")


def refuse_foreign_folder(parameters: Parameters) -> None:
    """Refuse a model folder of any other name than `model` (CONF-9)."""
    if parameters.get("model", "model") != "model":
        raise RefusedError("parameter", "the folder of a suite's model is `model` (CONF-9)")
