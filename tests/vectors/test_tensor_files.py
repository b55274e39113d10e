"""Tensors in files: three forms of one content, malformed ones refused (PACK-6, CONF-3)."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from spikeref.errors import VectorError
from spikeref.vectors.case import TENSOR_TYPES, TensorType, dtype_of, type_of
from spikeref.vectors.tensors import FORMS, Form, read_tensor, tensor_bytes


@st.composite
def tensors(draw: st.DrawFn) -> NDArray[Any]:
    kind = draw(st.sampled_from(TENSOR_TYPES))
    shape = draw(arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    return draw(arrays.arrays(dtype_of(kind), shape))


@given(array=tensors(), form=st.sampled_from(FORMS))
def test_every_form_gives_back_the_tensor(
    array: NDArray[Any], form: Form, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("t") / f"x.{form}"
    kind = type_of(array)
    path.write_bytes(tensor_bytes(array, kind, form))
    got = read_tensor(path, form, kind, array.shape, path.parent)
    assert (got.dtype, got.shape) == (dtype_of(kind), array.shape)
    assert got.tolist() == array.tolist()
    assert not got.flags.writeable


@given(array=tensors())
def test_npy_is_what_numpy_reads_and_writes(array: NDArray[Any]) -> None:
    data = tensor_bytes(array, type_of(array), "npy")
    back = np.load(io.BytesIO(data))
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    stored = io.BytesIO()
    np.save(stored, np.ascontiguousarray(array).reshape(array.shape))
    assert stored.getvalue() == data


@pytest.mark.parametrize(
    ("values", "kind", "lines"),
    [
        ([0, 1, -1, -128, 127], "i8", b"00\n01\nff\n80\n7f\n"),
        ([-2, 258], "i16", b"fffe\n0102\n"),
        ([-(1 << 31), 10], "i32", b"80000000\n0000000a\n"),
        ([(1 << 64) - 1, 11], "u64", b"ffffffffffffffff\n000000000000000b\n"),
        ([], "u16", b""),
    ],
)
def test_images_by_hand(values: list[int], kind: TensorType, lines: bytes) -> None:
    assert tensor_bytes(np.array(values, dtype=dtype_of(kind)), kind, "mem") == lines


def test_bytes_are_little_endian_and_row_major() -> None:
    array = np.array([[1, 2], [3, 260]], dtype=np.int16).T
    assert tensor_bytes(array, "i16", "bin") == bytes([1, 0, 3, 0, 2, 0, 4, 1])
    assert tensor_bytes(array, "i16", "mem") == b"0001\n0003\n0002\n0104\n"


def test_floats_are_no_tensors() -> None:
    with pytest.raises(VectorError, match="float64"):
        type_of(np.zeros(3))


def test_a_large_file_is_read_right(tmp_path: Path) -> None:
    array = np.arange(1 << 19, dtype=np.int32)
    (tmp_path / "x.bin").write_bytes(array.tobytes())
    got = read_tensor(tmp_path / "x.bin", "bin", "i32", array.shape, tmp_path)
    np.testing.assert_array_equal(got, array)


def npy(array: NDArray[Any]) -> bytes:
    stored = io.BytesIO()
    np.save(stored, array)
    return stored.getvalue()


GOOD = np.array([[1, -2, 3]], dtype=np.int16)


def header(fields: str, length: int | None = None, version: int = 2) -> bytes:
    size = len(fields) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + size.to_bytes(4, "little") + fields.encode()


@pytest.mark.parametrize(
    ("form", "data", "words"),
    [
        ("bin", GOOD.tobytes()[:-1], "5 bytes"),
        ("bin", GOOD.tobytes() + b"\0", "7 bytes"),
        ("bin", b"", "0 bytes"),
        ("mem", b"0001\nfffe\n0003", "line feed"),
        ("mem", b"0001\nfffe\n", "2 lines; the tensor has 3"),
        ("mem", b"0001\nfffe\n0003\n0004\n", "more than the 3"),
        ("mem", b"0001\nFFFE\n0003\n", "line 2"),
        ("mem", b"0001\nxxxx\n0003\n", "line 2 is 'xxxx'"),
        ("mem", b"// 0x0\n0001\nfffe\n0003\n", "line 1"),
        ("mem", b"0001\r\nfffe\r\n0003\r\n", "line 1"),
        ("mem", b"1\nfffe\n0003\n", "line 1"),
        ("mem", b"00 1\nfffe\n0003\n", "line 1"),
        ("mem", b"\xff\xff\xff\xff\nfffe\n0003\n", "line 1"),
        ("npy", npy(GOOD)[:-1], "5 bytes"),
        ("npy", npy(GOOD) + b"\0", "7 bytes"),
        ("npy", npy(GOOD.astype(np.float64)), "'<f8'"),
        ("npy", npy(np.array([[1, np.nan, 3]])), "'<f8'"),
        ("npy", npy(GOOD.astype(np.int32)), "'<i4'"),
        ("npy", npy(GOOD.astype(">i2")), "'>i2'"),
        ("npy", npy(GOOD.astype(np.uint16)), "'<u2'"),
        ("npy", npy(GOOD.reshape(3, 1)), "shape"),
        ("npy", npy(GOOD.reshape(3)), "shape"),
        ("npy", npy(GOOD.astype(object)), "'|O'"),
        ("npy", b"", "not a .npy"),
        ("npy", b"\x93NUMPY", "not a .npy"),
        ("npy", b"\x93NUMPY\x09\x00", "not a .npy"),
        ("npy", header("{}", length=(1 << 32) - 1), "4294967295 bytes"),
        ("npy", header("{}"), "does not state"),
        ("npy", header("(" * 5000), "no dictionary"),
        ("npy", header("[" * 60000), "no dictionary"),
        ("npy", header("__import__('os').getpid()"), "no dictionary"),
        ("npy", header("{'descr': '<i2', 'fortran_order': 0, 'shape': (1, 3)}"), "does not state"),
        (
            "npy",
            header("{'descr': '<i2', 'fortran_order': False, 'shape': (10**12,)}"),
            "no dictionary",
        ),
        (
            "npy",
            header("{'descr': '<i2', 'fortran_order': False, 'shape': (1000000000000,)}"),
            "shape",
        ),
        (
            "npy",
            header("{'descr': '<i2', 'fortran_order': False, 'shape': (True, 3)}"),
            "does not state",
        ),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, form: Form, data: bytes, words: str) -> None:
    path = tmp_path / f"y.{form}"
    path.write_bytes(data)
    with pytest.raises(VectorError) as caught:
        read_tensor(path, form, "i16", (1, 3), tmp_path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fortran_order_is_read_in_order_of_rows(tmp_path: Path) -> None:
    array = np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3))
    (tmp_path / "y.npy").write_bytes(npy(array))
    got = read_tensor(tmp_path / "y.npy", "npy", "i16", (2, 3), tmp_path)
    assert bytes(got.data) == np.arange(6, dtype=np.int16).tobytes()


@given(data=st.binary(max_size=200), form=st.sampled_from(FORMS))
def test_noise_never_crashes_the_reader(
    data: bytes, form: Form, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("noise") / f"y.{form}"
    path.write_bytes(data if form != "npy" else npy(GOOD)[: len(data)] + data)
    try:
        got = read_tensor(path, form, "i16", (1, 3), path.parent)
    except VectorError:
        return
    assert got.shape == (1, 3)


def test_links_folders_and_pipes_are_no_files(tmp_path: Path) -> None:
    out, inside = tmp_path / "out", tmp_path / "out" / "inside.bin"
    out.mkdir()
    (tmp_path / "secret.bin").write_bytes(GOOD.tobytes())
    inside.write_bytes(GOOD.tobytes())
    (out / "good.bin").symlink_to(inside)
    (out / "leak.bin").symlink_to(tmp_path / "secret.bin")
    (out / "loop.bin").symlink_to(out / "loop.bin")
    (out / "gone.bin").symlink_to(out / "nowhere")
    (out / "folder.bin").mkdir()
    os.mkfifo(out / "pipe.bin")
    got = read_tensor(out / "good.bin", "bin", "i16", (1, 3), out)
    np.testing.assert_array_equal(got, GOOD)
    for name, words in [
        ("leak", "leads out"),
        ("loop", "cannot be read"),
        ("gone", "cannot be read"),
        ("folder", "is not a file"),
        ("pipe", "is not a file"),
        ("absent", "cannot be read"),
    ]:
        with pytest.raises(VectorError, match=words):
            read_tensor(out / f"{name}.bin", "bin", "i16", (1, 3), out)
