"""Products of 8-bit integers in ONNX Runtime are those of the definition (ARITH-9)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import spikeref.arith
from spikeref.arith.byte_products import (
    MODEL_NAME,
    SMALLEST_WORK,
    _session,
    byte_product,
    suits_bytes,
)
from spikeref.arith.dot import dot_exact, dot_in_numpy
from tools.byte_product import model_bytes


def no_release(name: str) -> str:
    raise metadata.PackageNotFoundError(name)


@pytest.fixture(params=[no_release, lambda _: "1.29.0", lambda _: "2.0.1"])
def no_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine without ONNX Runtime, or with a release that reports its use."""
    monkeypatch.setattr(metadata, "version", request.param)
    _session.cache_clear()
    yield
    _session.cache_clear()


def operands(
    tokens: int, terms: int, columns: int, a_max: int, b_max: int, unsigned: bool
) -> tuple[NDArray[Any], NDArray[np.int8]]:
    """Random operands up to their bounds, with a row and a column of nothing but the bounds."""
    rng = np.random.default_rng(terms + a_max)
    low, form = (0, np.uint8) if unsigned else (-a_max, np.int8)
    a = rng.integers(low, a_max, size=(tokens, terms), endpoint=True).astype(form)
    b = rng.integers(-b_max, b_max, size=(terms, columns), endpoint=True).astype(np.int8)
    a[0], b[:, 0], b[:, -1] = a_max, b_max, -b_max
    a[-1] = low
    return a, b


def wide_product(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """The definition, in int64."""
    return np.asarray(np.matmul(a.astype(np.int64), b.astype(np.int64)))


@pytest.mark.parametrize(
    ("a_max", "b_max", "unsigned"),
    [
        (7, 7, False),
        (8, 7, False),
        (31, 31, False),
        (15, 7, True),
        # The largest pairs of products that 16 bits hold: 2·254·64 and 2·129·127 are below 2^15.
        (127, 64, False),
        (129, 127, True),
        (255, 64, True),
        (64, 127, False),
    ],
)
@pytest.mark.parametrize(
    "shape", [(32, 512, 256), (3, 4099, 257), (1, 2048, 1031), (128, 513, 512)]
)
def test_products_up_to_the_bounds(
    a_max: int, b_max: int, unsigned: bool, shape: tuple[int, int, int]
) -> None:
    a, b = operands(*shape, a_max, b_max, unsigned)
    assert suits_bytes(a, b, a_max, b_max)
    found = byte_product(a, b, a_max)
    assert found is not None
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, wide_product(a, b))
    np.testing.assert_array_equal(dot_exact(a, b, a_max=a_max, b_max=b_max), found)


@settings(max_examples=30)
@given(data=st.data())
def test_products_of_any_shape_are_numpys(data: st.DataObject) -> None:
    terms, columns = (data.draw(st.integers(1, 700)) for _ in range(2))
    tokens = -(-SMALLEST_WORK // (terms * columns))
    b_max = data.draw(st.integers(1, 127))
    a_max = data.draw(st.integers(1, 127))
    a, b = operands(tokens, terms, columns, a_max, b_max, unsigned=False)
    by_numpy = dot_in_numpy(a, b, a_max=a_max, b_max=b_max)
    if suits_bytes(a, b, a_max, b_max):
        found = byte_product(a, b, a_max)
        np.testing.assert_array_equal(found, by_numpy)
    np.testing.assert_array_equal(dot_exact(a, b, a_max=a_max, b_max=b_max), by_numpy)


@pytest.mark.parametrize(
    ("a_max", "b_max", "unsigned"),
    [
        # Counts and weights of 8 bits: a pair of products takes 17 bits.
        (127, 127, False),
        (255, 127, True),
        (127, 65, False),
        (130, 127, True),
        # With its offset the left operand leaves a byte.
        (128, 1, False),
    ],
)
def test_what_a_cpu_could_saturate_is_left_to_floats(
    a_max: int, b_max: int, unsigned: bool
) -> None:
    a, b = np.zeros((2, 4), dtype=np.uint8 if unsigned else np.int8), np.zeros((4, 2), np.int8)
    assert not suits_bytes(a, b, a_max, b_max)


def test_sums_of_more_than_31_bits_are_left_to_floats() -> None:
    a = np.zeros((1, 1), dtype=np.uint8)
    tall = np.zeros((1 << 20, 1), dtype=np.int8)
    assert suits_bytes(a, tall, 16, 127)
    assert not suits_bytes(a, tall, 17, 127)


@pytest.mark.parametrize("forms", [(np.int16, np.int8), (np.int8, np.int16), (np.int64, np.int8)])
def test_wider_operands_are_left_to_floats(forms: tuple[Any, Any]) -> None:
    a, b = np.zeros((2, 4), dtype=forms[0]), np.zeros((4, 2), dtype=forms[1])
    assert not suits_bytes(a, b, 7, 7)


def test_a_transposed_operand_is_left_to_floats() -> None:
    """The library would copy it as a whole."""
    a, b = np.zeros((2, 4), dtype=np.int8), np.zeros((2, 4), dtype=np.int8)
    assert not suits_bytes(a, b.T, 7, 7)


def test_weights_in_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    a, b = operands(16, 512, 512, 7, 7, unsigned=False)
    np.save(tmp_path / "b.npy", b)
    mapped = np.load(tmp_path / "b.npy", mmap_mode="r")
    found = dot_exact(a[::-1], mapped, a_max=7, b_max=7)
    np.testing.assert_array_equal(found, wide_product(a[::-1], b))


@pytest.mark.usefixtures("no_library")
def test_without_the_library_numpy_multiplies() -> None:
    a, b = operands(16, 512, 512, 7, 7, unsigned=False)
    assert byte_product(a, b, 7) is None
    np.testing.assert_array_equal(dot_exact(a, b, a_max=7, b_max=7), wide_product(a, b))


def test_a_broken_library_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    _session.cache_clear()
    a, b = operands(16, 512, 512, 7, 7, unsigned=False)
    assert byte_product(a, b, 7) is None
    _session.cache_clear()


def test_small_products_do_not_load_the_library() -> None:
    a, b = operands(2, 64, 64, 7, 7, unsigned=False)
    assert byte_product(a, b, 7) is None


def test_the_shipped_operator_is_what_the_tool_writes() -> None:
    shipped = resources.files(spikeref.arith).joinpath(MODEL_NAME).read_bytes()
    assert shipped == model_bytes()


FORK = """
import os
import numpy as np
from spikeref.arith.dot import dot_exact
a, b = np.full((16, 512), -7, dtype=np.int8), np.full((512, 512), 7, dtype=np.int8)
assert (dot_exact(a, b, a_max=7, b_max=7) == -49 * 512).all()
child = os.fork()
assert (dot_exact(a, b, a_max=7, b_max=7) == -49 * 512).all()
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_multiplies_and_ends() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], check=True, timeout=60)
