"""SDLLM with the HG neurons of LAS: engines, cache, profiles and their tables (LAS-17)."""

from pathlib import Path

import numpy as np
import pytest

from spikeref.api import compile_model, run
from spikeref.engine.choice import EngineName
from spikeref.engine.dense import DENSE
from spikeref.engine.events import Shuffled
from spikeref.errors import ModelError, UsageError
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.folder import load_decoder
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import PROFILES, NonLinear, adjust_profile
from spikeref.trace.sinks import DigestSink
from tools.synthetic_checkpoint import write_checkpoint

HG = [name for name, profile in PROFILES.items() if profile.non_linear is NonLinear.HG]
TOKENS = [256, 72, 105, 287, 9]


@pytest.fixture(scope="module", params=HG)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> IntegerModel:
    folder = tmp_path_factory.mktemp("hg")
    source = write_checkpoint("tiny-llama", folder / "checkpoint", scale=0.1)
    compile_model(source, folder / "model", profile=request.param)
    return load_decoder(folder / "model")


def test_the_profiles_with_hg_neurons() -> None:
    assert HG == ["sdllm-hg-w4a4kv4", "sdllm-w4a4kv4-hw"]


@pytest.mark.parametrize("engine", ["sync", "async"])
def test_engines_agree(model: IntegerModel, engine: EngineName) -> None:
    expected = run(model, TOKENS[:3])
    found = run(model, TOKENS[:3], engine=engine)
    assert found.trace_digest == expected.trace_digest
    assert np.array_equal(found.logits, expected.logits)


def test_arrival_changes_nothing(model: IntegerModel) -> None:
    expected = run(model, TOKENS[:2])
    found = run(model, TOKENS[:2], engine="async", arrival=Shuffled(7))
    assert found.trace_digest == expected.trace_digest


@pytest.mark.parametrize("cuts", [(1, 2, 3, 4), (3,)])
def test_the_cache_equals_prefill(model: IntegerModel, cuts: tuple[int, ...]) -> None:
    whole, parts = DigestSink(), DigestSink()
    forward(model, np.array(TOKENS), Cache(model.config.shape), DENSE, whole)
    cache = Cache(model.config.shape)
    for part in np.split(np.array(TOKENS), cuts):
        forward(model, part, cache, DENSE, parts)
    assert parts.digest(model.digest, TOKENS) == whole.digest(model.digest, TOKENS)


def test_other_functions_give_other_logits(model: IntegerModel, tmp_path: Path) -> None:
    """The neurons are what computes: with others, or fewer of their steps, bits change."""
    source = write_checkpoint("tiny-llama", tmp_path / "checkpoint", scale=0.1)
    profile = model.config.profile
    other = adjust_profile(profile, steps=13)
    assert other.name == f"{profile.name}+custom"
    fewer = compile_model(source, tmp_path / "model", profile=other)
    expected, found = run(model, TOKENS).logits, run(fewer, TOKENS).logits
    assert not np.array_equal(found, expected)
    # Twelve bits and more of every function leave little of a difference.
    assert np.abs(found - expected).max() < 0.2 * np.abs(expected).max()


def test_steps_belong_to_hg_neurons() -> None:
    with pytest.raises(UsageError, match="has no HG neurons"):
        adjust_profile(PROFILES["sdllm-w4a4kv4"], steps=12)
    with pytest.raises(UsageError, match="10 to 16"):
        adjust_profile(PROFILES["sdllm-hg-w4a4kv4"], steps=9)


def test_an_unknown_kind_of_functions_is_refused(model: IntegerModel, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for path in model.folder.iterdir():
        content = path.read_bytes()
        if path.name == "config.json":
            content = content.replace(b'"non_linear": "hg"', b'"non_linear": "xx"')
        (damaged / path.name).write_bytes(content)
    with pytest.raises(ModelError, match="non_linear"):
        load_decoder(damaged)
