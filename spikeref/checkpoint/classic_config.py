"""config.json of BERT, GPT-2 and OPT: LayerNorm, learned positions, a plain feed-forward."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias, assert_never

from spikeref.checkpoint.fields import Fields
from spikeref.functions.tables import ActivationName
from spikeref.model.limits import LARGEST_QUERY_WIDTH, LARGEST_SIZES

ClassicFamily: TypeAlias = Literal["bert", "gpt2", "opt"]

_ACTIVATIONS: dict[str, ActivationName] = {
    "gelu": "gelu",
    "gelu_new": "gelu-tanh",
    "gelu_pytorch_tanh": "gelu-tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}
OPT_POSITION_OFFSET = 2
MAX_WIDTH = LARGEST_QUERY_WIDTH
DEFAULT_EPSILON = {"bert": Fraction(1, 10**12), "gpt2": Fraction(1, 10**5)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicConfig:
    """What such a checkpoint says of its layers, every number exact.

    max_positions: rows of the position table that tokens can have; position_offset: rows before
    the first. token_types: 0 where there are none. labels: outputs of a classifier, where the
    checkpoint has one.
    """

    family: ClassicFamily
    hidden: int
    intermediate: int
    layers: int
    heads: int
    vocab: int
    max_positions: int
    position_offset: int
    token_types: int
    labels: int
    norm_eps: Fraction
    activation: ActivationName
    tie_embeddings: bool
    final_norm: bool
    bos_token_ids: tuple[int, ...]
    eos_token_ids: tuple[int, ...]

    @property
    def head_dim(self) -> int:
        """Values of one head."""
        return self.hidden // self.heads


def parse_classic(config: Fields, family: ClassicFamily) -> ClassicConfig:
    """Return the configuration of one of the three families; CheckpointError as parse_config."""
    match family:
        case "bert":
            found = _bert(config)
        case "gpt2":
            found = _gpt2(config)
        case "opt":
            found = _opt(config)
        case _:
            assert_never(family)
    if found.hidden % found.heads:
        config.refuse(f"hidden size {found.hidden} is not a multiple of {found.heads} heads")
    if found.head_dim > LARGEST_SIZES["head_dim"]:
        config.refuse(f"heads of {found.head_dim} are wider than {LARGEST_SIZES['head_dim']}")
    return found


def _bert(config: Fields) -> ClassicConfig:
    kind = config.text("position_embedding_type") or "absolute"
    if kind != "absolute":
        config.refuse(f"position_embedding_type {kind!r} is not supported; absolute is")
    for key in ("is_decoder", "add_cross_attention"):
        if config.flag(key, default=False):
            config.refuse(f"{key} is not supported; BERT is an encoder here")
    vocab = config.size("vocab_size", most=LARGEST_SIZES["vocab"])
    labels = config.values.get("id2label")
    return ClassicConfig(
        family="bert",
        hidden=config.size("hidden_size", most=MAX_WIDTH),
        intermediate=config.size("intermediate_size", most=MAX_WIDTH),
        layers=config.size("num_hidden_layers", most=LARGEST_SIZES["layers"]),
        heads=config.size("num_attention_heads", most=MAX_WIDTH),
        vocab=vocab,
        max_positions=_positions(config, "max_position_embeddings"),
        position_offset=0,
        token_types=config.size("type_vocab_size", most=1 << 10, default=2),
        labels=len(labels) if isinstance(labels, dict) else 2,
        norm_eps=config.positive("layer_norm_eps", default=DEFAULT_EPSILON["bert"]),
        activation=_activation(config, "hidden_act", "gelu"),
        tie_embeddings=True,
        final_norm=False,
        bos_token_ids=(),
        eos_token_ids=(),
    )


def _gpt2(config: Fields) -> ClassicConfig:
    if config.flag("scale_attn_by_inverse_layer_idx", default=False):
        config.refuse("scale_attn_by_inverse_layer_idx is not supported")
    if not config.flag("scale_attn_weights", default=True):
        config.refuse("scale_attn_weights false is not supported")
    if config.flag("add_cross_attention", default=False):
        config.refuse("add_cross_attention is not supported")
    hidden = config.size("n_embd", most=MAX_WIDTH)
    vocab = config.size("vocab_size", most=LARGEST_SIZES["vocab"])
    return ClassicConfig(
        family="gpt2",
        hidden=hidden,
        intermediate=config.size("n_inner", most=MAX_WIDTH, default=4 * hidden),
        layers=config.size("n_layer", most=LARGEST_SIZES["layers"]),
        heads=config.size("n_head", most=MAX_WIDTH),
        vocab=vocab,
        max_positions=_positions(config, "n_positions"),
        position_offset=0,
        token_types=0,
        labels=0,
        norm_eps=config.positive("layer_norm_epsilon", default=DEFAULT_EPSILON["gpt2"]),
        activation=_activation(config, "activation_function", "gelu_new"),
        tie_embeddings=config.flag("tie_word_embeddings", default=True),
        final_norm=True,
        bos_token_ids=config.token_ids("bos_token_id", vocab=vocab),
        eos_token_ids=config.token_ids("eos_token_id", vocab=vocab),
    )


def _opt(config: Fields) -> ClassicConfig:
    hidden = config.size("hidden_size", most=MAX_WIDTH)
    if not config.flag("do_layer_norm_before", default=True):
        config.refuse("do_layer_norm_before false (OPT 350m) is not supported")
    if config.size("word_embed_proj_dim", most=MAX_WIDTH, default=hidden) != hidden:
        config.refuse("word_embed_proj_dim other than hidden_size (OPT 350m) is not supported")
    for key, usual in (("enable_bias", True), ("layer_norm_elementwise_affine", True)):
        if config.flag(key, default=usual) is not usual:
            config.refuse(f"{key} other than {str(usual).lower()} is not supported")
    vocab = config.size("vocab_size", most=LARGEST_SIZES["vocab"])
    return ClassicConfig(
        family="opt",
        hidden=hidden,
        intermediate=config.size("ffn_dim", most=MAX_WIDTH),
        layers=config.size("num_hidden_layers", most=LARGEST_SIZES["layers"]),
        heads=config.size("num_attention_heads", most=MAX_WIDTH),
        vocab=vocab,
        max_positions=_positions(config, "max_position_embeddings"),
        position_offset=OPT_POSITION_OFFSET,
        token_types=0,
        labels=0,
        norm_eps=Fraction(1, 10**5),
        activation=_activation(config, "activation_function", "relu"),
        tie_embeddings=config.flag("tie_word_embeddings", default=True),
        final_norm=not config.flag("_remove_final_layer_norm", default=False),
        bos_token_ids=config.token_ids("bos_token_id", vocab=vocab),
        eos_token_ids=config.token_ids("eos_token_id", vocab=vocab),
    )


def _positions(config: Fields, key: str) -> int:
    # Larger tables than MODEL-8 has room for would be read in part, which no such model needs.
    return config.size(key, most=LARGEST_SIZES["positions"])


def _activation(config: Fields, key: str, usual: str) -> ActivationName:
    name = config.text(key) or usual
    if name not in _ACTIVATIONS:
        known = ", ".join(_ACTIVATIONS)
        config.refuse(f"{key} {name!r} is not supported; known are {known}")
    return _ACTIVATIONS[name]
