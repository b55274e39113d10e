import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from spikeref.checkpoint.config import MAX_POSITIONS, DecoderConfig, parse_config, read_config
from spikeref.checkpoint.config_record import config_record
from spikeref.checkpoint.rope import DefaultRope, Llama3Rope
from spikeref.errors import CheckpointError
from spikeref.storage.canonical import canonical_json
from tools.synthetic_checkpoint import PRESETS

BASE: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 172,
    "num_hidden_layers": 3,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "vocab_size": 100,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-05,
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
MISTRAL = {"architectures": ["MistralForCausalLM"], "model_type": "mistral"}
QWEN2 = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}
ABSENT = object()


def parse(**keys: Any) -> DecoderConfig:
    """BASE with `keys` set, or removed where ABSENT."""
    stated = {key: value for key, value in {**BASE, **keys}.items() if value is not ABSENT}
    return parse_config(json.dumps(stated).encode())


def test_a_plain_llama() -> None:
    config = parse()
    assert config.family == "llama"
    assert (config.hidden, config.intermediate, config.layers) == (64, 172, 3)
    assert (config.heads, config.kv_heads, config.head_dim, config.vocab) == (8, 4, 8, 100)
    assert (config.query_width, config.kv_width) == (64, 32)
    assert config.rms_norm_eps == Fraction(1, 100000)
    assert config.rope == DefaultRope(theta=Fraction(10000))
    assert config.sliding_windows == (None, None, None)
    assert (config.qkv_bias, config.o_bias, config.mlp_bias) == (False, False, False)
    assert not config.tie_embeddings
    assert config.bos_token_ids == config.eos_token_ids == ()


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_parses(name: str) -> None:
    config = parse_config(json.dumps(dict(PRESETS[name])).encode())
    assert len(config.sliding_windows) == config.layers
    assert canonical_json(config_record(config))


def test_the_record_tells_configurations_apart() -> None:
    records = {
        canonical_json(config_record(config))
        for config in (parse(), parse(rms_norm_eps=1e-6), parse(rope_scaling=LLAMA3))
    }
    assert len(records) == 3


@pytest.mark.parametrize("keys", [{"architectures": ABSENT}, {"model_type": ABSENT}])
def test_one_name_of_the_family_is_enough(keys: dict[str, Any]) -> None:
    assert parse(**keys).family == "llama"


def test_kv_heads_left_out_are_the_heads() -> None:
    assert parse(num_key_value_heads=ABSENT).kv_heads == 8
    assert parse(num_key_value_heads=None).kv_heads == 8


def test_a_head_width_of_its_own() -> None:
    config = parse(**MISTRAL, head_dim=16, sliding_window=None)
    assert (config.head_dim, config.query_width, config.kv_width) == (16, 128, 64)


def test_positions_are_clamped() -> None:
    assert parse(max_position_embeddings=2**20).max_positions == MAX_POSITIONS == 2**17


def test_mistral_windows() -> None:
    assert parse(**MISTRAL, sliding_window=32).sliding_windows == (32, 32, 32)
    assert parse(**MISTRAL, sliding_window=None).sliding_windows == (None, None, None)
    assert parse(**MISTRAL).sliding_windows == (4096, 4096, 4096)


def test_qwen2_windows_start_at_a_layer() -> None:
    keys = {"sliding_window": 32, "max_window_layers": 1}
    assert parse(**QWEN2, **keys).sliding_windows == (None, None, None)
    assert parse(**QWEN2, **keys, use_sliding_window=True).sliding_windows == (None, 32, 32)


def test_layer_types_that_agree_are_fine() -> None:
    kinds = ["full_attention", "sliding_attention", "sliding_attention"]
    config = parse(
        **QWEN2,
        sliding_window=8,
        max_window_layers=1,
        use_sliding_window=True,
        layer_types=kinds,
    )
    assert config.sliding_windows == (None, 8, 8)


def test_a_llama_ignores_sliding_windows() -> None:
    assert parse(sliding_window=8).sliding_windows == (None, None, None)


def test_biases_by_family() -> None:
    qwen = parse(**QWEN2)
    assert (qwen.qkv_bias, qwen.o_bias, qwen.mlp_bias) == (True, False, False)
    llama = parse(attention_bias=True, mlp_bias=True)
    assert (llama.qkv_bias, llama.o_bias, llama.mlp_bias) == (True, True, True)


