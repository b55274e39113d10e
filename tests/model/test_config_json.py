"""config.json of a model: its round trip, and what a reader refuses (MODEL-3, MODEL-4, MODEL-8)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from spikeref.errors import ModelError
from spikeref.model.config import (
    Constants,
    ModelConfig,
    ModelShape,
    beyond_limits,
    config_from_json,
    config_to_json,
)
from spikeref.model.groups import OPERATORS
from spikeref.model.profile import PROFILES
from spikeref.neurons.clipping import ClipMode

SHAPE = ModelShape(
    vocab=300,
    hidden=64,
    intermediate=172,
    layers=2,
    heads=8,
    kv_heads=2,
    head_dim=16,
    positions=256,
    sliding_windows=(None, 8),
)
CONSTANTS = Constants(
    norm_root=1 << 58,
    norm_root_exponent=55,
    norm_epsilon=0,
    score_mantissa=(1 << 22) - 1,
    score_exponent=-128,
    log2e=1549082005,
)


def config_of(**changes: Any) -> ModelConfig:
    members: dict[str, Any] = {
        "family": "mistral",
        "shape": SHAPE,
        "profile": PROFILES["sdllm-w4a4kv4"],
        "constants": CONSTANTS,
        "clip_mode": None,
        "tied_head": False,
        "bos_token_id": 1,
        "eos_token_ids": (2, 5),
        "tokenizer_digest": None,
        "source_digest": "0" * 64,
    }
    return ModelConfig(**(members | changes))


def refused(change: dict[str, Any], inside: str | None = None) -> str:
    members = config_to_json(config_of())
    (members if inside is None else members[inside]).update(change)
    with pytest.raises(ModelError) as refusal:
        config_from_json(members, "here")
    message = str(refusal.value)
    assert message.startswith("here: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"family": "llama"},
        {"clip_mode": ClipMode.GATE},
        {"tied_head": True},
        {"bos_token_id": None, "eos_token_ids": ()},
        {"tokenizer_digest": "1" * 64},
        *({"profile": profile} for profile in PROFILES.values()),
    ],
)
def test_round_trip_through_text(change: dict[str, Any]) -> None:
    config = config_of(**change)
    members = json.loads(json.dumps(config_to_json(config)))
    assert config_from_json(members, "here") == config


def test_members_are_those_of_the_specification() -> None:
    assert set(config_to_json(config_of())) == {
        "format", "format_version", "spec_version", "family", "shape", "profile", "constants",
        "clip_mode", "tied_head", "bos_token_id", "eos_token_ids", "tokenizer_digest",
        "source_digest",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["format", "format_version", "spec_version", "family", "shape"])
def test_missing(name: str) -> None:
    members = config_to_json(config_of())
    del members[name]
    with pytest.raises(ModelError, match=r"^here: "):
        config_from_json(members, "here")


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 2},
        {"format_version": True},
        {"spec_version": "1.1"},
        {"format_version": 2, "spec_version": None},
        {"spec_version": "two\nlines"},
        {"family": "gpt2"},
        {"clip_mode": "sideways"},
        {"tied_head": 1},
        {"bos_token_id": "1"},
        {"eos_token_ids": 2},
        {"eos_token_ids": [2, None]},
        {"tokenizer_digest": 5},
        {"source_digest": None},
        {"shape": []},
        {"constants": None},
    ],
)
def test_bad_members(change: dict[str, Any]) -> None:
    refused(change)


def test_another_version_without_a_specification() -> None:
    members = config_to_json(config_of()) | {"format_version": 2}
    del members["spec_version"]
    with pytest.raises(ModelError, match="format version 2"):
        config_from_json(members, "here")


def test_other_formats_say_what_to_do() -> None:
    assert "run spikeref compile" in refused({"format": "other"})
    assert "compile again" in refused({"spec_version": "2.0"})


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("norm_root", 2**58, 2**59 - 1),
        ("norm_root_exponent", 50, 58),
        ("norm_epsilon", 0, 2**60 - 1),
        ("score_mantissa", 2**21, 2**22 - 1),
        ("score_exponent", -128, 128),
        ("log2e", 2**30, 2**31 - 1),
    ],
)
def test_ranges_of_constants(name: str, low: int, high: int) -> None:
    for value in (low, high):
        config = config_of(constants=replace(CONSTANTS, **{name: value}))
        assert config_from_json(config_to_json(config), "here") == config
    for value in (low - 1, high + 1):
        assert f"{name} is out of its range" in refused({name: value}, "constants")
    refused({name: None}, "constants")


@pytest.mark.parametrize(
    ("name", "largest"),
    [
        ("vocab", 2**20),
        ("hidden", 2**15),
        ("intermediate", 2**16),
        ("layers", 2**12),
        ("heads", 2**12),
        ("kv_heads", 2**12),
        ("head_dim", 2**9),
        ("positions", 2**17),
    ],
)
def test_limits(name: str, largest: int) -> None:
    for value in (0, -1, largest + 1):
        assert f"{name} is {value}; 1 to {largest} are possible" in refused({name: value}, "shape")
    # At its limit a size alone is possible; the product of heads and widths may still not be.
    assert f"{name} is" not in (beyond_limits(replace(SHAPE, **{name: largest})) or "")


def test_limit_of_the_query_width() -> None:
    assert beyond_limits(replace(SHAPE, heads=128, head_dim=512)) is None
    assert "is 66048; 65536" in str(beyond_limits(replace(SHAPE, heads=129, head_dim=512)))
    assert "heads · head_dim" in refused({"heads": 130, "head_dim": 512}, "shape")


@pytest.mark.parametrize(
    "change",
    [
        {"kv_heads": 3},
        {"kv_heads": 16},
        {"head_dim": 15},
        {"layers": 3},
        {"sliding_windows": [None]},
        {"sliding_windows": [None, 0]},
        {"sliding_windows": [None, -4]},
        {"sliding_windows": [None, True]},
        {"sliding_windows": [None, "8"]},
        {"sliding_windows": None},
    ],
)
def test_contradicting_shapes(change: dict[str, Any]) -> None:
    refused(change, "shape")


def test_operator_shapes() -> None:
    found = {operator: SHAPE.operator_shape(operator) for operator in OPERATORS}
    assert found == {
        "q": (64, 128),
        "k": (64, 32),
        "v": (64, 32),
        "o": (128, 64),
        "gate": (64, 172),
        "up": (64, 172),
        "down": (172, 64),
    }
