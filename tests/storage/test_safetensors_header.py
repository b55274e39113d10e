import json
from pathlib import Path
from typing import Any

import pytest

from spikeref.errors import CheckpointError, ModelError, SpikerefError
from spikeref.storage.safetensors_header import MAX_HEADER_BYTES, read_header

from .conftest import WriteFile, file_bytes, tensor


def refused(path: Path, what: str, error: type[SpikerefError] = CheckpointError) -> None:
    with pytest.raises(error, match=what) as caught:
        read_header(path, error)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_good_header_is_read(write_file: WriteFile) -> None:
    header = {
        "__metadata__": {"format": "pt"},
        "b": tensor("BF16", [2, 3], 4, 16),
        "a": tensor("F32", [], 0, 4),
        "empty": tensor("I8", [0, 7], 16, 16),
    }
    path = write_file(header, bytes(16))
    read = read_header(path, CheckpointError)
    assert list(read.entries) == ["a", "b", "empty"]
    assert read.metadata == {"format": "pt"}
    base = 8 + len(json.dumps(header))
    assert (read.entries["b"].begin, read.entries["b"].end) == (base + 4, base + 16)
    assert read.entries["b"].shape == (2, 3)


def test_trailing_spaces_pad_a_header(write_file: WriteFile) -> None:
    path = write_file(json.dumps({"a": tensor("I8", [1], 0, 1)}).encode() + b"   ", b"x")
    assert list(read_header(path, CheckpointError).entries) == ["a"]


@pytest.mark.parametrize("size", range(8))
def test_a_file_shorter_than_its_length_is_truncated(tmp_path: Path, size: int) -> None:
    path = tmp_path / "short.safetensors"
    path.write_bytes(bytes(size))
    refused(path, "truncated")


def test_a_file_shorter_than_its_header_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(file_bytes({"a": tensor("I8", [1], 0, 1)}, b"x")[:30])
    refused(path, "truncated, its header needs")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    whole = file_bytes({"a": tensor("I16", [2], 0, 4), "b": tensor("I8", [3], 4, 7)}, bytes(7))
    path = tmp_path / "cut.safetensors"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        refused(path, "truncated")


@pytest.mark.parametrize("length", [MAX_HEADER_BYTES + 1, 2**63, 2**64 - 1])
def test_an_enormous_header_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "enormous.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + b"{}")
    refused(path, "enormous header")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "absent.safetensors", "cannot be read")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "cannot be read")


A = tensor("I8", [2], 0, 2)


@pytest.mark.parametrize(
    ("header", "data", "what"),
    [
        (b"[]", b"", "does not start with"),
        (b' {"a":1}', b"", "does not start with"),
        (b'{"a":', b"", "not valid JSON"),
        (b'{"\xff":1}', b"", "not UTF-8"),
        (b'{"a":{},"a":{}}', b"", "'a' appears twice"),
        (b'{"\\ud800":{}}', b"", "name is not text"),
        ({"__metadata__": {"a": 1}}, b"", "__metadata__"),
        ({"__metadata__": None}, b"", "__metadata__"),
        ({"__metadata__": {"a": "\ud800"}}, b"", "__metadata__"),
        ({"a": 3}, b"", "'a': must have exactly"),
        ({"a": {**A, "more": 1}}, b"ab", "must have exactly"),
        ({"a": {"dtype": "I8", "shape": [2]}}, b"ab", "must have exactly"),
        ({"a": {**A, "dtype": "I7"}}, b"ab", "unknown dtype 'I7'"),
        ({"a": {**A, "dtype": ["I8"]}}, b"ab", "unknown dtype"),
        ({"a": {**A, "shape": [-2]}}, b"ab", "not a list of sizes"),
        ({"a": {**A, "shape": [2.0]}}, b"ab", "not a list of sizes"),
        ({"a": {**A, "shape": [True]}}, b"ab", "not a list of sizes"),
        ({"a": {**A, "shape": ["2"]}}, b"ab", "not a list of sizes"),
        ({"a": {**A, "shape": 2}}, b"ab", "not a list of sizes"),
        ({"a": {**A, "shape": [2**32, 2**32]}}, b"ab", "more elements"),
        ({"a": {**A, "shape": [2**62, 2**62, 0]}}, b"ab", "more elements"),
        ({"a": {**A, "shape": [3]}}, b"ab", "needs 3 bytes, data_offsets hold 2"),
        ({"a": {**A, "dtype": "I16"}}, b"ab", "needs 4 bytes, data_offsets hold 2"),
        ({"a": {**A, "data_offsets": [2, 0]}}, b"ab", "data_offsets 2 > 0"),
        ({"a": {**A, "data_offsets": [-2, 0]}}, b"ab", "not a pair of offsets"),
        ({"a": {**A, "data_offsets": [0]}}, b"ab", "not a pair of offsets"),
        ({"a": {**A, "data_offsets": {}}}, b"ab", "not a pair of offsets"),
        ({"a": A, "b": tensor("I8", [2], 1, 3)}, b"abc", "'b' overlaps"),
        ({"a": A, "b": A}, b"ab", "overlaps"),
        ({"a": tensor("I8", [2], 1, 3)}, b"abc", "gap of 1 bytes before 'a'"),
        ({"a": A, "b": tensor("I8", [1], 3, 4)}, b"abcd", "gap of 1 bytes before 'b'"),
        ({"a": A}, b"abc", "1 bytes after the last tensor"),
        ({}, b"abc", "3 bytes after the last tensor"),
        ({"a": tensor("I8", [2**40], 0, 2**40)}, b"ab", "truncated, tensor 'a'"),
    ],
)
def test_a_bad_header_is_refused(
    write_file: WriteFile, header: bytes | dict[str, Any], data: bytes, what: str
) -> None:
    refused(write_file(header, data), what)


def test_the_callers_error_class_is_raised(write_file: WriteFile) -> None:
    refused(write_file({"a": {**A, "dtype": "I7"}}, b"ab"), "unknown dtype", ModelError)
