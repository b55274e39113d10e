import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from spikeref.errors import CheckpointError, ModelError
from spikeref.storage.sharded import INDEX_NAME, SINGLE_NAME, TensorFolder

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
A, B, C = np.arange(3), np.arange(4).reshape(2, 2), np.array([7], dtype=np.int8)


def write_index(folder: Path, weight_map: object) -> None:
    index = {"metadata": {"total_size": 1.5e3}, "weight_map": weight_map}
    (folder / INDEX_NAME).write_text(json.dumps(index))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_file({"a": A, "b": B}, tmp_path / FIRST)
    save_file({"c": C}, tmp_path / SECOND)
    write_index(tmp_path, {"a": FIRST, "b": FIRST, "c": SECOND})
    return tmp_path


def test_tensors_are_found_in_their_shards(folder: Path) -> None:
    with TensorFolder.open(folder) as tensors:
        assert list(tensors.entries) == ["a", "b", "c"]
        assert np.array_equal(tensors.array("b"), B)
        assert np.array_equal(tensors.array("c"), C)
        assert tensors.file_of("c") == folder / SECOND
        assert tensors.entry("b").shape == (2, 2)
        assert tensors.raw("c").tolist() == [7]


def test_shards_are_mapped_when_asked_for_and_unmapped_again(folder: Path) -> None:
    tensors = TensorFolder.open(folder)
    (folder / SECOND).rename(folder / "away")
    assert np.array_equal(tensors.array("a"), A)
    with pytest.raises(CheckpointError, match="cannot be mapped"):
        tensors.array("c")
    (folder / "away").rename(folder / SECOND)
    assert np.array_equal(tensors.array("c"), C)
    tensors.close_shard(folder / SECOND)
    (folder / SECOND).rename(folder / "away")
    with pytest.raises(CheckpointError, match="cannot be mapped"):
        tensors.array("c")


def test_released_folders_read_again(folder: Path) -> None:
    tensors = TensorFolder.open(folder)
    view = tensors.array("a")
    tensors.release()
    assert np.array_equal(view, A)
    assert np.array_equal(tensors.array("a"), A)


def test_a_single_file_needs_no_index(tmp_path: Path) -> None:
    save_file({"a": A}, tmp_path / SINGLE_NAME)
    assert np.array_equal(TensorFolder.open(tmp_path).array("a"), A)


def test_a_single_file_wins_over_an_index(folder: Path) -> None:
    save_file({"only": A}, folder / SINGLE_NAME)
    assert list(TensorFolder.open(folder).entries) == ["only"]


def test_an_unknown_tensor_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="'zz'"):
        TensorFolder.open(folder).array("zz")


def test_a_folder_without_tensors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds neither"):
        TensorFolder.open(tmp_path, ModelError)


def test_an_index_that_names_a_missing_shard_is_refused(folder: Path) -> None:
    (folder / SECOND).unlink()
    with pytest.raises(CheckpointError, match=f"names the shard {SECOND}, which is missing"):
        TensorFolder.open(folder)


def test_an_index_that_names_a_tensor_its_shard_lacks_is_refused(folder: Path) -> None:
    write_index(folder, {"a": FIRST, "b": FIRST, "c": SECOND, "d": SECOND})
    with pytest.raises(CheckpointError, match=f"places tensor 'd' in {SECOND}"):
        TensorFolder.open(folder)


def test_a_tensor_that_the_index_lacks_is_refused(folder: Path) -> None:
    write_index(folder, {"a": FIRST, "c": SECOND})
    with pytest.raises(CheckpointError, match="holds tensor 'b', which"):
        TensorFolder.open(folder)


def test_a_tensor_in_two_shards_is_refused(folder: Path) -> None:
    save_file({"c": C, "a": A}, folder / SECOND)
    with pytest.raises(CheckpointError, match="'a' is in two shards"):
        TensorFolder.open(folder)


@pytest.mark.parametrize(
    "shard", ["../away.safetensors", "/etc/passwd", "a/b", "..", "", 3, "a\\b", "\ud800", "x" * 300]
)
def test_an_index_cannot_point_outside_its_folder(folder: Path, shard: object) -> None:
    write_index(folder, {"a": shard})
    with pytest.raises(CheckpointError, match="no plain file name"):
        TensorFolder.open(folder)


@pytest.mark.parametrize("text", ["[]", "{}", '{"weight_map": {}}', '{"weight_map": ["a"]}'])
def test_an_index_without_a_map_is_refused(folder: Path, text: str) -> None:
    (folder / INDEX_NAME).write_text(text)
    with pytest.raises(CheckpointError, match="has no weight_map"):
        TensorFolder.open(folder)


def test_an_index_that_names_a_tensor_twice_is_refused(folder: Path) -> None:
    text = f'{{"weight_map": {{"a": "{FIRST}", "a": "{SECOND}"}}}}'
    (folder / INDEX_NAME).write_text(text)
    with pytest.raises(CheckpointError, match="appears twice"):
        TensorFolder.open(folder)


def test_a_damaged_shard_is_refused_when_the_folder_is_opened(folder: Path) -> None:
    (folder / SECOND).write_bytes((folder / SECOND).read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=f"{SECOND}: truncated"):
        TensorFolder.open(folder)
