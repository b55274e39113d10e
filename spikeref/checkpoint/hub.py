"""Where a checkpoint lies: a folder, or a hub name that can be fetched."""

import importlib
import re
from pathlib import Path

from spikeref.errors import CheckpointError

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

_FILES = ["config.json", "tokenizer.json", "*.safetensors", "model.safetensors.index.json"]


def resolve_source(source: str | Path) -> Path:
    """The folder that `source` names.

    A path that exists is taken as it is. `org/name` is fetched where huggingface_hub is installed
    and its server or its cache can be reached. CheckpointError otherwise.
    """
    path = Path(source)
    if path.is_dir():
        return path
    if path.exists():
        raise CheckpointError(f"{source}: is a file; give the folder that holds config.json")
    if isinstance(source, str) and _HUB_NAME.fullmatch(source):
        return _fetched(source)
    raise CheckpointError(f"{source}: no such folder")


def _fetched(name: str) -> Path:
    try:
        hub = importlib.import_module("huggingface_hub")
    except ImportError as fault:
        raise CheckpointError(
            f"{name}: no such folder; to fetch it as a hub name, install huggingface_hub"
        ) from fault
    try:
        return Path(hub.snapshot_download(name, allow_patterns=_FILES))
    except Exception as fault:
        # Every fault of a foreign network library ends here as one line.
        first = next(iter(str(fault).splitlines()), "")[:200]
        raise CheckpointError(
            f"{name}: no such folder, and fetching it as a hub name failed"
            f" ({type(fault).__name__}: {first})"
        ) from fault
