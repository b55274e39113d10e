"""Which tensors a LAS model holds, by name, type and shape (LMOD-3, LMOD-4)."""

from spikeref.functions.tables import FunctionName
from spikeref.model.las_config import LasConfig, NormKind, Position
from spikeref.model.las_profile import OUTER_ROLES
from spikeref.model.table_forms import table_forms
from spikeref.model.tensor_form import TensorForm


def functions_of(config: LasConfig) -> tuple[FunctionName, ...]:
    """Return the functions of a model (LMOD-4)."""
    tanh: tuple[FunctionName, ...] = ("tanh",) if config.structure.pooler else ()
    return ("exp", "reciprocal", "rsqrt", "sqrt", "square", config.structure.activation, *tanh)


def las_forms(config: LasConfig, names: frozenset[str]) -> dict[str, TensorForm]:
    """Return types and shapes of the tensors of a model of which `names` are there.

    Biases are expected where they are; so are the pieces of functions, whose kinds only their
    values tell (model.las_tables).
    """
    expected = _outer_forms(config, names)
    for index in range(config.shape.layers):
        expected |= _layer_forms(config, f"layers.{index}", names)
    return expected


def _outer_forms(config: LasConfig, names: frozenset[str]) -> dict[str, TensorForm]:
    shape, structure = config.shape, config.structure
    forms = _rows("embedding", shape.vocab, shape.hidden)
    if structure.position is Position.LEARNED:
        forms |= _rows("positions", shape.positions + structure.position_offset, shape.hidden)
    else:
        table = TensorForm("I16", (shape.positions, shape.head_dim // 2))
        forms |= {"rope.cos": table, "rope.sin": table}
    if shape.token_types:
        forms |= _rows("types", shape.token_types, shape.hidden)
    if has_head(config):
        if not config.tied_head:
            forms |= _rows("head", shape.vocab, shape.hidden)
        forms["head.weight_bound"] = TensorForm("I64", (1,))
    for norm in ("embedding_norm", "final_norm"):
        if f"{norm}.gamma" in names:
            forms |= _norm(norm, config)
    if structure.pooler:
        forms |= _operator("pooler", shape.hidden, shape.hidden, names)
    if shape.classes:
        forms |= _operator("classifier", shape.hidden, shape.classes, names)
    forms["thresholds"] = TensorForm("I64", (len(OUTER_ROLES), 2))
    return forms | dict(table_forms(functions_of(config), names))


def has_head(config: LasConfig) -> bool:
    """Whether the model gives logits: a decoder does."""
    return config.structure.causal


def _layer_forms(config: LasConfig, prefix: str, names: frozenset[str]) -> dict[str, TensorForm]:
    forms = _norm(f"{prefix}.attention_norm", config) | _norm(f"{prefix}.mlp_norm", config)
    for operator in config.structure.operators:
        sources, targets = config.shape.operator_shape(operator)
        forms |= _operator(f"{prefix}.{operator}", sources, targets, names)
    forms[f"{prefix}.thresholds"] = TensorForm("I64", (len(config.structure.roles), 2))
    return forms


def _rows(prefix: str, rows: int, width: int) -> dict[str, TensorForm]:
    return {
        f"{prefix}.mantissas": TensorForm("I16", (rows, width)),
        f"{prefix}.exponents": TensorForm("I16", (rows,)),
    }


def _norm(prefix: str, config: LasConfig) -> dict[str, TensorForm]:
    width = config.shape.hidden
    forms = {
        f"{prefix}.gamma": TensorForm("I16", (width,)),
        f"{prefix}.gamma_exponent": TensorForm("I16", (1,)),
    }
    if config.structure.norm is NormKind.LAYER:
        forms[f"{prefix}.beta"] = TensorForm("I64", (width,))
    return forms


def _operator(
    prefix: str, sources: int, targets: int, names: frozenset[str]
) -> dict[str, TensorForm]:
    forms = {
        f"{prefix}.weights": TensorForm("I16", (sources, targets)),
        f"{prefix}.channel_mantissas": TensorForm("U16", (targets,)),
        f"{prefix}.channel_exponents": TensorForm("I16", (targets,)),
        f"{prefix}.zero_weights": TensorForm("I32", (sources,)),
        f"{prefix}.weight_bound": TensorForm("I64", (1,)),
    }
    if f"{prefix}.bias" in names:
        forms[f"{prefix}.bias"] = TensorForm("I64", (targets,))
    return forms
