"""The minimum width of every signal of LAS, from its clauses and the model (COUNT-7)."""

from typing import assert_never

from spikeref.account.largest_codes import largest_code, output_range
from spikeref.account.las_attention_widths import attention_bits
from spikeref.arith.widths import minimum_bits
from spikeref.functions.mantissas import MANTISSA_BITS
from spikeref.functions.square import VALUE_SHIFT
from spikeref.model.groups import OUTPUT_BITS, Operator
from spikeref.model.las_assembly import INPUT_ROLES
from spikeref.model.las_bounds import LARGEST_WIDE_BOUND
from spikeref.model.las_config import FeedForward
from spikeref.model.las_layers import LasModel, WideSynapses
from spikeref.model.las_profile import Choice
from spikeref.neurons.hierarchical import HgNeuron
from spikeref.neurons.outlier_aware import OatCode
from spikeref.ops.embedding import RESIDUAL_BITS
from spikeref.ops.las_attention import HEAD_BITS, MIXED_BITS
from spikeref.ops.las_feed_forward import ACTIVATION_FRACTION_BITS, GATED_BITS
from spikeref.ops.las_norm import OUTPUT_BITS as NORM_BITS
from spikeref.ops.las_published import EXPONENT_SHIFT, FALLING_WEIGHT, RISING_WEIGHT
from spikeref.trace.las_records import LasLinearOp, LasOp, LasSpikesOp
from spikeref.trace.las_roles import code_of

OPERATOR_OF: dict[LasLinearOp, Operator] = {
    "las_q": "q", "las_k": "k", "las_v": "v", "las_o": "o", "las_gate": "gate", "las_up": "up",
    "las_down": "down",
}  # fmt: skip
OUTER_BITS = 32
"""Of the outputs of head, pooler and classifier (LAS-15)."""


def proven_las_bits(model: LasModel, layer: int, op: LasOp, signal: str) -> int:
    """Return the two's complement width that `signal` of `op` provably fits."""
    match op:
        case "las_embedding" | "las_attention_residual" | "las_mlp_residual":
            return RESIDUAL_BITS
        case (
            "las_embedding_norm" | "las_attention_norm" | "las_post_attention_norm"
            | "las_mlp_norm" | "las_post_mlp_norm" | "las_final_norm"
        ):  # fmt: skip
            return _norm_bits(model, signal)
        case (
            "las_qkv_input" | "las_query_spikes" | "las_key_spikes" | "las_value_spikes"
            | "las_o_input" | "las_mlp_input" | "las_up_spikes" | "las_down_input"
            | "las_head_input" | "las_classifier_input"
        ):  # fmt: skip
            return _spikes_bits(model, layer, op, signal)
        case (
            "las_q" | "las_k" | "las_v" | "las_o" | "las_gate" | "las_up" | "las_down"
            | "las_head" | "las_pooler" | "las_classifier"
        ):  # fmt: skip
            return _linear_bits(model, layer, op, signal)
        case "las_attention":
            return attention_bits(model, layer, signal)
        case "las_activation":
            return _function_bits(model, model.tables.activation)
        case "las_pooled":
            return _function_bits(model, model.tables.tanh)
        case "las_gated":
            return GATED_BITS
        case _:
            assert_never(op)


def linear_bound(model: LasModel, layer: int, op: LasLinearOp) -> int:
    """Return weight_bound·L of an operator, which no partial sum exceeds (LAS-6, LAS-15)."""
    if op == "las_head":
        return model.head_weight_bound * model.head_code.largest_value
    synapses, code = _driven(model, layer, op)
    return synapses.weight_bound * code.largest_value


def energy_bound(model: LasModel) -> int:
    """Return the bound on A: N squares of the largest deviation, and ε (LAS-4, LAS-16)."""
    profile, constants = model.config.profile, model.config.constants
    epsilon, exponent = constants.norm_epsilon, constants.norm_epsilon_exponent
    if profile.norm is Choice.PUBLISHED:
        epsilon, exponent = constants.published_epsilon, constants.published_epsilon_exponent
    largest = largest_code(model.tables.square.pieces[0], profile.form.steps)
    places = VALUE_SHIFT + 2 * (_deviations(model)[1].bit_length() - MANTISSA_BITS)
    square = largest << places if places >= 0 else largest >> -places
    # Rounded up, which is no less than either tie rule gives; ε is largest without a block shift.
    added = epsilon << exponent if exponent >= 0 else -(-epsilon >> -exponent)
    return min(model.config.shape.hidden * square + added, LARGEST_WIDE_BOUND - 1)


