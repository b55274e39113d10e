"""A compiled model approximates the function of its checkpoint, whatever is rotated (COMP-3)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spikeref.checkpoint.reader import Checkpoint
from spikeref.engine.dense import DENSE
from spikeref.evaluate.baseline import baseline_logits
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import Rotation, adjust_profile, find_profile
from spikeref.neurons.counts import Encoding
from spikeref.ops.head import LOGIT_FRACTION_BITS
from spikeref.trace.sinks import discard
from tests.compiler.conftest import CompileInto

TINY = ["tiny-llama", "tiny-llama3", "tiny-mistral", "tiny-qwen2", "tiny-gqa-12"]
TOKENS = np.random.default_rng(0).integers(0, 288, 24)

LEAST_CORRELATION = 0.99
"""The thirty models below reach 0.9936 to 0.9991; a wrong scale or sign falls far below."""
LARGEST_GAIN_ERROR = 0.02
"""They are 0.8 % too small at most: rounding loses a little of every signal."""


def integer_logits(model: IntegerModel) -> np.ndarray:
    logits = forward(model, TOKENS, Cache(model.config.shape), DENSE, discard)
    return np.ldexp(logits.astype(np.float64), -LOGIT_FRACTION_BITS)


@pytest.mark.parametrize("encoding", Encoding, ids=lambda e: e.value)
@pytest.mark.parametrize("rotation", Rotation, ids=lambda r: r.value)
@pytest.mark.parametrize("preset", TINY)
def test_eight_bits_follow_the_baseline(
    preset: str,
    rotation: Rotation,
    encoding: Encoding,
    checkpoint_of: Callable[[str], Path],
    compiled: CompileInto,
) -> None:
    source = checkpoint_of(preset)
    profile = adjust_profile(find_profile("sdllm-w8a8kv8"), rotation=rotation, encoding=encoding)
    found = integer_logits(compiled(source, profile))
    with Checkpoint.open(source) as checkpoint:
        expected = baseline_logits(checkpoint, TOKENS.tolist())
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > LEAST_CORRELATION
    gain = float((found * expected).sum() / (expected**2).sum())
    assert abs(gain - 1) < LARGEST_GAIN_ERROR


def test_more_bits_come_closer(checkpoint_of: Callable[[str], Path], compiled: CompileInto) -> None:
    source = checkpoint_of("tiny-llama")
    with Checkpoint.open(source) as checkpoint:
        expected = baseline_logits(checkpoint, TOKENS.tolist())
    errors = []
    for name in ("sdllm-w4a4kv4", "sdllm-w6a6kv6", "sdllm-w8a8kv8"):
        found = integer_logits(compiled(source, find_profile(name)))
        errors.append(float(((found - expected) ** 2).mean()))
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
