"""Shape, structure and constants of a LAS model, and their JSON form (LMOD-2)."""

import re
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Literal, TypeAlias, get_args

from spikeref.errors import ModelError
from spikeref.functions.tables import ACTIVATION_NAMES, ActivationName
from spikeref.model.config import FORMAT, FORMAT_VERSION, SPEC_VERSION
from spikeref.model.groups import OPERATORS, Operator
from spikeref.model.las_constants import LasConstants, las_constants_from_json
from spikeref.model.las_profile import (
    LAYER_ROLES,
    LasProfile,
    LayerRole,
    las_profile_from_json,
    las_profile_to_json,
)
from spikeref.model.limits import LARGEST_QUERY_WIDTH, LARGEST_SIZES
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
class LasShape:
    """Sizes; the letters are those of CONV-5."""

    vocab: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    positions: int
    sliding_windows: tuple[int | None, ...]
    token_types: int
    """0 where there are none."""
    classes: int
    """0 without a classifier."""

    @property
    def query_width(self) -> int:
        """H·d."""
        return self.heads * self.head_dim

    @property
    def key_width(self) -> int:
        """G·d."""
        return self.kv_heads * self.head_dim

    def operator_shape(self, operator: Operator) -> tuple[int, int]:
        """Return (N, M) of a linear operator."""
        hidden, wide = self.hidden, self.intermediate
        shapes: dict[Operator, tuple[int, int]] = {
            "q": (hidden, self.query_width),
            "k": (hidden, self.key_width),
            "v": (hidden, self.key_width),
            "o": (self.query_width, hidden),
            "gate": (hidden, wide),
            "up": (hidden, wide),
            "down": (wide, hidden),
        }
        return shapes[operator]


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
    shape = asdict(config.shape) | {"sliding_windows": list(config.shape.sliding_windows)}
    structure = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in asdict(config.structure).items()
    } | {"multi_rotary": list(config.structure.multi_rotary)}
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "spec_version": SPEC_VERSION,
        "system": "las",
        "family": config.family,
        "shape": shape,
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
    version = reader.integer("format_version")
    if version != FORMAT_VERSION or reader.text("spec_version") != SPEC_VERSION:
        raise ModelError(
            f"{where}: format version {version}, specification {value.get('spec_version')!r};"
            f" this program reads {FORMAT_VERSION} and {SPEC_VERSION}: compile again"
        )
    if not re.fullmatch(r"[0-9a-f]{64}", reader.text("source_digest")):
        raise ModelError(f"{where}: source_digest is no SHA-256 in hex")
    family = next((known for known in LAS_FAMILIES if known == reader.text("family")), None)
    if family is None:
        raise ModelError(
            f"{where}: family {value['family']!r} is unknown; known: {', '.join(LAS_FAMILIES)}"
        )
    bos, digest = value.get("bos_token_id"), value.get("tokenizer_digest")
    shape = _shape(reader.mapping("shape"))
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
        tied_head=reader.boolean("tied_head"),
        bos_token_id=None if bos is None else reader.integer("bos_token_id"),
        eos_token_ids=reader.integers("eos_token_ids"),
        tokenizer_digest=None if digest is None else reader.text("tokenizer_digest"),
        source_digest=reader.text("source_digest"),
    )


def beyond_las_limits(shape: LasShape) -> str | None:
    """Return which size of a shape is impossible and why (MODEL-8), or None."""
    for name, largest in LARGEST_SIZES.items():
        size = getattr(shape, name)
        if not 1 <= size <= largest:
            return f"{name} is {size}; 1 to {largest} are possible"
    if shape.query_width > LARGEST_QUERY_WIDTH:
        return f"heads · head_dim is {shape.query_width}; {LARGEST_QUERY_WIDTH} is possible"
    return None


def _shape(reader: JsonFields) -> LasShape:
    windows = reader.get("sliding_windows", list)
    if not all(w is None or (type(w) is int and w > 0) for w in windows):
        raise ModelError(f"{reader.where}: sliding_windows must hold positive integers or null")
    names = (*LARGEST_SIZES, "token_types", "classes")
    sizes = {name: reader.integer(name) for name in names}
    shape = LasShape(**sizes, sliding_windows=tuple(windows))
    excess = beyond_las_limits(shape)
    if excess is not None:
        raise ModelError(f"{reader.where}: {excess}")
    if shape.heads % shape.kv_heads or len(windows) != shape.layers or min(sizes.values()) < 0:
        raise ModelError(f"{reader.where}: its members contradict each other")
    return shape


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
