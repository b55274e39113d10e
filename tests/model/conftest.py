"""Models that this room's tests damage."""

import pytest

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import compile_checkpoint
from spikeref.model.folder import load_model
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import find_profile
from tools.synthetic_checkpoint import write_checkpoint


@pytest.fixture(scope="session")
def binary_model(tmp_path_factory: pytest.TempPathFactory) -> IntegerModel:
    """One layer with asymmetric counts, so with weight sums, of a checkpoint with biases."""
    folder = tmp_path_factory.mktemp("binary-model")
    source = write_checkpoint("tiny-qwen2", folder / "checkpoint", scale=0.1, layers=1)
    with Checkpoint.open(source) as checkpoint:
        compile_checkpoint(checkpoint, folder / "model", find_profile("sdllm-binary-w4a4kv4"))
    return load_model(folder / "model")
