"""LAS profiles and configurations: ranges, changes, JSON form (LMOD-2, LMOD-3)."""

from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.arith.ties import Ties
from spikeref.errors import ModelError, UsageError
from spikeref.model.any_profile import any_profile_from_json, any_profile_to_json, find_any_profile
from spikeref.model.config import beyond_limits
from spikeref.model.groups import OPERATORS
from spikeref.model.las_config import (
    LasShape,
    las_config_from_json,
    las_config_to_json,
)
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import (
    LAS_PROFILES,
    LAYER_ROLES,
    THRESHOLD_SETS,
    Choice,
    Functions,
    LasProfile,
    adjust_las_profile,
    las_profile_from_json,
    las_profile_to_json,
)
from spikeref.model.limits import LARGEST_QUERY_WIDTH, LARGEST_SIZES
from spikeref.model.profile import PROFILES
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import TrainForm
from spikeref.storage.canonical import canonical_json
from spikeref.storage.json_fields import JsonFields
from tests.neurons.oat_codes import FORMS

LAS = LAS_PROFILES["las"]
PROFILE = st.builds(
    LasProfile,
    name=st.sampled_from(["las", "las+custom", "my own"]),
    weight_bits=st.integers(8, 16),
    form=FORMS,
    norm=st.sampled_from(list(Choice)),
    softmax=st.sampled_from(list(Choice)),
    functions=st.sampled_from(list(Functions)),
    thresholds=st.sampled_from([*THRESHOLD_SETS, "calibrated"]),
    ties=st.sampled_from(list(Ties)),
)
SHAPE = LasShape(
    vocab=300, hidden=64, intermediate=172, layers=2, heads=8, kv_heads=2, head_dim=8,
    positions=128, sliding_windows=(None, 5), token_types=2, classes=3,
)  # fmt: skip


def members(value: dict[str, Any]) -> JsonFields:
    return JsonFields(value, "here", ModelError)


def test_names() -> None:
    assert all(name == profile.name for name, profile in LAS_PROFILES.items())
    assert set(LAS_PROFILES) >= {"las", "las-bert", "las-llava", "las-qwen2-vl", "las-published"}
    assert not set(LAS_PROFILES) & set(PROFILES)
    assert find_any_profile("las-bert").name == "las-bert"
    with pytest.raises(UsageError, match="'las-x' is unknown") as refused:
        find_any_profile("las-x")
    assert all(name in str(refused.value) for name in LAS_PROFILES)


def test_the_standard_profile_is_the_papers() -> None:
    assert (LAS.weight_bits, LAS.form) == (16, TrainForm(steps=16, levels=1))
    assert (LAS.form.rule, LAS.form.gate) == (Rule.BELOW, Rule.BELOW)
    assert (LAS.norm, LAS.softmax, LAS.functions) == (
        Choice.PAPER,
        Choice.PAPER,
        Functions.EXPANSION,
    )
    assert LAS.ties is Ties.HALF_EVEN
    assert LAYER_ROLES == (
        "attention_input", "query", "key", "value", "probabilities", "o_input", "mlp_input",
        "activation", "up",
    )  # fmt: skip


@given(profile=PROFILE)
def test_json_round_trip(profile: LasProfile) -> None:
    value = dict(las_profile_to_json(profile))
    assert canonical_json(value)
    assert value["system"] == "las"
    assert las_profile_from_json(members(value)) == profile
    assert any_profile_from_json(members(any_profile_to_json(profile))) == profile


@pytest.mark.parametrize("bits", [7, 17, 0, -8])
def test_weight_bits_out_of_range(bits: int) -> None:
    with pytest.raises(UsageError, match=f"{bits} given, 8 to 16"):
        LasProfile(name="p", weight_bits=bits)


@pytest.mark.parametrize("bits", range(8, 17))
def test_largest_weight(bits: int) -> None:
    assert LasProfile(name="p", weight_bits=bits).largest_weight == 2 ** (bits - 1) - 1


