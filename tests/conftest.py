"""Fixtures that every room's tests may use."""

from collections.abc import Callable

import pytest
from hypothesis import settings

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import compile_checkpoint
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import DEFAULT_PROFILE, find_profile
from tests.las_models import compiled_las
from tools.synthetic_checkpoint import write_checkpoint

# No test measures time: a loaded machine must not fail one.
settings.register_profile("spikeref", deadline=None)
settings.load_profile("spikeref")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> IntegerModel:
    """Two layers of width 64 under the default profile, 288 token ids, 256 positions."""
    folder = tmp_path_factory.mktemp("tiny-model")
    source = write_checkpoint("tiny-llama", folder / "checkpoint", scale=0.1)
    with Checkpoint.open(source) as checkpoint:
        compile_checkpoint(checkpoint, folder / "model", find_profile(DEFAULT_PROFILE))
    return load_model(folder / "model")


@pytest.fixture(scope="session")
def las_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], LasModel]:
    """Return a function that gives the LAS model of tests.las_models of a name, compiled once."""
    made: dict[str, LasModel] = {}

    def model(name: str) -> LasModel:
        if name not in made:
            made[name] = compiled_las(tmp_path_factory.mktemp(f"las-{name}"), name)
        return made[name]

    return model
