"""What the shipped model loses under each profile, on its first held-out sequences."""

from collections.abc import Iterator
from fractions import Fraction
from importlib.resources import as_file
from pathlib import Path

import pytest

from spikeref.account.counters import CounterSink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.demo import shipped_model
from spikeref.compiler.compile import compile_checkpoint
from spikeref.evaluate.perplexity import checkpoint_perplexity, model_perplexity
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.folder import load_model
from spikeref.model.profile import find_profile

SEQUENCES = 6


@pytest.fixture(scope="module")
def source() -> Iterator[Path]:
    with as_file(shipped_model()) as folder:
        yield folder


@pytest.fixture(scope="module")
def sequences(source: Path) -> list[list[int]]:
    return read_sequences(source / "heldout.json")[:SEQUENCES]


@pytest.fixture(scope="module")
def baseline(source: Path, sequences: list[list[int]]) -> float:
    with Checkpoint.open(source) as checkpoint:
        return checkpoint_perplexity(checkpoint, sequences).perplexity


def measure(
    source: Path, target: Path, profile: str, sequences: list[list[int]]
) -> tuple[float, Fraction]:
    """Perplexity and mean firing rate."""
    with Checkpoint.open(source) as checkpoint:
        compile_checkpoint(checkpoint, target, find_profile(profile))
    model = load_model(target)
    counters = CounterSink(model)
    found = model_perplexity(model, sequences, counters).perplexity
    return found, Fraction(*counters.firing_rates()["mean"])


def test_the_checkpoint_has_learnt_its_language(baseline: float) -> None:
    """512 ids guessed blindly would give 512."""
    assert 1 < baseline < 4


@pytest.mark.parametrize(
    ("profile", "loss", "lowest_rate", "highest_rate"),
    [
        ("sdllm-w8a8kv8", 0.005, 0.1, 0.35),
        ("sdllm-w6a6kv6", 0.06, 0.1, 0.35),
        ("sdllm-w4a4kv4", 0.10, 0.1, 0.32),
        ("sdllm-binary-w4a4kv4", 0.10, 0.45, 0.55),
    ],
)
def test_perplexity_and_firing_rate(
    tmp_path: Path,
    source: Path,
    sequences: list[list[int]],
    baseline: float,
    profile: str,
    loss: float,
    lowest_rate: float,
    highest_rate: float,
) -> None:
    perplexity, rate = measure(source, tmp_path / "model", profile, sequences)
    assert abs(perplexity / baseline - 1) < loss
    assert lowest_rate < rate < highest_rate
