from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from spikeref.errors import CheckpointError, ModelError
from spikeref.storage.safetensors_file import MappedSafetensors

from .conftest import WriteFile, tensor


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tensors = {
        "matrix": np.arange(12, dtype=np.float32).reshape(3, 4),
        "halves": np.array([1.5, -2], dtype=np.float16),
        "bytes": np.array([1, 2, 3], dtype=np.int8),
        "none": np.zeros((0, 4), dtype=np.int64),
        "scalar": np.array(9, dtype=np.int32),
    }
    save_file(tensors, tmp_path / "some.safetensors")
    return tmp_path / "some.safetensors"


def test_tensors_come_back_as_the_library_wrote_them(path: Path) -> None:
    with MappedSafetensors.open(path) as mapped:
        assert mapped.array("matrix").tolist() == np.arange(12).reshape(3, 4).tolist()
        assert mapped.array("halves").dtype == np.float16
        assert mapped.array("halves").tolist() == [1.5, -2]
        assert mapped.array("none").shape == (0, 4)
        assert mapped.array("scalar").shape == ()
        assert int(mapped.array("scalar")) == 9
        assert mapped.raw("bytes").tolist() == [1, 2, 3]


def test_views_cannot_be_written(path: Path) -> None:
    with MappedSafetensors.open(path) as mapped:
        assert not mapped.array("matrix").flags.writeable
        assert not mapped.raw("matrix").flags.writeable


def test_bfloat16_is_seen_as_its_bits(write_file: WriteFile) -> None:
    path = write_file({"x": tensor("BF16", [2], 0, 4)}, bytes([0x80, 0x3F, 0, 0xC0]))
    with MappedSafetensors.open(path) as mapped:
        assert mapped.array("x").tolist() == [0x3F80, 0xC000]


def test_elements_may_lie_at_odd_addresses(write_file: WriteFile) -> None:
    header = {"a": tensor("I8", [1], 0, 1), "b": tensor("I32", [2], 1, 9)}
    path = write_file(header, b"\x07" + np.array([5, -6], dtype="<i4").tobytes())
    with MappedSafetensors.open(path) as mapped:
        assert mapped.array("b").tolist() == [5, -6]


def test_an_unknown_tensor_is_refused_by_name(path: Path) -> None:
    with MappedSafetensors.open(path) as mapped, pytest.raises(CheckpointError, match="'other'"):
        mapped.array("other")


def test_the_callers_error_class_is_raised(path: Path) -> None:
    with (
        MappedSafetensors.open(path, ModelError) as mapped,
        pytest.raises(ModelError, match="other"),
    ):
        mapped.raw("other")


def test_views_outlive_the_file(path: Path) -> None:
    with MappedSafetensors.open(path) as mapped:
        view = mapped.array("matrix")
    assert view[2, 3] == 11
    with pytest.raises(CheckpointError, match="closed"):
        mapped.array("matrix")


def test_released_pages_read_alike(path: Path) -> None:
    with MappedSafetensors.open(path) as mapped:
        view = mapped.array("matrix")
        before = view.copy()
        mapped.release_pages()
        assert np.array_equal(view, before)


def test_a_file_that_shrinks_between_header_and_map_is_refused(path: Path) -> None:
    header = MappedSafetensors.open(path).header
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="changed while it was read"):
        MappedSafetensors(header, CheckpointError)
