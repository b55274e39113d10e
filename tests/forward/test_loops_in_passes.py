"""Passes with loops have the traces of the definition, under every kind of profile (ENG-7)."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from spikeref.api import compile_model, run
from spikeref.arith.ties import Ties
from spikeref.model.any_profile import AnyProfile, find_any_profile
from spikeref.model.profile import find_profile
from tests.las_models import CHECKPOINTS
from tests.loops import by_numpy, interpreted_loops
from tools.synthetic_checkpoint import PRESETS, write_checkpoint

TOKENS = [256, 72, 105, 287, 9, 9]

DEFAULT = find_profile("sdllm-w4a4kv4")

CASES: tuple[tuple[str, AnyProfile], ...] = (
    ("tiny-qwen2", DEFAULT),
    ("tiny-mistral", replace(find_profile("sdllm-binary-w4a4kv4"), ties=Ties.HALF_UP)),
    ("tiny-llama", find_profile("quarot-w4a4kv4")),
    ("tiny-llama", replace(find_profile("rtn-w4a4kv4"), ties=Ties.HALF_UP)),
    ("tiny-llama", replace(DEFAULT, clip_ratio=Fraction(7, 8))),
    ("tiny-llama", find_profile("sdllm-w8a8kv8")),
    ("tiny-llama", find_profile("sdllm-hg-w4a4kv4")),
    ("gpt2", find_any_profile("las")),
    ("opt", find_any_profile("las-fitted")),
    ("mistral", find_any_profile("las-published")),
)


@pytest.mark.parametrize(
    ("name", "profile"), CASES, ids=[f"{name}-{profile.name}" for name, profile in CASES]
)
def test_loops_change_no_trace(name: str, profile: AnyProfile, tmp_path: Path) -> None:
    source = {**PRESETS, **CHECKPOINTS}[name]
    checkpoint = write_checkpoint(source, tmp_path / "checkpoint", scale=0.1)
    model = compile_model(checkpoint, tmp_path / "model", profile=profile)
    with interpreted_loops():
        found = run(model, TOKENS, max_new_tokens=2)
    expected = by_numpy(lambda: run(model, TOKENS, max_new_tokens=2))
    assert found.trace_digest == expected.trace_digest
    assert found.tokens == expected.tokens
