"""Checkpoints with random weights, written once for each test."""

from pathlib import Path

import pytest

from tests.las_models import CHECKPOINTS
from tools.synthetic_checkpoint import write_checkpoint


def checkpoint_of(folders: pytest.TempPathFactory, name: str) -> Path:
    """Write the checkpoint of tests.las_models of a name into a new folder."""
    return write_checkpoint(
        CHECKPOINTS[name], folders.mktemp(name) / "checkpoint", seed=5, scale=0.2
    )
