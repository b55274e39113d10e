"""What a LAS compilation decides before it reads a weight: shape, structure, constants."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import assert_never

from spikeref.arith.scalar import round_div
from spikeref.arith.ties import Ties
from spikeref.checkpoint.classic_config import ClassicConfig
from spikeref.checkpoint.config import DecoderConfig
from spikeref.checkpoint.layout import Layout
from spikeref.compiler.scales import normalise_rational
from spikeref.errors import CheckpointError, UsageError
from spikeref.model.config import beyond_limits
from spikeref.model.las_bounds import excess_of_codes
from spikeref.model.las_config import (
    FeedForward,
    LasShape,
    NormKind,
    Placement,
    Position,
    Structure,
)
from spikeref.model.las_constants import LasConstants, constant_out_of_range
from spikeref.model.las_profile import THRESHOLD_SETS, LasProfile, LayerRole, Role
from spikeref.neurons.outlier_aware import OatCode

SCALE_BITS = 16
EPSILON_BITS = 31
SPARE_DIGITS = 60


def las_shape(layout: Layout) -> LasShape:
    """Return the shape of the compiled model; CheckpointError beyond MODEL-8."""
    config = layout.config
    match config:
        case DecoderConfig():
            kv_heads, windows, types, labels = config.kv_heads, config.sliding_windows, 0, 0
        case ClassicConfig():
            kv_heads, windows = config.heads, (None,) * config.layers
            types = config.token_types
            labels = 0 if layout.outer().classifier is None else config.labels
        case _:
            assert_never(config)
    shape = LasShape(
        vocab=config.vocab,
        hidden=config.hidden,
        intermediate=config.intermediate,
        layers=config.layers,
        heads=config.heads,
        kv_heads=kv_heads,
        head_dim=config.head_dim,
        positions=config.max_positions,
        sliding_windows=windows,
        token_types=types,
        classes=labels,
    )
    excess = beyond_limits(shape)
    if excess is not None:
        raise CheckpointError(f"config.json: {excess}")
    return shape


def las_structure(layout: Layout) -> Structure:
    """Return how the layers are built."""
    config = layout.config
    match config:
        case DecoderConfig():
            sections = () if config.tower is None else config.tower.multi_rotary
            return Structure(
                norm=NormKind.RMS,
                placement=Placement.PRE,
                mlp=FeedForward.GATED,
                activation="silu",
                position=Position.MULTI_ROTARY if sections else Position.ROTARY,
                position_offset=0,
                multi_rotary=sections,
                causal=True,
                pooler=False,
            )
        case ClassicConfig():
            is_encoder = config.family == "bert"
            return Structure(
                norm=NormKind.LAYER,
                placement=Placement.POST if is_encoder else Placement.PRE,
                mlp=FeedForward.PLAIN,
                activation=config.activation,
                position=Position.LEARNED,
                position_offset=config.position_offset,
                multi_rotary=(),
                causal=not is_encoder,
                pooler=layout.outer().pooler is not None,
            )
        case _:
            assert_never(config)


def las_constants(
    shape: LasShape, norm: NormKind, epsilon: Fraction, profile: LasProfile
) -> LasConstants:
    """Return the constants of LMOD-6, each the exact number rounded once, half to even."""
    width = shape.hidden
    power = width**3 if norm is NormKind.LAYER else width
    unit = Fraction((1 << profile.form.steps) * profile.form.levels, 100)
    with localcontext() as context:
        context.prec = SPARE_DIGITS
        log2e = 1 / Decimal(2).ln()
        root = Fraction(Decimal(width).sqrt())
        score = Fraction(log2e / Decimal(shape.head_dim).sqrt())
    norm_root, norm_root_exponent = _rounded_root(width, root)
    norm_epsilon, norm_exponent = normalise_rational(epsilon * power * (1 << 32), EPSILON_BITS)
    published, published_exponent = normalise_rational(epsilon * width * unit**2, EPSILON_BITS)
    score_mantissa, score_exponent = normalise_rational(score, SCALE_BITS)
    return LasConstants(
        norm_root=norm_root,
        norm_root_exponent=norm_root_exponent,
        norm_epsilon=norm_epsilon,
        norm_epsilon_exponent=norm_exponent,
        published_epsilon=published,
        published_epsilon_exponent=published_exponent,
        score_mantissa=score_mantissa,
        score_exponent=score_exponent,
    )


def _rounded_root(width: int, root: Fraction) -> tuple[int, int]:
    """Return √width as a mantissa of 16 bits: exact where it is an integer."""
    exact = math.isqrt(width)
    return normalise_rational(Fraction(exact) if exact * exact == width else root, SCALE_BITS)


def norm_epsilon_of(layout: Layout) -> Fraction:
    """Return the epsilon of a checkpoint's norms."""
    config = layout.config
    return config.rms_norm_eps if isinstance(config, DecoderConfig) else config.norm_eps


def prove_constants(constants: LasConstants, layout: Layout) -> None:
    """Refuse constants that LMOD-6 excludes: CheckpointError.

    Sizes within MODEL-8 keep those of widths and scores in their ranges, so that only the norms'
    epsilon can be at fault.
    """
    excluded = constant_out_of_range(constants)
    if excluded is not None:
        member, epsilon = _epsilon_member(layout), float(norm_epsilon_of(layout))
        raise CheckpointError(
            f"config.json: {member} {epsilon:g} puts {excluded} out of its range (LMOD-6);"
            " give one like 1e-05"
        )


def _epsilon_member(layout: Layout) -> str:
    """Return the member of config.json that holds the norms' epsilon."""
    match layout.config:
        case DecoderConfig():
            return "rms_norm_eps"
        case ClassicConfig(family="gpt2"):
            return "layer_norm_epsilon"
        case ClassicConfig():
            return "layer_norm_eps"
        case _:
            assert_never(layout.config)


def fixed_thresholds(profile: LasProfile, roles: tuple[Role, ...]) -> list[tuple[int, int]]:
    """Return the profile's thresholds of some roles with 16 fraction bits (LMOD-7)."""
    chosen = THRESHOLD_SETS[profile.thresholds]
    return [(_fixed(chosen[role][0]), _fixed(chosen[role][1])) for role in roles]


def prove_codes(profile: LasProfile, shape: LasShape, roles: tuple[LayerRole, ...]) -> None:
    """Refuse a profile whose thresholds NEUR-3, LAS-11 or LAS-12 exclude: UsageError."""
    codes = {
        role: OatCode(form=profile.form, normal=normal, outlier=outlier)
        for role, (normal, outlier) in zip(roles, fixed_thresholds(profile, roles), strict=True)
    }
    excess = excess_of_codes(codes, shape, profile)
    if excess is not None:
        raise UsageError(f"profile {profile.name}: {excess}; take fewer levels or steps")


def _fixed(threshold: Fraction) -> int:
    scaled = threshold * (1 << 16)
    return round_div(scaled.numerator, scaled.denominator, Ties.HALF_EVEN)
