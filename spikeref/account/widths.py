"""The minimum width of every recorded signal, from shapes, profile and weights (COUNT-7)."""

from typing import assert_never

from spikeref.arith.hadamard import HadamardPlan
from spikeref.arith.widths import minimum_bits
from spikeref.engine.products import ADDEND_BITS, QUERY_BITS
from spikeref.model.layers import IntegerModel
from spikeref.model.rotation import head_rotation, input_rotation, order_of
from spikeref.neurons.clipping import POTENTIAL_THRESHOLD_BITS, ClipMode, MembraneClip
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.ops.attention_steps import SCORE_BITS
from spikeref.ops.embedding import RESIDUAL_BITS
from spikeref.ops.head import INPUT_BITS, LOGIT_BITS
from spikeref.ops.spiking_input import entry_bits
from spikeref.trace.records import GROUP_OF_INPUT, InputOp, SdllmOp

NARROW_OUTPUT_BITS = 32
EXPONENT_BITS = 16
"""Exponents are sums of a few exponents of the model, within ±512 each, and of shifts below 64."""

LARGEST_ATTENTION_WEIGHT = 1 << 30
LARGEST_ADDEND = 1 << (ADDEND_BITS - 1)
RATIO_PER_COUNT = 1 << 13
"""|z| <= 2^15·(2^-2 + S·2^-31)·|count|, and S·2^-16 stays below 2^2 (ATT-9)."""


def proven_bits(model: IntegerModel, layer: int, op: SdllmOp, signal: str) -> int:
    """Return the two's complement width that `signal` of `op` provably fits."""
    if signal == "exponent":
        return EXPONENT_BITS
    match op:
        case "embedding" | "attention_residual" | "mlp_residual":
            return RESIDUAL_BITS
        case "qkv_input" | "o_input" | "gate_up_input" | "down_input":
            return _input_bits(model, layer, op, signal)
        case "q" | "k" | "v" | "gate" | "up" | "o" | "down":
            if signal == "accumulator":
                return _symmetric(model.layers[layer].synapses(op).accumulator_bound)
            return RESIDUAL_BITS if op in ("o", "down") else NARROW_OUTPUT_BITS
        case "query":
            return QUERY_BITS
        case "key_spikes" | "value_spikes":
            return _cache_bits(model, signal)
        case "attention":
            return _attention_bits(model, layer, signal)
        case "head":
            return INPUT_BITS if signal == "mantissa" else LOGIT_BITS
        case _:
            assert_never(op)


def _input_bits(model: IntegerModel, layer: int, op: InputOp, signal: str) -> int:
    profile, shape = model.config.profile, model.config.shape
    group = GROUP_OF_INPUT[op]
    plan = input_rotation(profile.rotation, shape, group)
    largest = _largest_clipped(_largest_potential(plan), model.layers[layer].clips.get(group))
    return _encoded_bits(profile.encoder(), largest, signal)


def _largest_clipped(largest: int, clip: MembraneClip | None) -> int:
    """Return a bound on the potentials that clipping leaves of those up to ±largest (ENC-8).

    A gate keeps or drops. A shift takes t off, which has the sign of the threshold and 31 bits,
    however small the potentials are.
    """
    if clip is None or clip.threshold >= 0:
        return largest
    match clip.mode:
        case ClipMode.GATE:
            return largest
        case ClipMode.SHIFT:
            return largest + (1 << (POTENTIAL_THRESHOLD_BITS - 1))
        case _:
            assert_never(clip.mode)


def _cache_bits(model: IntegerModel, signal: str) -> int:
    profile = model.config.profile
    plan = head_rotation(profile.rotation, model.config.shape)
    if signal == "mantissa":
        return minimum_bits(0, (1 << 16) - 1)
    return _encoded_bits(profile.cache_encoder(), _largest_potential(plan), signal)


def _encoded_bits(encoder: Encoder, largest: int, signal: str) -> int:
    binary = encoder.encoding is Encoding.BINARY
    match signal:
        case "potential":
            return _symmetric(largest)
        case "amax":
            return minimum_bits(0, 2 * largest)
        case "zero_point":
            return minimum_bits(0, encoder.levels if binary else 0)
        case "counts" if binary:
            return minimum_bits(0, encoder.levels)
        case "counts":
            return encoder.bits
        case _:
            raise KeyError(signal)


def _attention_bits(model: IntegerModel, layer: int, signal: str) -> int:
    shape = model.config.shape
    window = shape.sliding_windows[layer]
    visible = shape.positions if window is None else min(window, shape.positions)
    largest_count = model.config.profile.cache_encoder().largest_count
    match signal:
        case "top_score":
            return SCORE_BITS
        case "weight_sum":
            return minimum_bits(0, visible * LARGEST_ATTENTION_WEIGHT)
        case "accumulator":
            return _symmetric(visible * LARGEST_ADDEND * largest_count)
        case "mixed":
            order = order_of(head_rotation(model.config.profile.rotation, shape))
            return _symmetric(order * (RATIO_PER_COUNT + 4) * largest_count)
        case _:
            raise KeyError(signal)


def _largest_potential(plan: HadamardPlan | None) -> int:
    return order_of(plan) * ((1 << (entry_bits(plan) - 1)) - 1)


def _symmetric(bound: int) -> int:
    return minimum_bits(-bound, bound)
