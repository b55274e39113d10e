"""Multiply-accumulates counted by hand."""

from pathlib import Path

import pytest

from spikeref.energy.model_shapes import find_model
from spikeref.energy.presets import PRESETS, PRINTED_SEQUENCE
from spikeref.energy.shapes import RULES, KeyWidth, MatrixShape, macs_by_operator, rule_name
from spikeref.errors import CheckpointError, UsageError
from tools.synthetic_checkpoint import write_checkpoint

TINY = MatrixShape(layers=3, hidden=4, intermediate=10, query_width=6, key_width=2)


def test_every_operator_of_a_tiny_model() -> None:
    """Five tokens, three layers, N·M each; attention adds 2·5·6 for each token and layer."""
    assert macs_by_operator(TINY, RULES["attention-grouped"], 5) == {
        "q": 15 * 24, "k": 15 * 8, "v": 15 * 8, "o": 15 * 24,
        "gate": 15 * 40, "up": 15 * 40, "down": 15 * 40, "attention": 15 * 60,
    }  # fmt: skip


def test_full_keys_are_as_wide_as_queries() -> None:
    macs = macs_by_operator(TINY, RULES["linear-full"], 5)
    assert macs["k"] == macs["v"] == macs["q"]
    assert "attention" not in macs


def test_no_gate_where_the_model_has_none() -> None:
    plain = MatrixShape(
        layers=1, hidden=4, intermediate=10, query_width=6, key_width=6, gated=False
    )
    macs = macs_by_operator(plain, RULES["linear-grouped"], 1)
    assert list(macs) == ["q", "k", "v", "o", "up", "down"]


def test_attention_grows_with_the_square_of_the_sequence() -> None:
    rule = RULES["attention-grouped"]
    one, two = (macs_by_operator(TINY, rule, length) for length in (7, 14))
    assert two["attention"] == 4 * one["attention"]
    assert two["q"] == 2 * one["q"]


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        # 1024·32·(4·4096² + 3·4096·11008) + 2·1024²·4096·32
        ("llama2-7b", 6_906_307_411_968),
        # 1024·40·(4·5120² + 3·5120·13824) + 2·1024²·5120·40
        ("llama2-13b", 13_421_772_800_000),
        # 1024·32·(4·4096² + 3·4096·14336)
        ("llama3-8b", 7_971_459_301_376),
        # 1024·48·(2·5120² + 2·5120·1024 + 3·5120·13824)
        ("qwen2.5-14b", 13_529_146_982_400),
    ],
)
def test_the_presets_of_sdllm(name: str, macs: int) -> None:
    preset = PRESETS[name]
    found = macs_by_operator(preset.shape, preset.rule, PRINTED_SEQUENCE)
    assert sum(found.values()) == macs


def test_the_two_ways_to_the_number_of_llama_3() -> None:
    """4096 − 1024 = 3·1024: full keys cost as much as three attentions at L = 1024."""
    shape = PRESETS["llama3-8b"].shape
    full = sum(macs_by_operator(shape, RULES["linear-full"], 1024).values())
    grouped = macs_by_operator(shape, RULES["attention-grouped"], 1024)
    assert full == sum(grouped.values()) + 2 * grouped["attention"]


def test_every_rule_has_one_name() -> None:
    assert [rule_name(rule) for rule in RULES.values()] == list(RULES)
    assert {rule.keys for rule in RULES.values()} == set(KeyWidth)


def test_a_checkpoint_of_a_decoder(tmp_path: Path) -> None:
    write_checkpoint("tiny-llama", tmp_path / "checkpoint")
    found = find_model(str(tmp_path / "checkpoint"))
    assert found.shape == MatrixShape(
        layers=2, hidden=64, intermediate=172, query_width=64, key_width=64
    )
    assert rule_name(found.rule) == "attention-grouped"


def test_no_such_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"llama9.*llama2-7b"):
        find_model("llama9")
    with pytest.raises(CheckpointError, match=r"config\.json"):
        find_model(str(tmp_path))