def test_unknown_thresholds_list_the_known() -> None:
    with pytest.raises(UsageError, match="'x' are unknown") as refused:
        LasProfile(name="p", thresholds="x")
    assert all(name in str(refused.value) for name in THRESHOLD_SETS)


def test_adjusting_twice_is_named_once() -> None:
    assert adjust_las_profile(adjust_las_profile(LAS, steps=12), levels=2).name == "las+custom"


def test_adjusting() -> None:
    assert adjust_las_profile(LAS) is LAS
    assert adjust_las_profile(LAS, steps=16, levels=1, weight_bits=16) is LAS
    changed = adjust_las_profile(LAS, weight_bits=8, steps=10, levels=15, ties=Ties.HALF_UP)
    assert changed == replace(
        LAS,
        name="las+custom",
        weight_bits=8,
        form=TrainForm(steps=10, levels=15),
        ties=Ties.HALF_UP,
    )
    for steps, levels in ((9, 1), (17, 1), (16, 0), (16, 16)):
        with pytest.raises(UsageError, match="are possible"):
            adjust_las_profile(LAS, steps=steps, levels=levels)


@pytest.mark.parametrize("member", list(las_profile_to_json(LAS)))
@pytest.mark.parametrize("value", [None, 7.5, "nonsense", True, [], 99])
def test_wrong_members(member: str, value: object) -> None:
    """A missing, mistyped or unknown member is refused in one line."""
    if member == "name" and value == "nonsense":
        return
    stated: dict[str, Any] = {**las_profile_to_json(LAS), member: value}
    if value is None:
        del stated[member]
    with pytest.raises(ModelError, match="here") as refused:
        las_profile_from_json(members(stated))
    assert "\n" not in str(refused.value)


def test_names_that_would_break_a_line() -> None:
    stated: dict[str, Any] = {**las_profile_to_json(LAS), "name": "a\nb"}
    with pytest.raises(ModelError, match="LMOD-2"):
        las_profile_from_json(members(stated))


@pytest.mark.parametrize("name", ["bert", "gpt2", "opt", "llama", "mistral", "qwen2"])
def test_configurations_round_trip(las_model: Callable[[str], LasModel], name: str) -> None:
    config = las_model(name).config
    value = las_config_to_json(config)
    assert las_config_from_json(value, "here") == config
    for member in value:
        if member in ("format", "system", "bos_token_id", "tokenizer_digest"):
            continue
        with pytest.raises(ModelError) as refused:
            las_config_from_json({k: v for k, v in value.items() if k != member}, "here")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", list(LARGEST_SIZES))
def test_sizes(name: str) -> None:
    """MODEL-8's limits, met and missed by one."""

    def excess(size: int) -> str:
        sizes: dict[str, Any] = {**asdict(SHAPE), name: size}
        return str(beyond_limits(LasShape(**sizes)))

    largest = LARGEST_SIZES[name]
    assert f"{name} is {largest + 1}" in excess(largest + 1)
    assert f"{name} is 0" in excess(0)
    assert f"{name} is" not in excess(largest)


def test_widths() -> None:
    assert beyond_limits(SHAPE) is None
    wide = replace(SHAPE, heads=LARGEST_QUERY_WIDTH // 512 + 1, head_dim=512)
    assert f"{LARGEST_QUERY_WIDTH} is possible" in str(beyond_limits(wide))
    assert (SHAPE.query_width, SHAPE.key_width) == (64, 16)
    shapes = {op: SHAPE.operator_shape(op) for op in OPERATORS}
    assert shapes == {
        "q": (64, 64), "k": (64, 16), "v": (64, 16), "o": (64, 64), "gate": (64, 172),
        "up": (64, 172), "down": (172, 64),
    }  # fmt: skip
    assert {f.name for f in fields(SHAPE)} >= set(LARGEST_SIZES)
