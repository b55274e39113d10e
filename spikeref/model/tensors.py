"""Which tensors a compiled model holds, by name, type and shape (MODEL-2)."""

from spikeref.functions.tables import FunctionName
from spikeref.model.config import ModelConfig
from spikeref.model.groups import GROUPS, OPERATORS, Group
from spikeref.model.profile import NonLinear, Rotation
from spikeref.model.table_forms import table_forms
from spikeref.model.tensor_form import TensorForm
from spikeref.neurons.counts import Encoding

DECODER_FUNCTIONS: tuple[FunctionName, ...] = (
    "exp", "reciprocal", "rsqrt", "sqrt", "square", "silu",
)  # fmt: skip
"""What HG neurons compute in a model of SDLLM (LAS-17)."""


def outer_forms(config: ModelConfig, names: frozenset[str]) -> dict[str, TensorForm]:
    """Return the tensors of shard 1 by name, of a model of which `names` are there."""
    shape = config.shape
    half = shape.head_dim // 2
    rows = {
        "mantissas": TensorForm("I16", (shape.vocab, shape.hidden)),
        "exponents": TensorForm("I16", (shape.vocab,)),
    }
    forms = {f"embedding.{part}": form for part, form in rows.items()}
    if not config.tied_head:
        forms |= {f"head.{part}": form for part, form in rows.items()}
    forms |= _gamma_forms("final_norm", config)
    forms |= {name: TensorForm("I16", (shape.positions, half)) for name in ("rope.cos", "rope.sin")}
    forms["tables.exp2"] = TensorForm("I64", (7,))
    if config.profile.non_linear is NonLinear.HG:
        forms |= dict(table_forms(DECODER_FUNCTIONS, names))
    return forms


def layer_forms(
    config: ModelConfig, index: int, biased: frozenset[str], clipped: frozenset[Group]
) -> dict[str, TensorForm]:
    """Return the tensors of one layer by name.

    biased: operators with a bias; clipped: groups with a threshold. Both are the checkpoint's
    or the calibration's choice, so MODEL-2 leaves them open.
    """
    prefix = f"layers.{index}"
    forms = _gamma_forms(f"{prefix}.attention_norm", config)
    forms |= _gamma_forms(f"{prefix}.mlp_norm", config)
    for operator in OPERATORS:
        sources, targets = config.shape.operator_shape(operator)
        parts = {
            "weights": TensorForm("I8", (sources, targets)),
            "channel_mantissas": TensorForm("U16", (targets,)),
            "channel_exponents": TensorForm("I16", (targets,)),
            "zero_weights": TensorForm("I32", (sources,)),
            "accumulator_bound": TensorForm("I64", (1,)),
        }
        if operator in biased:
            parts["bias"] = TensorForm("I64", (targets,))
        if config.profile.encoding is Encoding.BINARY:
            parts["weight_sums"] = TensorForm("I32", (targets,))
        forms |= {f"{prefix}.{operator}.{part}": form for part, form in parts.items()}
    clips = {f"{prefix}.clip.{group}": TensorForm("I64", (1,)) for group in clipped}
    return forms | clips


def biased_operators(names: frozenset[str], index: int) -> frozenset[str]:
    """Return the operators of layer `index` for which `names` holds a bias."""
    return frozenset(op for op in OPERATORS if f"layers.{index}.{op}.bias" in names)


def clipped_groups(names: frozenset[str], index: int) -> frozenset[Group]:
    """Return the groups of layer `index` for which `names` holds a threshold."""
    return frozenset(group for group in GROUPS if f"layers.{index}.clip.{group}" in names)


def _gamma_forms(norm: str, config: ModelConfig) -> dict[str, TensorForm]:
    if config.profile.rotation is Rotation.QUAROT:
        return {}
    return {
        f"{norm}.gamma": TensorForm("I16", (config.shape.hidden,)),
        f"{norm}.gamma_exponent": TensorForm("I16", (1,)),
    }
