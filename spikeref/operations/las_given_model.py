"""A whole LAS model that comes as parameters and tensors, or lies in a folder (CONF-9, LMOD-3)."""

from pathlib import Path
from typing import Any

from spikeref.errors import ModelError
from spikeref.model.config import FORMAT, FORMAT_VERSION, SPEC_VERSION
from spikeref.model.folder import load_model
from spikeref.model.las_assembly import assemble_las_model
from spikeref.model.las_config import LasConfig, las_config_from_json
from spikeref.model.las_constants import LasConstants
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import Choice
from spikeref.model.las_tensors import las_forms
from spikeref.operations.given_model import TOKENS, check_forms
from spikeref.operations.las_forms import form_of
from spikeref.operations.operation import Inputs, Parameters
from spikeref.operations.parameters import flag, integers, text, ties_of
from spikeref.operations.whole_tables import with_whole_tables

SIZES = (
    "vocab", "hidden", "intermediate", "layers", "heads", "kv_heads", "head_dim", "positions",
    "token_types", "classes",
)  # fmt: skip
STRUCTURE = ("norm", "placement", "mlp", "activation", "position", "position_offset")
PROFILE = ("weight_bits", "steps", "levels", "rule", "gate", "ties")
CONSTANTS = tuple(LasConstants.__dataclass_fields__)
FLAGS = ("causal", "pooler", "published_norm", "published_softmax", "tied_head")
LAS_MODEL_PARAMETERS = (
    *SIZES,
    "sliding_windows",
    *STRUCTURE,
    "multi_rotary",
    *PROFILE,
    *FLAGS,
    *CONSTANTS,
    "table_steps",
    "model_digest",
)
TYPES = "types"


def given_las_model(parameters: Parameters, inputs: Inputs) -> LasModel:
    """Return the model of a case of `las_decode`.

    The tensors are the inputs but for `tokens` and `types`, or those of the folder that `model`
    names. Refused as `parameter` where NEUR-2 and NEUR-7 exclude one, else ModelError where
    chapter 21 refuses them.
    """
    if "model" in parameters:
        model = load_model(Path(text(parameters, "model")))
        if not isinstance(model, LasModel):
            raise ModelError("model: one of SDLLM; las_decode takes models of LAS")
        return model
    form_of(parameters)
    ties_of(parameters)
    given = {name: array for name, array in inputs.items() if name not in (TOKENS, TYPES)}
    tensors = with_whole_tables(parameters, given)
    config = _config(parameters)
    names = frozenset(tensors)
    check_forms(las_forms(config, names), tensors)
    digest = text(parameters, "model_digest")
    return assemble_las_model(config, digest, Path(), names, tensors.__getitem__)


def _config(parameters: Parameters) -> LasConfig:
    windows = integers(parameters, "sliding_windows")
    members: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "spec_version": SPEC_VERSION,
        "system": "las",
        "family": "llama",
        "shape": {name: parameters[name] for name in SIZES}
        | {"sliding_windows": [window or None for window in windows]},
        "structure": {name: parameters[name] for name in STRUCTURE}
        | {"multi_rotary": list(integers(parameters, "multi_rotary"))}
        | {name: flag(parameters, name) for name in ("causal", "pooler")},
        "profile": {name: parameters[name] for name in PROFILE}
        | {name: _choice(parameters, f"published_{name}") for name in ("norm", "softmax")}
        | {"system": "las", "name": "case", "functions": "expansion", "thresholds": "calibrated"},
        "constants": {name: parameters[name] for name in CONSTANTS},
        "tied_head": flag(parameters, "tied_head"),
        "bos_token_id": None,
        "eos_token_ids": [],
        "tokenizer_digest": None,
        "source_digest": "0" * 64,
    }
    return las_config_from_json(members, "parameters")


def _choice(parameters: Parameters, name: str) -> str:
    choice = Choice.PUBLISHED if flag(parameters, name) else Choice.PAPER
    return str(choice.value)
