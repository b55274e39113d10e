"""The ops of a LAS model by the names of LAS-18: which layers have them, and what they own."""

from dataclasses import dataclass
from typing import Self

from spikeref.errors import UsageError
from spikeref.model.groups import OPERATORS
from spikeref.model.las_assembly import INPUT_ROLES
from spikeref.model.las_config import FeedForward, Placement
from spikeref.model.las_layers import LasModel, NormParameters, WideSynapses
from spikeref.neurons.outlier_aware import OatCode
from spikeref.trace.las_records import LAS_OPS
from spikeref.trace.las_roles import ROLE_OF, code_of
from spikeref.trace.records import CLOSING_OPS, EMBEDDING_LAYER, EMBEDDING_OPS

OP_NAMES = tuple(op.removeprefix("las_") for op in LAS_OPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LasOwner:
    """One op of a model, and what of the model belongs to it."""

    model: LasModel
    layer: int
    op: str
    code: OatCode | None
    """Of the op's spikes, or of the spikes that drive it."""
    synapses: WideSynapses | None
    norm: NormParameters | None

    @classmethod
    def find(cls, model: LasModel, layer: object, op: object) -> Self:
        """Return an op; UsageError where the model, or that layer of it, has none such."""
        if op not in OP_NAMES or not isinstance(op, str):
            raise UsageError(f"op {op!r}: is none; ops are {', '.join(OP_NAMES)}")
        if type(layer) is not int or layer not in _layers_of(model, op):
            raise UsageError(f"layer {layer!r}: the model has no {op} there")
        return cls(
            model=model,
            layer=layer,
            op=op,
            code=_code(model, layer, op),
            synapses=_synapses(model, layer, op),
            norm=_norm(model, layer, op),
        )


def _layers_of(model: LasModel, op: str) -> range:
    """Return the layers that have an op, as its records number them (LAS-18)."""
    structure, count = model.config.structure, len(model.layers)
    last = range(count, count + 1)
    pre, gated = structure.placement is Placement.PRE, structure.mlp is FeedForward.GATED
    absent = {
        "embedding_norm": model.embedding_norm is None,
        "final_norm": model.final_norm is None,
        "head": model.head is None,
        "head_input": model.head is None and model.pooler is None,
        "pooler": model.pooler is None,
        "pooled": model.pooler is None,
        "classifier": model.classifier is None,
        "classifier_input": model.classifier is None,
        "gate": not gated,
        "gated": not gated,
        "up_spikes": not gated,
        "attention_norm": not pre,
        "mlp_norm": not pre,
        "post_attention_norm": pre,
        "post_mlp_norm": pre,
    }
    if absent.get(op, False):
        return range(0)
    if f"las_{op}" in EMBEDDING_OPS:
        return range(EMBEDDING_LAYER, EMBEDDING_LAYER + 1)
    return last if f"las_{op}" in CLOSING_OPS else range(count)


def _code(model: LasModel, layer: int, op: str) -> OatCode | None:
    for spikes in ROLE_OF:
        if spikes == f"las_{op}":
            return code_of(model, layer, spikes)
    for operator in OPERATORS:
        if operator == op:
            return model.layers[layer].codes[INPUT_ROLES[operator]]
    if op == "gated":
        return model.layers[layer].codes["up"]
    if op in ("head", "pooler"):
        return model.head_code
    return model.classifier_code if op == "classifier" else None


def _synapses(model: LasModel, layer: int, op: str) -> WideSynapses | None:
    for operator in OPERATORS:
        if operator == op:
            return model.layers[layer].operators[operator]
    return {"pooler": model.pooler, "classifier": model.classifier}.get(op)


def _norm(model: LasModel, layer: int, op: str) -> NormParameters | None:
    match op:
        case "embedding_norm":
            return model.embedding_norm
        case "final_norm":
            return model.final_norm
        case "attention_norm" | "post_attention_norm":
            return model.layers[layer].attention_norm
        case "mlp_norm" | "post_mlp_norm":
            return model.layers[layer].mlp_norm
        case _:
            return None
