"""Shape and constants of a compiled model, and their JSON form (MODEL-4)."""

import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypedDict, TypeVar, assert_never, get_args

from spikeref.errors import ModelError
from spikeref.model.groups import Operator
from spikeref.model.limits import LARGEST_QUERY_WIDTH, LARGEST_SIZES
from spikeref.model.profile import Profile
from spikeref.model.profile_json import profile_from_json, profile_to_json
from spikeref.neurons.clipping import ClipMode
from spikeref.storage.json_fields import JsonFields

FORMAT = "spikeref-model"
FORMAT_VERSION = 1
SPEC_VERSION = "1.0"

VERSIONS: dict[str, Any] = {
    "format": FORMAT,
    "format_version": FORMAT_VERSION,
    "spec_version": SPEC_VERSION,
}
"""The first members of every config.json."""

Family = Literal["llama", "mistral", "qwen2"]
FAMILIES: tuple[Family, ...] = get_args(Family)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """Sizes of a decoder; the letters are those of CONV-5."""

    vocab: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    positions: int
    sliding_windows: tuple[int | None, ...]
    """One entry a layer; None where a layer sees every earlier position."""

    @property
    def query_width(self) -> int:
        """H·d, the input width of o."""
        return self.heads * self.head_dim

    @property
    def key_width(self) -> int:
        """G·d."""
        return self.kv_heads * self.head_dim

    def operator_shape(self, operator: Operator) -> tuple[int, int]:
        """Return (N, M) of a linear operator, named as in MODEL-2."""
        match operator:
            case "q":
                return self.hidden, self.query_width
            case "k" | "v":
                return self.hidden, self.key_width
            case "o":
                return self.query_width, self.hidden
            case "gate" | "up":
                return self.hidden, self.intermediate
            case "down":
                return self.intermediate, self.hidden
            case _:
                assert_never(operator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """Integers that operators read from the model (COMP-11)."""

    norm_root: int
    norm_root_exponent: int
    norm_epsilon: int
    score_mantissa: int
    score_exponent: int
    log2e: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """Everything of config.json that the forward pass or its caller needs."""

    family: Family
    shape: ModelShape
    profile: Profile
    constants: Constants
    clip_mode: ClipMode | None
    tied_head: bool
    bos_token_id: int | None
    eos_token_ids: tuple[int, ...]
    tokenizer_digest: str | None
    source_digest: str


Shape = TypeVar("Shape", bound=ModelShape)


class Origin(TypedDict):
    """What config.json says of the checkpoint, alike in both systems (MODEL-4, LMOD-2)."""

    tied_head: bool
    bos_token_id: int | None
    eos_token_ids: tuple[int, ...]
    tokenizer_digest: str | None
    source_digest: str


def beyond_limits(shape: ModelShape) -> str | None:
    """Return which size of a shape is impossible and why (MODEL-8), or None."""
    for name, largest in LARGEST_SIZES.items():
        size = getattr(shape, name)
        if not 1 <= size <= largest:
            return f"{name} is {size}; 1 to {largest} are possible"
    if shape.query_width > LARGEST_QUERY_WIDTH:
        return f"heads · head_dim is {shape.query_width}; {LARGEST_QUERY_WIDTH} is possible"
    return None


def config_to_json(config: ModelConfig) -> dict[str, Any]:
    """Return the members of MODEL-4, without `tensors` and `model_digest`."""
    return {
        **VERSIONS,
        "family": config.family,
        "shape": shape_to_json(config.shape),
        "profile": profile_to_json(config.profile),
        "constants": asdict(config.constants),
        "clip_mode": None if config.clip_mode is None else config.clip_mode.value,
        "tied_head": config.tied_head,
        "bos_token_id": config.bos_token_id,
        "eos_token_ids": list(config.eos_token_ids),
        "tokenizer_digest": config.tokenizer_digest,
        "source_digest": config.source_digest,
    }


def config_from_json(value: dict[str, Any], where: str) -> ModelConfig:
    """Return the configuration that config.json holds; ModelError naming `where` otherwise."""
    reader = JsonFields(value, where, ModelError)
    if value.get("format") != FORMAT:
        raise ModelError(f"{where}: not a compiled model; run spikeref compile on the checkpoint")
    check_versions(reader)
    family = reader.text("family")
    if family not in FAMILIES:
        raise ModelError(f"{where}: family {family!r} is unknown; known: {', '.join(FAMILIES)}")
    mode = value.get("clip_mode")
    return ModelConfig(
        family=family,
        shape=_shape(reader.mapping("shape")),
        profile=profile_from_json(reader.mapping("profile")),
        constants=_constants(reader.mapping("constants")),
        clip_mode=None if mode is None else reader.variant("clip_mode", ClipMode),
        **origin_from_json(reader),
    )


def check_versions(reader: JsonFields) -> None:
    """Raise ModelError unless config.json is of the format and specification of this program."""
    version, specification = reader.integer("format_version"), reader.value.get("spec_version")
    if version != FORMAT_VERSION or specification != SPEC_VERSION:
        raise ModelError(
            f"{reader.where}: format version {version}, specification {specification!r};"
            f" this program reads {FORMAT_VERSION} and {SPEC_VERSION}: compile again"
        )


def origin_from_json(reader: JsonFields) -> Origin:
    """Return what config.json says of the checkpoint; ModelError otherwise."""
    source_digest = reader.text("source_digest")
    if not re.fullmatch(r"[0-9a-f]{64}", source_digest):
        raise ModelError(f"{reader.where}: source_digest is no SHA-256 in hex")
    return Origin(
        tied_head=reader.boolean("tied_head"),
        bos_token_id=reader.integer_or_none("bos_token_id"),
        eos_token_ids=reader.integers("eos_token_ids"),
        tokenizer_digest=reader.text_or_none("tokenizer_digest"),
        source_digest=source_digest,
    )


def shape_to_json(shape: ModelShape) -> dict[str, Any]:
    """Return the members of `shape`."""
    return asdict(shape) | {"sliding_windows": list(shape.sliding_windows)}


def shape_from_json(reader: JsonFields, kind: type[Shape]) -> Shape:
    """Return a shape of this kind; ModelError if a size is impossible or contradicts another."""
    windows = reader.get("sliding_windows", list)
    if not all(w is None or (type(w) is int and w > 0) for w in windows):
        raise ModelError(f"{reader.where}: sliding_windows must hold positive integers or null")
    names = [field.name for field in fields(kind) if field.name != "sliding_windows"]
    sizes = {name: reader.integer(name) for name in names}
    shape = kind(**sizes, sliding_windows=tuple(windows))
    excess = beyond_limits(shape)
    if excess is not None:
        raise ModelError(f"{reader.where}: {excess}")
    if shape.heads % shape.kv_heads or len(windows) != shape.layers or min(sizes.values()) < 0:
        raise ModelError(f"{reader.where}: its members contradict each other")
    return shape


def _shape(reader: JsonFields) -> ModelShape:
    shape = shape_from_json(reader, ModelShape)
    if shape.head_dim % 2:
        raise ModelError(f"{reader.where}: its members contradict each other")
    return shape


def _constants(reader: JsonFields) -> Constants:
    constants = Constants(
        norm_root=reader.integer("norm_root"),
        norm_root_exponent=reader.integer("norm_root_exponent"),
        norm_epsilon=reader.integer("norm_epsilon"),
        score_mantissa=reader.integer("score_mantissa"),
        score_exponent=reader.integer("score_exponent"),
        log2e=reader.integer("log2e"),
    )
    bounds = {
        "norm_root": (1 << 58, 1 << 59),
        "norm_root_exponent": (50, 59),
        "norm_epsilon": (0, 1 << 60),
        "score_mantissa": (1 << 21, 1 << 22),
        "score_exponent": (-128, 129),
        "log2e": (1 << 30, 1 << 31),
    }
    for name, (low, high) in bounds.items():
        if not low <= getattr(constants, name) < high:
            raise ModelError(f"{reader.where}: {name} is out of its range")
    return constants
