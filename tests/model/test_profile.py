"""Profiles: their ranges, their changes, their JSON form."""

from fractions import Fraction
from typing import Any

import pytest

from spikeref.arith.ties import Ties
from spikeref.errors import ModelError, UsageError
from spikeref.model.profile import (
    DEFAULT_PROFILE,
    PROFILES,
    Profile,
    Rotation,
    adjust_profile,
    find_profile,
)
from spikeref.model.profile_json import profile_from_json, profile_to_json
from spikeref.neurons.counts import Encoding
from spikeref.storage.json_fields import JsonFields

BASE = find_profile(DEFAULT_PROFILE)


def fields(value: dict[str, Any]) -> JsonFields:
    return JsonFields(value, "here", ModelError)


def test_names_are_those_of_the_table() -> None:
    assert all(name == profile.name for name, profile in PROFILES.items())
    assert (BASE.weight_bits, BASE.act_bits, BASE.kv_bits) == (4, 4, 4)
    assert BASE.rotation is Rotation.GAMMA_SQP
    assert BASE.encoding is Encoding.TERNARY


def test_unknown_name() -> None:
    with pytest.raises(UsageError) as refused:
        find_profile("sdllm-w3")
    assert "'sdllm-w3' is unknown" in str(refused.value)
    assert all(name in str(refused.value) for name in PROFILES)


@pytest.mark.parametrize("bits", range(2, 9))
def test_largest_weight(bits: int) -> None:
    profile = Profile(name="p", weight_bits=bits, act_bits=4, kv_bits=4)
    assert profile.largest_weight == 2 ** (bits - 1) - 1


@pytest.mark.parametrize("bits", [-1, 0, 1, 9, 100])
@pytest.mark.parametrize("which", ["weight_bits", "act_bits", "kv_bits"])
def test_bits_out_of_range(which: str, bits: int) -> None:
    with pytest.raises(UsageError, match=f"{bits} given, 2 to 8"):
        Profile(**({"name": "p", "weight_bits": 4, "act_bits": 4, "kv_bits": 4} | {which: bits}))


@pytest.mark.parametrize("ratio", [Fraction(0), Fraction(-1, 2), Fraction(3, 2)])
def test_clip_ratio_out_of_range(ratio: Fraction) -> None:
    with pytest.raises(UsageError, match="clip ratio"):
        adjust_profile(BASE, clip_ratio=ratio)


def test_the_cache_is_ternary_whatever_the_inputs_are() -> None:
    binary = find_profile("sdllm-binary-w4a4kv4")
    assert binary.encoder().encoding is Encoding.BINARY
    assert binary.cache_encoder().encoding is Encoding.TERNARY


class TestAdjust:
    def test_without_changes_it_is_the_same_profile(self) -> None:
        assert adjust_profile(BASE) is BASE
        same = adjust_profile(BASE, weight_bits=4, rotation=BASE.rotation, ties=BASE.ties)
        assert same is BASE

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("weight_bits", 2),
            ("act_bits", 8),
            ("kv_bits", 5),
            ("encoding", Encoding.BINARY),
            ("rotation", Rotation.NONE),
            ("clip_ratio", Fraction(9, 10)),
            ("ties", Ties.HALF_UP),
        ],
    )
    def test_one_change(self, name: str, value: Any) -> None:
        changed = adjust_profile(BASE, **{name: value})
        assert changed.name == f"{DEFAULT_PROFILE}+custom"
        expected = profile_to_json(BASE) | {"name": changed.name}
        assert getattr(changed, name) == value
        assert profile_to_json(changed) == expected | {name: profile_to_json(changed)[name]}
        assert profile_to_json(changed)[name] != profile_to_json(BASE)[name]

    def test_two_changes_are_named_once(self) -> None:
        changed = adjust_profile(adjust_profile(BASE, ties=Ties.HALF_UP), weight_bits=3)
        assert changed.name == f"{DEFAULT_PROFILE}+custom"

    def test_out_of_range(self) -> None:
        with pytest.raises(UsageError, match="weight bits: 9 given"):
            adjust_profile(BASE, weight_bits=9)


class TestJson:
    @pytest.mark.parametrize("name", PROFILES)
    def test_round_trip(self, name: str) -> None:
        profile = PROFILES[name]
        assert profile_from_json(fields(profile_to_json(profile))) == profile

    def test_round_trip_of_a_custom_profile(self) -> None:
        profile = adjust_profile(BASE, clip_ratio=Fraction(9, 10), ties=Ties.HALF_UP, act_bits=7)
        text = profile_to_json(profile)
        assert text["clip_ratio"] == "9/10"
        assert profile_from_json(fields(text)) == profile

    @pytest.mark.parametrize("name", profile_to_json(BASE))
    def test_a_missing_member(self, name: str) -> None:
        value = profile_to_json(BASE)
        del value[name]
        with pytest.raises(ModelError, match=f"here: {name} is missing"):
            profile_from_json(fields(value))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("name", "line\nbreak"),
            ("weight_bits", 9),
            ("weight_bits", True),
            ("weight_bits", "4"),
            ("act_bits", 1),
            ("kv_bits", 0),
            ("encoding", "quaternary"),
            ("rotation", None),
            ("ties", "up"),
            ("clip_ratio", "2/2"),
            ("clip_ratio", "1"),
            ("clip_ratio", "1/0"),
            ("clip_ratio", "3/2"),
            ("clip_ratio", "0.9"),
            ("clip_ratio", " 1/1"),
            ("clip_ratio", "1/1/1"),
            ("clip_ratio", "1e9/1"),
            ("extra", 1),
        ],
    )
    def test_a_bad_member(self, name: str, value: object) -> None:
        with pytest.raises(ModelError, match=r"^here: .") as refused:
            profile_from_json(fields(profile_to_json(BASE) | {name: value}))
        assert "\n" not in str(refused.value)
