"""Profiles of SDLLM in float64 with rounded operands, some operators at 8 bits: the ablations.

Norm, softmax, SiLU, the rotary embedding and the residual stream are float64, as are the scales.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.hadamard import HadamardPlan, hadamard_mantissas
from spikeref.checkpoint.parts import OperatorParts
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.plan import model_shape
from spikeref.evaluate.baseline_operators import Array
from spikeref.evaluate.baseline_weights import entries, weight_blocks
from spikeref.model.config import ModelShape
from spikeref.model.groups import GROUP_OF, Operator
from spikeref.model.profile import Profile
from spikeref.model.rotation import head_rotation, input_rotation
from spikeref.neurons.counts import Encoder, Encoding

Scope: TypeAlias = Literal["qkv", "qkv+attention", "all"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

Place: TypeAlias = Operator | Literal["cache"]

HELD: dict[Scope, frozenset[Place]] = {
    "qkv": frozenset({"q", "k", "v"}),
    "qkv+attention": frozenset({"q", "k", "v", "cache", "o"}),
    "all": frozenset({"q", "k", "v", "cache", "o", "gate", "up", "down"}),
}
"""What has the profile's own bits under each scope; everything else has OTHER_BITS."""

OTHER_BITS = 8


@dataclass(frozen=True)
class FakeQuantised:
    """A profile whose rotation is γ-SQP or none; products of a pass in float64."""

    checkpoint: Checkpoint
    profile: Profile
    scope: Scope

    @cached_property
    def shape(self) -> ModelShape:
        """The decoder's shape; CheckpointError for a family that SDLLM's profiles do not take."""
        return model_shape(self.checkpoint.config)

    def linear(self, layer: int, operator: Operator, parts: OperatorParts, x: Array) -> Array:
        """Return Ŵ·x̂ + b, both rotated alike before they are rounded."""
        own = operator in HELD[self.scope]
        plan = input_rotation(self.profile.rotation, self.shape, GROUP_OF[operator])
        encoder = self.profile.encoder()
        bits = encoder.bits if own else OTHER_BITS
        given = rounded(rotated(x, plan), bits, encoder)
        weight_bits = self.profile.weight_bits if own else OTHER_BITS
        y = np.empty((len(x), parts.weight.outputs), dtype=np.float64)
        for block, weights in weight_blocks(self.checkpoint, parts.weight):
            y[:, block] = given @ rounded_weights(rotated(weights, plan), weight_bits).T
        return y if parts.bias is None else y + entries(self.checkpoint, parts.bias)

    def heads(
        self, layer: int, q: Array, k: Array, v: Array, seen: NDArray[np.bool_]
    ) -> tuple[Array, Array, Array]:
        """Return keys and values rounded, one scale for each token and head."""
        plan = head_rotation(self.profile.rotation, self.shape)
        encoder = self.profile.cache_encoder()
        bits = encoder.bits if "cache" in HELD[self.scope] else OTHER_BITS

        def cached(heads: Array) -> Array:
            return rotated(rounded(rotated(heads, plan), bits, encoder), plan, back=True)

        return q, cached(k), cached(v)


def rounded(u: Array, bits: int, encoder: Encoder) -> Array:
    """Return what counts of potentials [..., N] stand for, one scale along the last axis.

    ENC-2 and ENC-3 with the encoder's clip ratio r: ternary s = r·max|u|/(2^(k−1)−1), binary
    s = r·(max(u, 0) − min(u, 0))/(2^k − 1) about a zero point. Ties to even.
    """
    ratio = float(encoder.clip_ratio)
    match encoder.encoding:
        case Encoding.TERNARY:
            top = (1 << (bits - 1)) - 1
            size = np.max(np.abs(u), axis=-1, keepdims=True) * ratio
            scale = np.where(size == 0, 1.0, size / top)
            symmetric: Array = scale * np.clip(np.rint(u / scale), -top - 1, top)
            return symmetric
        case Encoding.BINARY:
            top = (1 << bits) - 1
            high = np.maximum(np.max(u, axis=-1, keepdims=True), 0.0) * ratio
            low = np.minimum(np.min(u, axis=-1, keepdims=True), 0.0) * ratio
            scale = np.where(high == low, 1.0, (high - low) / top)
            zero = np.rint(-low / scale)
            about_zero: Array = scale * (np.clip(np.rint(u / scale) + zero, 0, top) - zero)
            return about_zero
        case _:
            assert_never(encoder.encoding)


def rounded_weights(weights: Array, bits: int) -> Array:
    """Return weights [M, N] rounded to nearest, symmetric, one scale for each target."""
    top = (1 << (bits - 1)) - 1
    size = np.max(np.abs(weights), axis=1, keepdims=True)
    scale = np.where(size == 0, 1.0, size / top)
    rounded_off: Array = scale * np.rint(weights / scale)
    return rounded_off


def rotated(x: Array, plan: HadamardPlan | None, *, back: bool = False) -> Array:
    """Return the orthogonal H·x/√n along the last axis, or its inverse; x itself without a plan.

    Through the exact integer transform, on a grid 2^-30 of the largest element or finer.
    """
    if plan is None or x.size == 0:
        return x
    largest = float(np.max(np.abs(x)))
    if largest == 0:
        return x
    bound = (1 << 52) // plan.order
    unit = largest / (bound - 1)
    whole = hadamard_mantissas(np.rint(x / unit), plan, bound=bound, transpose=back)
    return whole * (unit / math.sqrt(plan.order))
