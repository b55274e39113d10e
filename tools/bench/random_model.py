"""Integer models with random weights, built in memory: no checkpoint, no compilation."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.exponential import STANDARD_COEFFICIENTS
from spikeref.checkpoint.rope import DefaultRope
from spikeref.compiler.constants import model_constants
from spikeref.compiler.fixed_point import dyadic_rows, fix_gamma
from spikeref.compiler.rope_table import rope_tables
from spikeref.compiler.scales import normalise_rational
from spikeref.model.config import ModelConfig, ModelShape
from spikeref.model.groups import GROUP_OF, Operator
from spikeref.model.layers import DecoderLayer, IntegerModel, Synapses, Tables
from spikeref.model.profile import DEFAULT_PROFILE, Profile, find_profile
from spikeref.model.rotation import head_rotation, input_rotation, order_of

WEIGHT_DEVIATION = 0.02
"""Standard deviation of the real weights, as language models are initialised."""

LARGEST_DEVIATIONS = 3.7
"""Largest of about 4096 normal values, in standard deviations: it becomes the largest integer."""

ROWS_AT_A_TIME = 256


def random_model(shape: ModelShape, seed: int = 0) -> IntegerModel:
    """Return a model of `shape` under the default profile, with normal weights before rounding.

    Scales are those that compiling weights of deviation 0.02 would give, so potentials, counts and
    scores have the sizes of a real model's. It has a head of its own and no end of sequence.
    """
    profile = find_profile(DEFAULT_PROFILE)
    rng = np.random.Generator(np.random.SFC64(seed))
    gamma = fix_gamma(np.ones(shape.hidden, dtype=np.float64))
    rope = DefaultRope(theta=Fraction(10000))
    cos, sin = rope_tables(rope, shape.head_dim, shape.positions)
    layers = [
        DecoderLayer(
            attention_gamma=gamma,
            mlp_gamma=gamma,
            q=_synapses("q", shape, profile, rng),
            k=_synapses("k", shape, profile, rng),
            v=_synapses("v", shape, profile, rng),
            o=_synapses("o", shape, profile, rng),
            gate=_synapses("gate", shape, profile, rng),
            up=_synapses("up", shape, profile, rng),
            down=_synapses("down", shape, profile, rng),
            clips={},
            sliding_window=window,
        )
        for window in shape.sliding_windows
    ]
    return IntegerModel(
        config=_config(shape, profile),
        digest="0" * 64,
        folder=Path("random-model"),
        embedding=dyadic_rows(rng.standard_normal((shape.vocab, shape.hidden))),
        head=dyadic_rows(WEIGHT_DEVIATION * rng.standard_normal((shape.vocab, shape.hidden))),
        final_gamma=gamma,
        functions=None,
        tables=Tables(exp2=STANDARD_COEFFICIENTS, cos=cos, sin=sin),
        layers=layers,
    )


def random_weights(
    sources: int, targets: int, largest: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Return weights int8 [N, M] of magnitude at most `largest`, normal before rounding."""
    weights = np.empty((sources, targets), dtype=np.int8)
    for start in range(0, sources, ROWS_AT_A_TIME):
        block = weights[start : start + ROWS_AT_A_TIME]
        values = rng.standard_normal(block.shape, dtype=np.float32)
        values *= np.float32(largest / LARGEST_DEVIATIONS)
        block[...] = np.clip(np.rint(values), -largest, largest)
    return weights


def column_bound(weights: NDArray[np.int8], largest_count: int) -> int:
    """Return what no partial sum of a spike-driven product with `weights` exceeds (ADD-3)."""
    return int(np.abs(weights).sum(axis=0, dtype=np.int64).max(initial=0)) * largest_count


def _synapses(
    operator: Operator, shape: ModelShape, profile: Profile, rng: np.random.Generator
) -> Synapses:
    sources, targets = shape.operator_shape(operator)
    weights = random_weights(sources, targets, profile.largest_weight, rng)
    weights.flags.writeable = False
    mantissa, exponent = normalise_rational(_channel_scale(operator, shape, profile), 16)
    return Synapses(
        weights=weights,
        channel_mantissas=np.full(targets, mantissa, dtype=np.uint16),
        channel_exponents=np.full(targets, exponent, dtype=np.int16),
        bias=None,
        weight_sums=None,
        zero_weights=(weights == 0).sum(axis=1, dtype=np.int32),
        accumulator_bound=column_bound(weights, profile.encoder().largest_count),
    )


def _channel_scale(operator: Operator, shape: ModelShape, profile: Profile) -> Fraction:
    """Return the scale of COMP-7 for rotated weights of deviation 0.02·√n."""
    order = order_of(input_rotation(profile.rotation, shape, GROUP_OF[operator]))
    largest = Fraction(WEIGHT_DEVIATION * LARGEST_DEVIATIONS * math.sqrt(order))
    scale = largest / (profile.largest_weight * profile.encoder().levels * order)
    if operator == "o":
        scale /= profile.cache_encoder().levels * order_of(head_rotation(profile.rotation, shape))
    return scale


def _config(shape: ModelShape, profile: Profile) -> ModelConfig:
    constants = model_constants(
        width=shape.hidden,
        power=Fraction(1),
        epsilon=Fraction(1, 100000),
        head_dim=shape.head_dim,
        head_order=order_of(head_rotation(profile.rotation, shape)),
        cache=profile.cache_encoder(),
    )
    return ModelConfig(
        family="llama",
        shape=shape,
        profile=profile,
        constants=constants,
        clip_mode=None,
        tied_head=False,
        bos_token_id=None,
        eos_token_ids=(),
        tokenizer_digest=None,
        source_digest="0" * 64,
    )
