"""What a request that names a layer and an op of LAS takes from the served model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.account.las_widths import OUTER_BITS
from spikeref.arith.rounding import Scale
from spikeref.arith.wide_rescale import combine
from spikeref.cosim.las_neurons import function_inputs, piece_inputs
from spikeref.cosim.las_ops import LasOwner
from spikeref.errors import UsageError
from spikeref.forward.las_pass import attention_rules
from spikeref.model.groups import OUTPUT_BITS
from spikeref.model.las_config import FeedForward, NormKind
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import Choice
from spikeref.neurons.outlier_aware import OatCode
from spikeref.operations.operation import Inputs, Operation
from spikeref.ops.las_attention import softmax_rules
from spikeref.ops.las_feed_forward import ACTIVATION_FRACTION_BITS

Known = dict[str, Any]

WHOLE_STEPS = 16
"""Steps of a model's tables (NEUR-7)."""

FOLLOWS_PAPER: dict[str, str] = {
    "las_norm": "norm", "las_softmax": "softmax", "las_mix": "softmax", "las_attend": "softmax",
}  # fmt: skip
"""Operations that do what the paper has, and the option of a profile that must say so."""


def own_las_arguments(
    model: LasModel, layer: object, op: object, operation: Operation, given: Inputs
) -> tuple[dict[str, int | str], dict[str, NDArray[Any]]]:
    """Return the parameters and inputs of `operation` that the model fixes for one of its ops.

    op: a name of LAS-18; layer: as in its record. given: the inputs of the request, whose tokens
    are the first of their text where the op reads positions. UsageError where the model has no
    such op, or where its operators are those of the published program (LAS-16) and the operation
    follows the paper.
    """
    owner = LasOwner.find(model, layer, op)
    _refuse_other_program(model, operation.name)
    known = _shared(model) | function_inputs(model.tables)
    known |= _of_spikes(owner) | _of_linear(owner) | _of_norm(owner) | _of_function(owner)
    match owner.op:
        case "embedding":
            known |= _of_embedding(model, given)
        case "attention":
            known |= _of_attention(owner)
        case "query_spikes" | "key_spikes":
            known |= _of_rotation(model, given)
        case _:
            pass
    if operation.name == "las_rescale":
        known |= _of_rescale(owner)
    names = (*operation.parameters, *operation.optional)
    parameters = {
        name: value
        for name, value in known.items()
        if name in names and isinstance(value, int | str)
    }
    inputs = {
        name: value
        for name, value in known.items()
        if name in operation.inputs and isinstance(value, np.ndarray)
    }
    return parameters, inputs


def _refuse_other_program(model: LasModel, operation: str) -> None:
    profile = model.config.profile
    options = {"norm": profile.norm, "softmax": profile.softmax}
    option = FOLLOWS_PAPER.get(operation)
    published = option is not None and options[option] is Choice.PUBLISHED
    foreign = operation == "las_published_softmax" and profile.softmax is Choice.PAPER
    if published or foreign:
        raise UsageError(
            f"{operation}: not what this model does, whose profile is {profile.name} (LAS-16);"
            " ask for forward"
        )


def _shared(model: LasModel) -> Known:
    profile = model.config.profile
    return {
        "steps": profile.form.steps,
        "levels": profile.form.levels,
        "rule": profile.form.rule.value,
        "gate": profile.form.gate.value,
        "ties": profile.ties.value,
        "table_steps": WHOLE_STEPS,
    }


def _thresholds(code: OatCode, role: str = "") -> Known:
    return {f"{role}threshold_n": code.normal, f"{role}threshold_o": code.outlier}


def _of_spikes(owner: LasOwner) -> Known:
    """Return the code of an op's spikes, or of those that drive it."""
    if owner.code is None:
        return {}
    plain = owner.model.config.structure.mlp is FeedForward.PLAIN
    fine = owner.op in ("classifier", "classifier_input") or (
        owner.op in ("down", "down_input") and plain
    )
    return _thresholds(owner.code) | {"fraction_bits": ACTIVATION_FRACTION_BITS if fine else 16}


