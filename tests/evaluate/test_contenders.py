"""Names of what `compare` sets side by side."""

from fractions import Fraction

import pytest

from spikeref.errors import UsageError
from spikeref.evaluate.contenders import (
    Ablation,
    Clipped,
    Compiled,
    SpikeLlmBaseline,
    contender_members,
    find_contenders,
)
from spikeref.model.any_profile import ALL_PROFILES

NAMES = [
    *ALL_PROFILES,
    "spikellm-w4a4kv4",
    "sdllm-w4a4kv4@qkv",
    "rtn-w4a4kv4@qkv+attention",
    "sdllm-binary-w4a4kv4@all",
    "sdllm-w4a4kv4@clip0.5",
    "quarot-w4a4kv4@clip0.25",
]


def test_every_name_is_found_and_kept() -> None:
    assert [one.name for one in find_contenders(",".join(NAMES))] == NAMES


def test_what_a_name_means() -> None:
    profile = ALL_PROFILES["sdllm-w4a4kv4"]
    names = "float64,las,spikellm-w4a4kv4,sdllm-w4a4kv4@qkv,sdllm-w4a4kv4@clip0.6"
    las, spikellm, ablation, clipped = find_contenders(names)
    assert las == Compiled(profile=ALL_PROFILES["las"])
    assert spikellm == SpikeLlmBaseline()
    assert isinstance(ablation, Ablation)
    assert (ablation.profile, ablation.scope) == (profile, "qkv")
    assert isinstance(clipped, Clipped)
    assert (clipped.profile, clipped.quantile) == (profile, Fraction(3, 5))


def test_members_tell_contenders_apart() -> None:
    members = [contender_members(one) for one in find_contenders(",".join(NAMES))]
    assert all(one not in members[:i] for i, one in enumerate(members))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "profile '' is unknown; known: float64, sdllm-w4a4kv4"),
        ("a", "profile 'a' is unknown"),
        ("a@qkv", "profile 'a' is unknown"),
        ("las@qkv", "profiles of LAS have no variants"),
        ("sdllm-w4a4kv4@", "variants are @qkv, @qkv[+]attention, @all and @clip0.5"),
        ("sdllm-w4a4kv4@ffn", "variants are"),
        ("sdllm-w4a4kv4@clip1.5", "variants are"),
        ("sdllm-w4a4kv4@clip0.0", "variants are"),
        ("sdllm-binary-w4a4kv4@clip0.5", "only ternary profiles"),
        ("quarot-w4a4kv4@all", "ablations are computed for"),
        ("sdllm-hg-w4a4kv4@all", "ablations are computed for"),
    ],
)
def test_what_is_no_name(name: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        find_contenders(name)
