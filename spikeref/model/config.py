"""Shape and constants of a compiled model, and their JSON form (MODEL-4)."""

from dataclasses import asdict, dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, Literal, TypeVar, assert_never, get_args

from spikeref.arith.ties import Ties
from spikeref.errors import ModelError, SpikerefError
from spikeref.model.groups import Operator
from spikeref.model.profile import Profile, Rotation
from spikeref.neurons.clipping import ClipMode
from spikeref.neurons.counts import Encoding

FORMAT = "spikeref-model"
FORMAT_VERSION = 1
SPEC_VERSION = "1.0"

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


def config_to_json(config: ModelConfig) -> dict[str, Any]:
    """Return the members of MODEL-4, without `tensors` and `model_digest`."""
    profile = config.profile
    shape = asdict(config.shape)
    shape["sliding_windows"] = list(config.shape.sliding_windows)
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "spec_version": SPEC_VERSION,
        "family": config.family,
        "shape": shape,
        "profile": {
            "name": profile.name,
            "weight_bits": profile.weight_bits,
            "act_bits": profile.act_bits,
            "kv_bits": profile.kv_bits,
            "encoding": profile.encoding.value,
            "rotation": profile.rotation.value,
            "clip_ratio": f"{profile.clip_ratio.numerator}/{profile.clip_ratio.denominator}",
            "ties": profile.ties.value,
        },
        "constants": asdict(config.constants),
        "clip_mode": None if config.clip_mode is None else config.clip_mode.value,
        "tied_head": config.tied_head,
        "bos_token_id": config.bos_token_id,
        "eos_token_ids": list(config.eos_token_ids),
        "tokenizer_digest": config.tokenizer_digest,
        "source_digest": config.source_digest,
    }


def config_from_json(value: dict[str, Any], where: str) -> ModelConfig:
    """Return the configuration that config.json holds; ModelError naming `where` if it is not one."""
    reader = _Reader(value, where)
    if reader.text("format") != FORMAT:
        raise ModelError(f"{where}: not a compiled spikeref model; compile the checkpoint first")
    version = reader.integer("format_version")
    if version != FORMAT_VERSION or reader.text("spec_version") != SPEC_VERSION:
        raise ModelError(
            f"{where}: format version {version}, specification {value['spec_version']}; this"
            f" program reads {FORMAT_VERSION} and {SPEC_VERSION}: compile again"
        )
    family = reader.text("family")
    if family not in FAMILIES:
        raise ModelError(f"{where}: family {family!r} is unknown; known: {', '.join(FAMILIES)}")
    mode = value.get("clip_mode")
    bos = value.get("bos_token_id")
    digest = value.get("tokenizer_digest")
    return ModelConfig(
        family=family,
        shape=_shape(_Reader(reader.mapping("shape"), f"{where}: shape")),
        profile=_profile(_Reader(reader.mapping("profile"), f"{where}: profile")),
        constants=_constants(_Reader(reader.mapping("constants"), f"{where}: constants")),
        clip_mode=None if mode is None else reader.variant("clip_mode", ClipMode),
        tied_head=reader.boolean("tied_head"),
        bos_token_id=None if bos is None else reader.integer("bos_token_id"),
        eos_token_ids=reader.integers("eos_token_ids"),
        tokenizer_digest=None if digest is None else reader.text("tokenizer_digest"),
        source_digest=reader.text("source_digest"),
    )


def _shape(reader: "_Reader") -> ModelShape:
    windows = reader.get("sliding_windows", list)
    if not all(w is None or (type(w) is int and w > 0) for w in windows):
        raise ModelError(f"{reader.where}: sliding_windows must hold positive integers or null")
    names = ("vocab", "hidden", "intermediate", "layers", "heads", "kv_heads", "head_dim")
    sizes = {name: reader.integer(name) for name in (*names, "positions")}
    shape = ModelShape(**sizes, sliding_windows=tuple(windows))
    limits = {"vocab": 20, "hidden": 15, "intermediate": 16, "head_dim": 9, "positions": 17}
    for name, size in sizes.items():
        largest = 1 << limits.get(name, 12)
        if not 1 <= size <= largest:
            raise ModelError(f"{reader.where}: {name} is {size}; 1 to {largest} are possible")
    if shape.heads % shape.kv_heads or shape.head_dim % 2 or len(windows) != shape.layers:
        raise ModelError(f"{reader.where}: heads, head_dim and sliding_windows contradict each other")
    return shape


def _profile(reader: "_Reader") -> Profile:
    try:
        return Profile(
            name=reader.text("name"),
            weight_bits=reader.integer("weight_bits"),
            act_bits=reader.integer("act_bits"),
            kv_bits=reader.integer("kv_bits"),
            encoding=reader.variant("encoding", Encoding),
            rotation=reader.variant("rotation", Rotation),
            clip_ratio=Fraction(reader.text("clip_ratio")),
            ties=reader.variant("ties", Ties),
        )
    except ModelError:
        raise
    except (SpikerefError, ValueError, ZeroDivisionError) as error:
        raise ModelError(f"{reader.where}: {error}") from error


def _constants(reader: "_Reader") -> Constants:
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
        "norm_root_exponent": (0, 64),
        "norm_epsilon": (0, 1 << 60),
        "score_mantissa": (1 << 21, 1 << 22),
        "score_exponent": (-128, 128),
        "log2e": (1, 1 << 31),
    }
    for name, (low, high) in bounds.items():
        if not low <= getattr(constants, name) < high:
            raise ModelError(f"{reader.where}: {name} is out of its range")
    return constants


T = TypeVar("T")
E = TypeVar("E", bound=Enum)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Typed access to a JSON object, with errors that name the member."""

    value: dict[str, Any]
    where: str

    def get(self, name: str, kind: type[T]) -> T:
        found = self.value.get(name)
        if type(found) is not kind:
            raise ModelError(f"{self.where}: {name} is missing or not of type {kind.__name__}")
        return found

    def text(self, name: str) -> str:
        return self.get(name, str)

    def integer(self, name: str) -> int:
        return self.get(name, int)

    def boolean(self, name: str) -> bool:
        return self.get(name, bool)

    def mapping(self, name: str) -> dict[str, Any]:
        return self.get(name, dict)

    def integers(self, name: str) -> tuple[int, ...]:
        values = self.get(name, list)
        if not all(type(v) is int for v in values):
            raise ModelError(f"{self.where}: {name} must hold integers")
        return tuple(values)

    def variant(self, name: str, kind: type[E]) -> E:
        try:
            return kind(self.text(name))
        except ValueError:
            known = ", ".join(str(v.value) for v in kind)
            raise ModelError(
                f"{self.where}: {name} is {self.value[name]!r}; known: {known}"
            ) from None