def _of_linear(owner: LasOwner) -> Known:
    synapses, code = owner.synapses, owner.code
    if owner.op == "head" and owner.model.head is not None:
        rows = owner.model.head
        return {"mantissas": rows.mantissas, "exponents": rows.exponents}
    if synapses is None or code is None:
        return {}
    inner = {str(operator): bits for operator, bits in OUTPUT_BITS.items()}
    return {
        "weights": synapses.weights,
        "channel_mantissa": synapses.channel_mantissas,
        "channel_exponent": synapses.channel_exponents,
        "bias": synapses.bias
        if synapses.bias is not None
        else np.zeros(synapses.weights.shape[1], dtype=np.int64),
        "output_bits": inner.get(owner.op, OUTER_BITS),
    }


def _of_rescale(owner: LasOwner) -> Known:
    """Return the bound and the scale, unit and channel combined, of an operator (LAS-6)."""
    synapses, code = owner.synapses, owner.code
    if synapses is None or code is None:
        return {}
    channels = Scale(
        mantissa=synapses.channel_mantissas.astype(np.int64),
        exponent=synapses.channel_exponents.astype(np.int64),
    )
    scale = combine(code.unit, channels, owner.model.config.profile.ties)
    return {
        "bound": synapses.weight_bound * code.largest_value,
        "channel_mantissa": scale.mantissa.astype(np.uint16),
        "channel_exponent": scale.exponent.astype(np.int16),
    }


def _of_norm(owner: LasOwner) -> Known:
    if owner.norm is None:
        return {}
    config = owner.model.config
    constants = config.constants
    known: Known = {
        "kind": "layer" if config.structure.norm is NormKind.LAYER else "rms",
        "root_mantissa": constants.norm_root,
        "root_exponent": constants.norm_root_exponent,
        "epsilon_mantissa": constants.norm_epsilon,
        "epsilon_exponent": constants.norm_epsilon_exponent,
        "gamma_exponent": owner.norm.gamma.exponent,
        "gamma": owner.norm.gamma.mantissas,
    }
    return known if owner.norm.beta is None else known | {"beta": owner.norm.beta}


def _of_function(owner: LasOwner) -> Known:
    tables = owner.model.tables
    match owner.op:
        case "activation" | "gated":
            return piece_inputs(tables.activation)
        case "pooled" if tables.tanh is not None:
            return piece_inputs(tables.tanh)
        case _:
            return {}


def _of_embedding(model: LasModel, given: Inputs) -> Known:
    known: Known = {
        "position_offset": model.config.structure.position_offset,
        "mantissas": model.embedding.mantissas,
        "exponents": model.embedding.exponents,
    }
    if model.positions is not None:
        known["position_mantissas"] = model.positions.mantissas
        known["position_exponents"] = model.positions.exponents
    if model.types is not None and "tokens" in given:
        known["types"] = np.zeros(given["tokens"].shape, dtype=np.int64)
        known["type_mantissas"] = model.types.mantissas
        known["type_exponents"] = model.types.exponents
    return known


def _of_rotation(model: LasModel, given: Inputs) -> Known:
    if model.rotary is None or "x" not in given:
        return {}
    tokens = len(given["x"])
    return {"cos": model.rotary.cos[:tokens], "sin": model.rotary.sin[:tokens]}


def _of_attention(owner: LasOwner) -> Known:
    model, layer = owner.model, owner.model.layers[owner.layer]
    config = model.config
    softmax = softmax_rules(config.shape.head_dim, attention_rules(model, layer))
    known: Known = {
        "bound": softmax.bound >> 1,
        "scale_mantissa": int(softmax.scale.mantissa),
        "scale_exponent": int(softmax.scale.exponent),
        "score_mantissa": config.constants.score_mantissa,
        "score_exponent": config.constants.score_exponent,
        "causal": int(config.structure.causal),
        "window": layer.sliding_window or 0,
    }
    for role in ("query", "key", "value", "probabilities"):
        known |= _thresholds(layer.codes[role], f"{role}_")
    return known