def test_token_ids_are_none_one_or_many() -> None:
    config = parse(bos_token_id=1, eos_token_id=[2, 99])
    assert (config.bos_token_ids, config.eos_token_ids) == ((1,), (2, 99))
    assert parse(eos_token_id=None).eos_token_ids == ()


EXPECTED_LLAMA3 = Llama3Rope(
    theta=Fraction(500000),
    factor=Fraction(32),
    low_freq_factor=Fraction(1),
    high_freq_factor=Fraction(4),
    original_max_positions=8192,
)


@pytest.mark.parametrize(
    ("keys", "rope"),
    [
        ({"rope_theta": 1e6}, DefaultRope(theta=Fraction(1000000))),
        ({"rope_theta": 10000, "rope_scaling": None}, DefaultRope(theta=Fraction(10000))),
        ({"rope_scaling": {"type": "default"}}, DefaultRope(theta=Fraction(10000))),
        ({"rope_scaling": {}}, DefaultRope(theta=Fraction(10000))),
        ({"rope_theta": 5e5, "rope_scaling": LLAMA3}, EXPECTED_LLAMA3),
        ({"rope_parameters": {**LLAMA3, "rope_theta": 500000.0}}, EXPECTED_LLAMA3),
        (
            {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4}, "rope_theta": 10000},
            DefaultRope(theta=Fraction(10000)),
        ),
        (
            {"rope_theta": 1.5, "rope_scaling": {"type": "default", "rope_type": "default"}},
            DefaultRope(theta=Fraction(3, 2)),
        ),
    ],
)
def test_rope_is_found_wherever_it_is_written(keys: dict[str, Any], rope: object) -> None:
    assert parse(**keys).rope == rope


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"architectures": ["MixtralForCausalLM"]}, "unknown architecture 'MixtralForCausalLM'"),
        ({"architectures": [["LlamaForCausalLM"]]}, "unknown architecture"),
        ({"architectures": ["LlamaForCausalLM"] * 2}, "list of one name"),
        ({"architectures": "LlamaForCausalLM"}, "list of one name"),
        ({"model_type": "gptj", "architectures": ABSENT}, "unknown model_type 'gptj'"),
        ({"model_type": "mistral"}, "contradicts model_type 'mistral'"),
        ({"model_type": 3}, "model_type must be a string"),
        ({"architectures": None, "model_type": None}, "names neither"),
        ({"quantization_config": {"bits": 4}}, "weights are quantised"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu'"),
        ({"use_mrope": True}, "use_mrope"),
        ({**MISTRAL, "attention_bias": True}, "attention_bias is not an option of mistral"),
        ({**QWEN2, "mlp_bias": True}, "mlp_bias is not an option of qwen2"),
        ({"attention_bias": 1}, "attention_bias must be true or false"),
        ({"tie_word_embeddings": "yes"}, "tie_word_embeddings must be true or false"),
        ({"hidden_size": ABSENT}, "hidden_size is missing"),
        ({"intermediate_size": None}, "intermediate_size is missing"),
        ({"num_hidden_layers": ABSENT}, "num_hidden_layers is missing"),
        ({"num_attention_heads": ABSENT}, "num_attention_heads is missing"),
        ({"vocab_size": ABSENT}, "vocab_size is missing"),
        ({"max_position_embeddings": ABSENT}, "max_position_embeddings is missing"),
        ({"rms_norm_eps": ABSENT}, "rms_norm_eps is missing"),
        ({"hidden_size": "64"}, "hidden_size must be an integer, not '64'"),
        ({"hidden_size": 64.0}, "hidden_size must be an integer"),
        ({"hidden_size": True}, "hidden_size must be an integer"),
        ({"hidden_size": -64}, "hidden_size is -64, outside"),
        ({"hidden_size": 2**16 + 8}, "hidden_size is 65544, outside 1 .. 65536"),
        ({"intermediate_size": 2**16 + 1}, "intermediate_size is 65537, outside"),
        ({"num_hidden_layers": 0}, "num_hidden_layers is 0, outside"),
        ({"vocab_size": 10**4000}, "vocab_size is .*outside"),
        ({"max_position_embeddings": 0}, "max_position_embeddings is 0"),
        ({"num_key_value_heads": 3}, "8 is not a multiple of num_key_value_heads 3"),
        ({"num_attention_heads": 7, "num_key_value_heads": 7}, "64 is not a multiple of"),
        ({"head_dim": 9}, "head_dim is 9; rotary"),
        ({"head_dim": 514}, "head_dim is 514, outside 1 .. 512"),
        ({"hidden_size": 8, "num_key_value_heads": 8}, "is 1, outside 2 .. 512"),
        ({"hidden_size": 8192, "num_attention_heads": 8}, "is 1024, outside 2 .. 512"),
        ({"num_attention_heads": 256, "head_dim": 512}, "wider than 65536"),
        ({"rms_norm_eps": 0}, "rms_norm_eps must be above 0"),
        ({"rms_norm_eps": -1e-5}, "rms_norm_eps must be above 0"),
        ({"rms_norm_eps": "1e-5"}, "rms_norm_eps must be a number"),
        ({"rms_norm_eps": True}, "rms_norm_eps must be a number"),
        ({"rope_theta": 0}, "rope_theta must be above 0"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, "unknown rope type 'yarn'"),
        ({"rope_scaling": {"type": "linear", "factor": 4.0}}, "unknown rope type 'linear'"),
        ({"rope_parameters": {"rope_type": "longrope"}}, "unknown rope type 'longrope'"),
        ({"rope_scaling": {"factor": 4.0}}, "names no rope_type"),
        ({"rope_scaling": [1]}, "rope_scaling must be an object"),
        ({"rope_scaling": {"rope_type": 3}}, "rope_type must be a string"),
        ({"rope_scaling": {"rope_type": "llama3", "type": "yarn"}}, "contradicts type 'yarn'"),
        ({"rope_scaling": {**LLAMA3, "factor": None}}, "factor is missing"),
        ({"rope_scaling": {**LLAMA3, "factor": 0.5}}, "factor must be at least 1"),
        ({"rope_scaling": {**LLAMA3, "high_freq_factor": 1}}, "must be below high_freq_factor"),
        (
            {"rope_scaling": {**LLAMA3, "original_max_position_embeddings": 8192.5}},
            "original_max_position_embeddings must be an integer",
        ),
        ({"rope_parameters": {**LLAMA3, "rope_theta": 2}, "rope_theta": 3}, "contradicts the rope"),
        ({"rope_parameters": {"rope_type": "default"}, "rope_scaling": LLAMA3}, "contradict each"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor"),
        (
            {"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.25}},
            "rope_parameters: partial_rotary_factor",
        ),
        ({**MISTRAL, "sliding_window": 0}, "sliding_window is 0"),
        ({**QWEN2, "use_sliding_window": True, "max_window_layers": -1}, "integer from 0"),
        ({"layer_types": ["full_attention"]}, "layer_types must be a list of 3"),
        ({"layer_types": ["full_attention"] * 2 + ["sliding_attention"]}, "calls layer 2"),
        ({"eos_token_id": 100}, "eos_token_id holds 100, no id below vocab_size 100"),
        ({"eos_token_id": [1, "2"]}, "eos_token_id holds '2'"),
        ({"bos_token_id": -1}, "bos_token_id holds -1"),
        ({"bos_token_id": True}, "bos_token_id holds True"),
    ],
)
def test_a_bad_configuration_is_refused(keys: dict[str, Any], what: str) -> None:
    with pytest.raises(CheckpointError, match=what) as caught:
        parse(**keys)
    assert str(caught.value).startswith("config.json: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("digits", ["1e-9999999", "1e9999999", "0." + "1" * 500])
def test_numbers_out_of_all_proportion_are_refused(digits: str) -> None:
    text = json.dumps(BASE).replace("1e-05", digits).encode()
    with pytest.raises(CheckpointError, match="out of all proportion"):
        parse_config(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [(b"[]", "not a JSON object"), (b"{", "not valid JSON"), (b'{"a":1,"a":2}', "appears twice")],
)
def test_a_file_that_is_no_object_is_refused(text: bytes, what: str) -> None:
    with pytest.raises(CheckpointError, match=what):
        parse_config(text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json: is missing"):
        read_config(tmp_path / "config.json")


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_config(tmp_path)
