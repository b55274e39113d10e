"""config.json of the known families -> DecoderConfig or ClassicConfig."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeAlias, assert_never, cast, get_args

from spikeref.checkpoint.classic_config import ClassicConfig, ClassicFamily, parse_classic
from spikeref.checkpoint.fields import Fields
from spikeref.checkpoint.rope import Rope, parse_rope
from spikeref.checkpoint.towers import (
    Tower,
    TowerFamily,
    multi_rotary,
    text_fields,
    tower_family,
)
from spikeref.errors import CheckpointError
from spikeref.model.limits import LARGEST_QUERY_WIDTH, LARGEST_SIZES
from spikeref.storage.canonical import parse_json

Family: TypeAlias = Literal["llama", "mistral", "qwen2"]
SourceFamily: TypeAlias = Family | ClassicFamily

_ARCHITECTURES: dict[str, SourceFamily] = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "mistral",
    "Qwen2ForCausalLM": "qwen2",
    "BertModel": "bert",
    "BertForMaskedLM": "bert",
    "BertForPreTraining": "bert",
    "BertForSequenceClassification": "bert",
    "GPT2Model": "gpt2",
    "GPT2LMHeadModel": "gpt2",
    "OPTModel": "opt",
    "OPTForCausalLM": "opt",
}
_MODEL_TYPES: dict[str, SourceFamily] = {
    "llama": "llama",
    "mistral": "mistral",
    "qwen2": "qwen2",
    "bert": "bert",
    "gpt2": "gpt2",
    "opt": "opt",
}

MAX_WIDTH = LARGEST_QUERY_WIDTH
MAX_HEAD_DIM = LARGEST_SIZES["head_dim"]
MAX_POSITIONS = LARGEST_SIZES["positions"]
MAX_LAYERS = LARGEST_SIZES["layers"]
MAX_VOCAB = LARGEST_SIZES["vocab"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderConfig:
    """What a checkpoint says of its decoder, every number exact.

    hidden, intermediate: widths of the residual stream and of the gated MLP. heads, kv_heads:
    query heads and the key-value heads that they share, each head_dim wide. vocab: rows of the
    embedding. max_positions: as stated, at most 2^17 (MAX_POSITIONS). sliding_windows: one entry a
    layer, the number of latest positions (itself among them) that a token sees, or None for all.
    qkv_bias, o_bias, mlp_bias: whether these projections have biases. bos_token_ids,
    eos_token_ids: none, one or several. tower: of a language tower, whose.
    """

    family: Family
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    max_positions: int
    rms_norm_eps: Fraction
    rope: Rope
    sliding_windows: tuple[int | None, ...]
    tie_embeddings: bool
    qkv_bias: bool
    o_bias: bool
    mlp_bias: bool
    bos_token_ids: tuple[int, ...]
    eos_token_ids: tuple[int, ...]
    tower: Tower | None

    @property
    def query_width(self) -> int:
        """heads · head_dim."""
        return self.heads * self.head_dim

    @property
    def kv_width(self) -> int:
        """kv_heads · head_dim."""
        return self.kv_heads * self.head_dim


SourceConfig: TypeAlias = DecoderConfig | ClassicConfig


def read_config(path: str | Path) -> SourceConfig:
    """Parse the file config.json; CheckpointError says what is wrong with it."""
    path = Path(path)
    try:
        text = path.read_bytes()
    except FileNotFoundError as fault:
        raise CheckpointError(
            f"{path}: is missing; a checkpoint folder holds config.json beside its tensors"
        ) from fault
    except OSError as fault:
        raise CheckpointError(f"{path}: cannot be read ({fault.strerror})") from fault
    return parse_config(text, str(path))


def parse_config(text: bytes, where: str = "config.json") -> SourceConfig:
    """Parse the bytes of a config.json; `where` names it in errors.

    CheckpointError: not a JSON object, unknown or contradictory family, quantised weights, a key
    missing, of the wrong type or out of range, widths that contradict each other, an activation
    that is not SiLU, an unknown rope type.
    """
    stated = parse_json(text, where, CheckpointError)
    if not isinstance(stated, dict):
        raise CheckpointError(f"{where}: is not a JSON object")
    config = Fields(values=stated, where=where)
    tower = tower_family(config)
    if tower is not None:
        return _tower(config, tower)
    family = _family(config)
    _refuse_quantised(config)
    match family:
        case "bert" | "gpt2" | "opt":
            return parse_classic(config, family)
        case "llama" | "mistral" | "qwen2":
            return _decoder(config, family)
        case _:
            assert_never(family)


def _tower(config: Fields, tower: TowerFamily) -> DecoderConfig:
    """Return the language tower of a vision-language model."""
    _refuse_quantised(config)
    text = text_fields(config, tower)
    family = _family(text)
    if family not in get_args(Family):
        text.refuse(f"a language tower of family {family} is not supported")
    found = _decoder(text, cast(Family, family))
    sections = multi_rotary(config, tower, found.head_dim)
    return replace(found, tower=Tower(family=tower, multi_rotary=sections))


def _decoder(config: Fields, family: Family) -> DecoderConfig:
    _refuse_unsupported(config, family)
    hidden = config.size("hidden_size", most=MAX_WIDTH)
    layers = config.size("num_hidden_layers", most=MAX_LAYERS)
    vocab = config.size("vocab_size", most=MAX_VOCAB)
    heads, kv_heads, head_dim = _heads(config, hidden)
    declared_positions = config.size("max_position_embeddings", most=2**31)
    llama_bias = family == "llama" and config.flag("attention_bias", default=False)
    return DecoderConfig(
        family=family,
        hidden=hidden,
        intermediate=config.size("intermediate_size", most=MAX_WIDTH),
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        vocab=vocab,
        max_positions=min(declared_positions, MAX_POSITIONS),
        rms_norm_eps=config.positive("rms_norm_eps"),
        rope=parse_rope(config),
        sliding_windows=_sliding_windows(config, family, layers),
        tie_embeddings=config.flag("tie_word_embeddings", default=False),
        qkv_bias=family == "qwen2" or llama_bias,
        o_bias=llama_bias,
        mlp_bias=family == "llama" and config.flag("mlp_bias", default=False),
        bos_token_ids=config.token_ids("bos_token_id", vocab=vocab),
        eos_token_ids=config.token_ids("eos_token_id", vocab=vocab),
        tower=None,
    )


def _family(config: Fields) -> SourceFamily:
    known = ", ".join(_MODEL_TYPES)
    architectures = config.values.get("architectures") or []
    if not isinstance(architectures, list) or len(architectures) > 1:
        config.refuse("architectures must be a list of one name")
    by_name: SourceFamily | None = None
    for name in architectures:
        if not isinstance(name, str) or name not in _ARCHITECTURES:
            config.refuse(f"unknown architecture {name!r}; known are those of {known}")
        by_name = _ARCHITECTURES[name]
    model_type = config.text("model_type")
    if model_type is None:
        if by_name is None and config.has("model_digest"):
            config.refuse("a compiled model already; give the checkpoint that it was compiled from")
        if by_name is None:
            config.refuse(f"names neither architectures nor model_type; known are {known}")
        return by_name
    if model_type not in _MODEL_TYPES:
        config.refuse(f"unknown model_type {model_type!r}; known are {known}")
    by_type = _MODEL_TYPES[model_type]
    if by_name is not None and by_name != by_type:
        config.refuse(f"architecture {architectures[0]!r} contradicts model_type {model_type!r}")
    return by_type


def _refuse_quantised(config: Fields) -> None:
    for key in ("quantization_config", "compression_config"):
        if config.has(key):
            config.refuse(f"{key}: the weights are quantised; give the bf16, fp16 or fp32 original")


def _refuse_unsupported(config: Fields, family: Family) -> None:
    activation = config.text("hidden_act") or "silu"
    if activation not in ("silu", "swish"):
        config.refuse(f"hidden_act {activation!r} is not supported; the families here use silu")
    if config.flag("use_mrope", default=False):
        config.refuse("use_mrope is not supported")
    if family != "llama":
        for key in ("attention_bias", "mlp_bias"):
            if config.flag(key, default=False):
                config.refuse(f"{key} is not an option of {family}")


def _heads(config: Fields, hidden: int) -> tuple[int, int, int]:
    heads = config.size("num_attention_heads", most=MAX_WIDTH)
    kv_heads = config.size("num_key_value_heads", most=MAX_WIDTH, default=heads)
    if heads % kv_heads:
        config.refuse(
            f"num_attention_heads {heads} is not a multiple of num_key_value_heads {kv_heads}"
        )
    if not config.has("head_dim") and hidden % heads:
        config.refuse(f"hidden_size {hidden} is not a multiple of num_attention_heads {heads}")
    head_dim = config.size("head_dim", most=MAX_HEAD_DIM, default=hidden // heads)
    if not 2 <= head_dim <= MAX_HEAD_DIM:
        config.refuse(f"head_dim (hidden_size / heads) is {head_dim}, outside 2 .. {MAX_HEAD_DIM}")
    if head_dim % 2:
        config.refuse(f"head_dim is {head_dim}; rotary embeddings need an even one")
    if heads * head_dim > MAX_WIDTH:
        config.refuse(f"{heads} heads of {head_dim} are wider than {MAX_WIDTH}")
    return heads, kv_heads, head_dim


def _sliding_windows(config: Fields, family: Family, layers: int) -> tuple[int | None, ...]:
    windows = _windows_by_family(config, family, layers)
    kinds = config.values.get("layer_types")
    if kinds is None:
        return windows
    if not isinstance(kinds, list) or len(kinds) != layers:
        config.refuse(f"layer_types must be a list of {layers} names")
    for layer, kind in enumerate(kinds):
        expected = "full_attention" if windows[layer] is None else "sliding_attention"
        if kind != expected:
            config.refuse(
                f"layer_types calls layer {layer} {kind!r}, the other keys make it {expected!r}"
            )
    return windows


def _windows_by_family(config: Fields, family: Family, layers: int) -> tuple[int | None, ...]:
    match family:
        case "llama":
            return (None,) * layers
        case "mistral":
            # An explicit null means none; a key left out means the family's 4096.
            if "sliding_window" in config.values and not config.has("sliding_window"):
                return (None,) * layers
            return (config.size("sliding_window", most=2**31, default=4096),) * layers
        case "qwen2":
            if not config.flag("use_sliding_window", default=False):
                return (None,) * layers
            window = config.size("sliding_window", most=2**31, default=4096)
            first = config.index("max_window_layers", default=28)
            return tuple(window if layer >= first else None for layer in range(layers))
        case _:
            assert_never(family)
