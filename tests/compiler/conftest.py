"""Checkpoints that this room's tests compile."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import compile_checkpoint
from spikeref.model.folder import load_model
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import Profile
from tools.synthetic_checkpoint import write_checkpoint

CompileInto = Callable[[Path, Profile], IntegerModel]


@pytest.fixture(scope="session")
def checkpoint_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the folder of a tiny checkpoint, written once."""
    folder = tmp_path_factory.mktemp("checkpoints")

    def written(preset: str) -> Path:
        target = folder / preset
        return target if target.exists() else write_checkpoint(preset, target, scale=0.3)

    return written


@pytest.fixture
def compiled(tmp_path: Path) -> CompileInto:
    """Return a function that compiles a checkpoint folder and loads the model."""

    def compile_and_load(source: Path, profile: Profile) -> IntegerModel:
        target = tmp_path / f"{source.name}-{profile.name}-{profile.rotation.value}"
        with Checkpoint.open(source) as checkpoint:
            digest = compile_checkpoint(checkpoint, target, profile)
        model = load_model(target)
        assert model.digest == digest
        return model

    return compile_and_load
