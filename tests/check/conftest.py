"""The small suite of tests/vectors, written once."""

from pathlib import Path

import pytest

from tests.vectors.hand_made_suite import write


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four cases with all three forms of their tensors; tests do not change it."""
    return write(tmp_path_factory.mktemp("check") / "suite", npy=True)
