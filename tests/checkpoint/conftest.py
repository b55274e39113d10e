import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from tools.synthetic_checkpoint import write_checkpoint

Tensors = dict[str, NDArray[Any]]


def edit_tensors(folder: Path, change: Callable[[Tensors], object]) -> None:
    """Rewrite model.safetensors of `folder` after `change` has altered its tensors."""
    path = folder / "model.safetensors"
    tensors = {name: np.array(array) for name, array in load_file(path).items()}
    change(tensors)
    save_file(tensors, path)


def edit_config(folder: Path, **keys: Any) -> None:
    """Set keys of config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    """A tiny llama in fp32, one file, to be damaged."""
    return write_checkpoint("tiny-llama", tmp_path / "llama", dtype="fp32", layers=1)
