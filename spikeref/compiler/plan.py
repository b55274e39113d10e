"""What one compilation decides before it reads a weight: shape, rotations, constants."""

from dataclasses import dataclass
from fractions import Fraction

from spikeref.arith.hadamard import plan_hadamard
from spikeref.checkpoint.config import DecoderConfig
from spikeref.compiler.constants import model_constants
from spikeref.compiler.fixed_point import MANTISSA_BITS
from spikeref.compiler.residual import ResidualRotation, residual_signs
from spikeref.errors import CheckpointError
from spikeref.model.config import Constants, ModelShape, beyond_limits
from spikeref.model.groups import GROUPS, Group
from spikeref.model.profile import Profile, Rotation
from spikeref.model.rotation import (
    group_width,
    head_rotation,
    input_rotation,
    order_of,
    residual_rotation,
)

ROTATED_FROM_BOTH_SIDES: tuple[Group, ...] = ("o", "down")
"""Groups whose operators rotate their targets too under QuaRot (COMP-10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilationPlan:
    """A decoder's shape and profile, and what follows from them."""

    source: DecoderConfig
    profile: Profile
    shape: ModelShape
    residual: ResidualRotation | None
    """Rotation of the residual stream under QuaRot, else None."""

    @property
    def tied_head(self) -> bool:
        """Whether the embedding serves as the head; under QuaRot their rotations differ."""
        return self.source.tie_embeddings and self.residual is None

    @property
    def head_order(self) -> int:
        """n_h: the order of the head's Hadamard matrix, 1 without one."""
        return order_of(head_rotation(self.profile.rotation, self.shape))

    def constants(self) -> Constants:
        """Return the constants of COMP-11."""
        return model_constants(
            width=self.shape.hidden,
            power=Fraction(1) if self.residual is None else self.residual.power,
            epsilon=self.source.rms_norm_eps,
            head_dim=self.shape.head_dim,
            head_order=self.head_order,
            cache=self.profile.cache_encoder(),
        )


def plan_compilation(source: DecoderConfig, profile: Profile) -> CompilationPlan:
    """Return the plan of a checkpoint's compilation; CheckpointError beyond MODEL-8."""
    shape = model_shape(source)
    plan = residual_rotation(profile.rotation, shape)
    residual = None
    if plan is not None:
        for group in ROTATED_FROM_BOTH_SIDES:
            width = group_width(shape, group)
            if plan.order * plan_hadamard(width).order << MANTISSA_BITS >= 1 << 53:
                raise CheckpointError(
                    f"config.json: widths {shape.hidden} and {width} are too large for quarot,"
                    " which rotates a matrix from both sides; choose another rotation"
                )
        residual = ResidualRotation(plan=plan, signs=residual_signs(shape.hidden))
    return CompilationPlan(source=source, profile=profile, shape=shape, residual=residual)


def block_diagonal_widths(shape: ModelShape, rotation: Rotation) -> list[int]:
    """Return the rotated widths for which no Hadamard matrix is known (HAD-5), sorted."""
    plans = [input_rotation(rotation, shape, group) for group in GROUPS]
    plans += [head_rotation(rotation, shape), residual_rotation(rotation, shape)]
    return sorted({plan.width for plan in plans if plan is not None and plan.is_block_diagonal})


def model_shape(config: DecoderConfig) -> ModelShape:
    """Return the shape of the compiled model; CheckpointError beyond MODEL-8."""
    shape = ModelShape(
        vocab=config.vocab,
        hidden=config.hidden,
        intermediate=config.intermediate,
        layers=config.layers,
        heads=config.heads,
        kv_heads=config.kv_heads,
        head_dim=config.head_dim,
        positions=config.max_positions,
        sliding_windows=config.sliding_windows,
    )
    excess = beyond_limits(shape)
    if excess is not None:
        raise CheckpointError(f"config.json: {excess}")
    return shape
