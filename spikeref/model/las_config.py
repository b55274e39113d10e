"""Shape, structure and constants of a LAS model, and their JSON form (LMOD-2)."""

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Literal, TypeAlias, get_args

from spikeref.errors import ModelError
from spikeref.functions.tables import ACTIVATION_NAMES, ActivationName
from spikeref.model.config import (
    VERSIONS,
    ModelShape,
    check_versions,
    origin_from_json,
    shape_from_json,
    shape_to_json,
)
from spikeref.model.groups import OPERATORS, Operator
from spikeref.model.las_constants import LasConstants, las_constants_from_json
from spikeref.model.las_profile import (
    LAYER_ROLES,
    LasProfile,
    LayerRole,
    las_profile_from_json,
    las_profile_to_json,
)
from spikeref.storage.json_fields import JsonFields

LasFamily: TypeAlias = Literal["bert", "gpt2", "opt", "llama", "mistral", "qwen2"]
LAS_FAMILIES: tuple[LasFamily, ...] = get_args(LasFamily)


class NormKind(Enum):
    """LayerNorm or RMSNorm (LAS-4)."""

    LAYER = "layer"
    RMS = "rms"


class Placement(Enum):
    """Norms before the operators, or behind the residual additions (LAS-14)."""

    PRE = "pre"
    POST = "post"


class FeedForward(Enum):
    """One projection up, or two of which one gates (LAS-13)."""

    PLAIN = "plain"
    GATED = "gated"


class Position(Enum):
    """How a token's position enters."""

    ROTARY = "rotary"
    LEARNED = "learned"
    MULTI_ROTARY = "multi-rotary"


@dataclass(frozen=True, slots=True, kw_only=True)
class LasShape(ModelShape):
    """Sizes of an encoder or decoder of LAS."""

    token_types: int
    """0 where there are none."""
    classes: int
    """0 without a classifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """How the layers are built."""

    norm: NormKind
    placement: Placement
    mlp: FeedForward
    activation: ActivationName
    position: Position
    position_offset: int
    multi_rotary: tuple[int, ...]
    """Sections of LMOD-9, else empty."""
    causal: bool
    pooler: bool

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The linear operators of a layer."""
        if self.mlp is FeedForward.GATED:
            return OPERATORS
        return tuple(op for op in OPERATORS if op != "gate")

    @property
    def roles(self) -> tuple[LayerRole, ...]:
        """The spiking tensors of a layer (LMOD-3)."""
        return LAYER_ROLES if self.mlp is FeedForward.GATED else LAYER_ROLES[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LasConfig:
    """Everything of config.json that the forward pass or its caller needs."""

    family: LasFamily
    shape: LasShape
    structure: Structure
    profile: LasProfile
    constants: LasConstants
    tied_head: bool
    bos_token_id: int | None
    eos_token_ids: tuple[int, ...]
    tokenizer_digest: str | None
    source_digest: str


def las_config_to_json(config: LasConfig) -> dict[str, Any]:
    """Return the members of LMOD-2, without `tensors` and `model_digest`."""
    structure = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in asdict(config.structure).items()
    } | {"multi_rotary": list(config.structure.multi_rotary)}
    return {
        **VERSIONS,
        "system": "las",
        "family": config.family,
        "shape": shape_to_json(config.shape),
        "structure": structure,
        "profile": las_profile_to_json(config.profile),
        "constants": asdict(config.constants),
        "tied_head": config.tied_head,
        "bos_token_id": config.bos_token_id,
        "eos_token_ids": list(config.eos_token_ids),
        "tokenizer_digest": config.tokenizer_digest,
        "source_digest": config.source_digest,
    }


def las_config_from_json(value: dict[str, Any], where: str) -> LasConfig:
    """Return the configuration that config.json holds; ModelError naming `where` otherwise."""
    reader = JsonFields(value, where, ModelError)
    check_versions(reader)
    family = next((known for known in LAS_FAMILIES if known == reader.text("family")), None)
    if family is None:
        raise ModelError(
            f"{where}: family {value['family']!r} is unknown; known: {', '.join(LAS_FAMILIES)}"
        )
    shape = shape_from_json(reader.mapping("shape"), LasShape)
    structure = _structure(reader.mapping("structure"))
    if _contradict(shape, structure):
        raise ModelError(f"{where}: shape and structure contradict each other")
    if not _rotates_every_pair(shape, structure):
        raise ModelError(
            f"{where}: multi_rotary {list(structure.multi_rotary)} is none of three sections of"
            f" {shape.head_dim // 2} pairs, or of a position that has no sections (LMOD-9)"
        )
    return LasConfig(
        family=family,
        shape=shape,
        structure=structure,
        profile=las_profile_from_json(reader.mapping("profile")),
        constants=las_constants_from_json(reader.mapping("constants")),
        **origin_from_json(reader),
    )


def _contradict(shape: LasShape, structure: Structure) -> bool:
    """Whether positions have no rows or angles, or a head reads what the model does not give."""
    rotates = structure.position is not Position.LEARNED
    return (
        structure.position_offset < 0
        or (rotates and shape.head_dim % 2 == 1)
        or (structure.pooler and structure.causal)
        or (shape.classes > 0 and not structure.pooler)
    )


def _rotates_every_pair(shape: LasShape, structure: Structure) -> bool:
    """Whether sections take every pair of a head once; only a multi-rotary position has some."""
    sections = structure.multi_rotary
    if structure.position is not Position.MULTI_ROTARY:
        return not sections
    return len(sections) == 3 and min(sections) >= 0 and 2 * sum(sections) == shape.head_dim


def _structure(reader: JsonFields) -> Structure:
    activation = reader.text("activation")
    known = next((name for name in ACTIVATION_NAMES if name == activation), None)
    if known is None:
        raise ModelError(f"{reader.where}: activation {activation!r} is unknown")
    return Structure(
        norm=reader.variant("norm", NormKind),
        placement=reader.variant("placement", Placement),
        mlp=reader.variant("mlp", FeedForward),
        activation=known,
        position=reader.variant("position", Position),
        position_offset=reader.integer("position_offset"),
        multi_rotary=reader.integers("multi_rotary"),
        causal=reader.boolean("causal"),
        pooler=reader.boolean("pooler"),
    )
