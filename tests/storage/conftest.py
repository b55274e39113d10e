import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WriteFile = Callable[..., Path]


def file_bytes(header: bytes | dict[str, Any], data: bytes = b"") -> bytes:
    """A safetensors file of any header whatever, well formed or not."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def tensor(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    def write(
        header: bytes | dict[str, Any], data: bytes = b"", name: str = "model.safetensors"
    ) -> Path:
        path = tmp_path / name
        path.write_bytes(file_bytes(header, data))
        return path

    return write
