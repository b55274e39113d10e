import hashlib
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.errors import CheckpointError, ModelError, UsageError
from spikeref.storage.canonical import canonical_json, parse_json, sha256_hex, tensor_digest

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_keys_are_sorted_and_nothing_is_spaced() -> None:
    value = {"b": [1, True, None], "a": {"z": "é", "y": -3}}
    assert canonical_json(value) == b'{"a":{"y":-3,"z":"\\u00e9"},"b":[1,true,null]}'


def test_a_tuple_is_a_list() -> None:
    assert canonical_json((1, (2,))) == b"[1,[2]]"


@given(PLAIN)
def test_canonical_json_reads_back(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@pytest.mark.parametrize(
    ("value", "place"),
    [(1.0, r"\$"), ({"a": [0, 0.5]}, r"\$\.a\[1\]"), ({1: 2}, "key 1"), (np.int64(1), "int64")],
)
def test_values_with_several_spellings_are_refused(value: Any, place: str) -> None:
    with pytest.raises(UsageError, match=place):
        canonical_json(value)


def test_sha256_of_the_published_test_message() -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_hex(b"abc") == expected


def test_a_tensor_is_hashed_in_little_endian_c_order() -> None:
    values = np.array([[1, 2], [3, 515]], dtype=np.int16)
    expected = hashlib.sha256(bytes([1, 0, 2, 0, 3, 0, 3, 2])).hexdigest()
    assert tensor_digest(values) == expected
    assert tensor_digest(np.asfortranarray(values)) == expected
    assert tensor_digest(values.astype(">i2")) == expected


def test_an_empty_tensor_has_the_digest_of_no_bytes() -> None:
    assert tensor_digest(np.zeros((0, 3), dtype=np.int8)) == sha256_hex(b"")


def test_a_scalar_tensor_is_hashed() -> None:
    assert tensor_digest(np.array(7, dtype=np.uint8)) == sha256_hex(b"\x07")


def test_objects_have_no_canonical_bytes() -> None:
    with pytest.raises(UsageError, match="object"):
        tensor_digest(np.array([None]))


def test_json_floats_are_read_exactly() -> None:
    assert parse_json(b'{"a": 1e-05}', "f", CheckpointError) == {"a": Decimal("0.00001")}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b'{"a": 1, "a": 1}', "'a' appears twice"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": -0}', "-0"),
        (b'{"a": ', "not valid JSON"),
        (b"", "not valid JSON"),
        (b'{"a": 1e99999999999999999999}', "not valid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_json_is_one_clear_line_of_the_callers_class(text: bytes, what: str) -> None:
    with pytest.raises(ModelError, match=what) as caught:
        parse_json(text, "some file", ModelError)
    assert str(caught.value).startswith("some file: ")
    assert "\n" not in str(caught.value)