def _norm_bits(model: LasModel, signal: str) -> int:
    profile, tables = model.config.profile, model.tables
    published = profile.norm is Choice.PUBLISHED
    match signal:
        case "deviation":
            return minimum_bits(*_deviations(model))
        case "energy":
            return minimum_bits(0, energy_bound(model))
        case "inverse":
            neuron = tables.reciprocal if published else tables.rsqrt
            return minimum_bits(0, largest_code(neuron.pieces[0], profile.form.steps))
        case "inverse_exponent":
            offset = EXPONENT_SHIFT if published else 0
            low, high = (_half_exponent(energy) - offset for energy in (1, energy_bound(model)))
            return minimum_bits(low, high)
        case "output":
            return NORM_BITS
        case _:
            raise KeyError(signal)


def _deviations(model: LasModel) -> tuple[int, int]:
    """Return bounds on D: the top T of 23 bits; published, what MT neurons give."""
    profile = model.config.profile
    steps = profile.form.steps
    if profile.norm is Choice.PUBLISHED:
        count = model.head_code.largest_count
        return -FALLING_WEIGHT * count, RISING_WEIGHT * count
    largest = ((1 << steps) - 1) << (MANTISSA_BITS - 1 - steps)
    return -largest, largest


def _half_exponent(energy: int) -> int:
    exponent = energy.bit_length() - MANTISSA_BITS
    return (exponent + (exponent & 1)) // 2


def _spikes_bits(model: LasModel, layer: int, op: LasSpikesOp, signal: str) -> int:
    code = code_of(model, layer, op)
    match signal:
        case "counts":
            return minimum_bits(-code.largest_count, code.largest_count)
        case "outliers":
            return minimum_bits(0, 1)
        case "values":
            return minimum_bits(-code.largest_value, code.largest_value)
        case "potential":
            return _potential_bits(model, op)
        case _:
            raise KeyError(signal)


def _potential_bits(model: LasModel, op: LasSpikesOp) -> int:
    match op:
        case "las_qkv_input" | "las_mlp_input" | "las_head_input":
            return RESIDUAL_BITS
        case "las_query_spikes" | "las_key_spikes" | "las_value_spikes" | "las_up_spikes":
            return HEAD_BITS
        case "las_o_input":
            return MIXED_BITS
        case "las_down_input":
            if model.config.structure.mlp is FeedForward.GATED:
                return GATED_BITS
            return _function_bits(model, model.tables.activation)
        case "las_classifier_input":
            return _function_bits(model, model.tables.tanh)
        case _:
            assert_never(op)


def _linear_bits(model: LasModel, layer: int, op: LasLinearOp, signal: str) -> int:
    match signal:
        case "accumulator":
            bound = linear_bound(model, layer, op)
            return minimum_bits(-bound, bound)
        case "output":
            return OUTPUT_BITS[OPERATOR_OF[op]] if op in OPERATOR_OF else OUTER_BITS
        case _:
            raise KeyError(signal)


def _driven(model: LasModel, layer: int, op: LasLinearOp) -> tuple[WideSynapses, OatCode]:
    """Return the synapses of an operator and the code of the spikes that drive them."""
    outer = {"las_pooler": (model.pooler, model.head_code),
             "las_classifier": (model.classifier, model.classifier_code)}  # fmt: skip
    if op in outer:
        synapses, code = outer[op]
        assert synapses is not None
        return synapses, code
    operator = OPERATOR_OF[op]
    owner = model.layers[layer]
    return owner.operators[operator], owner.codes[INPUT_ROLES[operator]]


def _function_bits(model: LasModel, neuron: HgNeuron | None) -> int:
    assert neuron is not None
    steps = model.config.profile.form.steps
    return minimum_bits(*output_range(neuron, ACTIVATION_FRACTION_BITS, steps))
