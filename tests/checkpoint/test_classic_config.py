"""config.json of BERT, GPT-2 and OPT: what is read, and what is refused in one line (LMOD-2)."""

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from spikeref.checkpoint.classic_config import ClassicConfig
from spikeref.checkpoint.config import parse_config
from spikeref.checkpoint.config_record import config_record
from spikeref.errors import CheckpointError
from spikeref.storage.canonical import canonical_json
from tests.las_models import CHECKPOINTS

CLASSIC = ("bert", "gpt2", "opt")
ABSENT = object()


def text_of(family: str, keys: Mapping[str, Any]) -> bytes:
    stated = {k: v for k, v in {**CHECKPOINTS[family], **keys}.items() if v is not ABSENT}
    return json.dumps(stated).encode()


def parse(family: str, **keys: Any) -> ClassicConfig:
    """The tiny checkpoint's config.json with `keys` set, or removed where ABSENT."""
    config = parse_config(text_of(family, keys))
    assert isinstance(config, ClassicConfig)
    return config


def refusal(family: str, **keys: Any) -> str:
    with pytest.raises(CheckpointError) as refused:
        parse_config(text_of(family, keys))
    message = str(refused.value)
    assert message
    assert "\n" not in message
    return message


def test_bert() -> None:
    config = parse("bert")
    assert (config.family, config.hidden, config.intermediate) == ("bert", 24, 40)
    assert (config.layers, config.heads, config.head_dim, config.vocab) == (2, 3, 8, 288)
    assert (config.max_positions, config.position_offset, config.token_types) == (32, 0, 2)
    assert (config.labels, config.activation, config.norm_eps) == (3, "gelu", Fraction(1, 10**12))
    assert not config.final_norm
    assert parse("bert", id2label=ABSENT).labels == 2
    assert parse("bert", layer_norm_eps=1e-5).norm_eps == Fraction(1, 10**5)


def test_gpt2() -> None:
    config = parse("gpt2")
    assert (config.family, config.hidden, config.intermediate) == ("gpt2", 24, 96)
    assert (config.activation, config.norm_eps) == ("gelu-tanh", Fraction(1, 10**5))
    assert (config.max_positions, config.position_offset, config.token_types) == (32, 0, 0)
    assert config.final_norm
    assert config.tie_embeddings
    assert parse("gpt2", n_inner=50).intermediate == 50
    assert parse("gpt2", n_inner=None).intermediate == 96


def test_opt() -> None:
    config = parse("opt")
    assert (config.family, config.hidden, config.intermediate) == ("opt", 24, 40)
    assert (config.activation, config.norm_eps) == ("relu", Fraction(1, 10**5))
    # Two rows of the position table come before the first position's.
    assert (config.max_positions, config.position_offset) == (32, 2)
    assert config.final_norm
    assert not parse("opt", _remove_final_layer_norm=True).final_norm
    assert parse("opt", bos_token_id=2, eos_token_id=2).eos_token_ids == (2,)


@pytest.mark.parametrize(
    ("stated", "read"),
    [("gelu", "gelu"), ("gelu_new", "gelu-tanh"), ("gelu_pytorch_tanh", "gelu-tanh"),
     ("relu", "relu"), ("silu", "silu"), ("swish", "silu")],
)  # fmt: skip
def test_activations(stated: str, read: str) -> None:
    assert parse("bert", hidden_act=stated).activation == read
    assert parse("gpt2", activation_function=stated).activation == read
    assert parse("opt", activation_function=stated).activation == read


@pytest.mark.parametrize("family", CLASSIC)
@pytest.mark.parametrize("key", ["architectures", "model_type"])
def test_one_name_of_the_family_is_enough(family: str, key: str) -> None:
    assert parse(family, **{key: ABSENT}).family == family


@pytest.mark.parametrize("family", CLASSIC)
def test_the_record_holds_every_member(family: str) -> None:
    """What the source digest covers is canonical JSON, and tells configurations apart."""
    plain = config_record(parse(family))
    assert set(plain) == set(ClassicConfig.__dataclass_fields__)
    key = {"bert": "layer_norm_eps", "gpt2": "layer_norm_epsilon"}.get(family)
    other = parse(family, vocab_size=289) if key is None else parse(family, **{key: 1e-6})
    assert canonical_json(config_record(other)) != canonical_json(plain)


@pytest.mark.parametrize(
    ("family", "keys", "words"),
    [
        ("bert", {"position_embedding_type": "relative_key"}, "relative_key"),
        ("bert", {"is_decoder": True}, "is_decoder"),
        ("bert", {"add_cross_attention": True}, "add_cross_attention"),
        ("bert", {"hidden_act": "gelu_fast"}, "gelu_fast"),
        ("bert", {"hidden_size": 25}, "25"),
        ("bert", {"hidden_size": ABSENT}, "hidden_size is missing"),
        ("bert", {"layer_norm_eps": 0}, "layer_norm_eps"),
        ("bert", {"type_vocab_size": "2"}, "type_vocab_size"),
        ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
        ("gpt2", {"scale_attn_weights": False}, "scale_attn_weights"),
        ("gpt2", {"add_cross_attention": True}, "add_cross_attention"),
        ("gpt2", {"n_positions": ABSENT}, "n_positions is missing"),
        ("gpt2", {"n_embd": 10**9}, "n_embd"),
        ("gpt2", {"eos_token_id": 288}, "288"),
        ("opt", {"do_layer_norm_before": False}, "OPT 350m"),
        ("opt", {"word_embed_proj_dim": 12}, "OPT 350m"),
        ("opt", {"enable_bias": False}, "enable_bias"),
        ("opt", {"layer_norm_elementwise_affine": False}, "layer_norm_elementwise_affine"),
        ("opt", {"num_attention_heads": 5}, "not a multiple of 5"),
        ("opt", {"hidden_size": 4096, "num_attention_heads": 1, "word_embed_proj_dim": 4096},
         "wider than"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_refused(family: str, keys: dict[str, Any], words: str) -> None:
    assert words in refusal(family, **keys)


@pytest.mark.parametrize(
    ("architecture", "model_type"),
    [("RobertaModel", "roberta"), ("T5ForConditionalGeneration", "t5"),
     ("BertForTokenClassification", "bert"), ("GPT2ForSequenceClassification", "gpt2"),
     ("OPTForQuestionAnswering", "opt"), ("LlamaForCausalLM", "bert")],
)  # fmt: skip
def test_unknown_architectures(architecture: str, model_type: str) -> None:
    message = refusal("bert", architectures=[architecture], model_type=model_type)
    assert architecture in message or model_type in message
