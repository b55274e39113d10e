"""Whatever the bytes, the reader refuses them in its own words or agrees with the library."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.numpy import save

from spikeref.errors import CheckpointError
from spikeref.storage.safetensors_file import MappedSafetensors

from .conftest import file_bytes

GOOD = save(
    {
        "alpha": np.arange(6, dtype=np.float32).reshape(2, 3),
        "beta": np.arange(5, dtype=np.int8),
        "empty": np.zeros((0, 2), dtype=np.float16),
    },
    metadata={"format": "pt"},
)


def refuses_or_agrees(data: bytes) -> bool:
    """Whether the reader accepted; asserts that it then saw what the library sees."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed.safetensors"
        path.write_bytes(data)
        try:
            mapped = MappedSafetensors.open(path)
        except CheckpointError:
            return False
        with mapped:
            library = dict(safetensors.deserialize(data))
            assert set(mapped.entries) == set(library)
            for name, seen in library.items():
                entry = mapped.entry(name)
                assert entry.dtype == seen["dtype"]
                assert list(entry.shape) == seen["shape"]
                assert mapped.raw(name).tobytes() == bytes(seen["data"])
                assert mapped.array(name).shape == entry.shape
        return True


def test_an_untouched_file_is_accepted() -> None:
    assert refuses_or_agrees(GOOD)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(GOOD)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["replace", "insert", "delete", "cut", "append"])):
            case "replace":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=3))
            case "delete":
                del data[at : at + 1]
            case "cut":
                del data[at:]
            case "append":
                data += draw(st.binary(min_size=1, max_size=3))
    return bytes(data)


@given(mutated())
def test_mutated_bytes_are_refused_or_read_alike(data: bytes) -> None:
    refuses_or_agrees(data)


SIZES = st.integers(0, 4)
ODD = st.sampled_from([None, True, "2", -1, 1.0, 2**63, 2**64, [], {}])
TENSOR: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["I8", "U8", "BF16", "F32", "F8_E4M3", "F4", "X"]),
        "shape": st.lists(SIZES | ODD, max_size=2) | st.lists(SIZES, max_size=2),
        "data_offsets": st.lists(SIZES, min_size=2, max_size=2) | st.lists(ODD, max_size=3),
    }
)
HEADERS = st.dictionaries(st.sampled_from(["a", "b", "c", "__metadata__"]), TENSOR | ODD)


@given(HEADERS, st.binary(max_size=8))
@example({"a": {"dtype": "I8", "shape": [2], "data_offsets": [0, 2]}}, b"ab")
@example({"a": {"dtype": "I8", "shape": [2], "data_offsets": [0, 2]}}, b"abc")
def test_any_header_is_refused_or_read_alike(header: dict[str, Any], data: bytes) -> None:
    refuses_or_agrees(file_bytes(header, data))


@given(st.binary(max_size=64))
def test_any_json_like_bytes_are_refused_or_read_alike(text: bytes) -> None:
    refuses_or_agrees(file_bytes(b"{" + text))


@st.composite
def tiled(draw: st.DrawFn) -> bytes:
    """Headers that tile their data, one tensor sometimes moved or stretched by a byte."""
    header: dict[str, Any] = {}
    reached = 0
    for name in draw(st.lists(st.text(max_size=3), unique=True, max_size=4)):
        dtype, width = draw(st.sampled_from([("I8", 1), ("F16", 2), ("U32", 4), ("I64", 8)]))
        shape = draw(st.lists(SIZES, max_size=3))
        begin, end = reached, reached + width * int(np.prod(shape, dtype=np.int64))
        moved = draw(st.sampled_from([(0, 0), (0, 0), (0, 0), (1, 1), (0, 1), (-1, -1)]))
        offsets = [begin + moved[0], end + moved[1]]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        reached = end
    return file_bytes(header, bytes(reached))


@given(tiled())
def test_tiled_tensors_are_refused_or_read_alike(data: bytes) -> None:
    refuses_or_agrees(data)
