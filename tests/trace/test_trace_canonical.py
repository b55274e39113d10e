"""Canonical bytes and digests of records, and the digest of a trace (TRACE-2 to TRACE-5)."""

import hashlib
from typing import get_args

import numpy as np
import pytest
from hand_made_trace import given_input

from spikeref.engine.dense import DENSE
from spikeref.errors import RangeError
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.layers import IntegerModel
from spikeref.trace.canonical import (
    Place,
    record_bytes,
    record_digest,
    record_digests,
    token_records,
    trace_digest,
)
from spikeref.trace.manifest import TRACE_LEVELS
from spikeref.trace.records import (
    COUNT_FIELDS,
    OPS,
    InputOp,
    InputRecord,
    QueryRecord,
    Record,
    ResidualRecord,
)
from spikeref.trace.stored import FIELD_TYPES, decode_fields, stored_names

# Worked out on paper from TRACE-3, least significant byte first. Token 5, layer 1, op code 1.
# v = (3, −2) has the range 3; with q = 7: 7·3/3 = 7 and 7·(−2)/3 = −4.67, so the counts are 7, −5.
# Two's complement: −2 in 32 bits is fffffffe, −14 in 32 bits is fffffff2, −5 in 16 bits is fffb.
PAPER_PLACE = "05000000 01000000 01000000"
PAPER_POTENTIAL = "04 01 02000000  03000000 feffffff"
PAPER_EXPONENT = "04 00  f2ffffff"
PAPER_AMAX = "08 00  0300000000000000"
PAPER_ZERO_POINT = "02 00  0000"
PAPER_COUNTS = "02 01 02000000  0700 fbff"

PAPER_RECORD = InputRecord(
    op="qkv_input",
    layer=1,
    first_token=5,
    potential=np.array([[3, -2]], dtype=np.int64),
    exponent=np.array([-14], dtype=np.int64),
    amax=np.array([3], dtype=np.int64),
    zero_point=np.array([0], dtype=np.int64),
    counts=np.array([[7, -5]], dtype=np.int8),
)


def test_bytes_of_a_record_are_those_worked_out_on_paper() -> None:
    (one,) = token_records(PAPER_RECORD)
    expected = bytes.fromhex(
        PAPER_PLACE
        + "05000000"
        + PAPER_POTENTIAL
        + PAPER_EXPONENT
        + PAPER_AMAX
        + PAPER_ZERO_POINT
        + PAPER_COUNTS
    )
    assert record_bytes(one) == expected
    assert record_digest(one) == hashlib.sha256(expected).digest()


def test_bytes_of_level_counts_leave_the_potential_out() -> None:
    (one,) = token_records(PAPER_RECORD)
    expected = bytes.fromhex(
        PAPER_PLACE + "04000000" + PAPER_EXPONENT + PAPER_AMAX + PAPER_ZERO_POINT + PAPER_COUNTS
    )
    assert record_bytes(one, COUNT_FIELDS) == expected
    assert record_bytes(one, ()) == bytes.fromhex(PAPER_PLACE + "00000000")


def test_embedding_stands_at_layer_minus_one() -> None:
    residual = ResidualRecord(
        op="embedding",
        layer=-1,
        first_token=0,
        residual=np.array([[1]], dtype=np.int64),
        saturations=np.array([2], dtype=np.int64),
    )
    (one,) = token_records(residual)
    assert record_bytes(one) == bytes.fromhex(
        "00000000 ffffffff 00000000 0200000008 01 01000000 010000000000000008 00 0200000000000000"
    )


def test_trace_digest_hashes_header_then_digests_in_causal_order() -> None:
    early, late = bytes(32), bytes([255]) * 32
    header = b'{"format":"spikeref-trace-1","model_digest":"ab","tokens":[7,9]}'
    expected = hashlib.sha256(header + early + late).hexdigest()
    digests = {Place(1, -1, 0): late, Place(0, 4, 18): early}
    assert trace_digest("ab", [7, 9], digests) == expected


def test_tokens_of_one_record_equal_records_of_single_tokens() -> None:
    both = token_records(given_input(3, 0, [[1, 2], [-3, 4]]))
    second = token_records(given_input(4, 0, [[-3, 4]]))
    assert record_bytes(list(both)[1]) == record_bytes(next(second))


def test_decoding_inverts_encoding_at_every_level() -> None:
    (one,) = token_records(PAPER_RECORD)
    for level in TRACE_LEVELS:
        names = stored_names("qkv_input", level)
        data = np.frombuffer(record_bytes(one, names), dtype=np.uint8)
        fields = decode_fields(data, one.place, level)
        assert tuple(fields) == names
        for name in names:
            assert fields[name].dtype == one.fields[name].dtype
            assert np.array_equal(fields[name], one.fields[name])


def test_field_types_cover_every_op() -> None:
    assert set(FIELD_TYPES) == set(OPS)
    assert {op for op in OPS if "zero_point" in FIELD_TYPES[op]} == set(get_args(InputOp))


def test_digests_of_many_tokens_are_the_digests_of_each(tiny_model: IntegerModel) -> None:
    records: list[Record] = []
    tokens = np.array([5, 7, 11], dtype=np.int64)
    forward(tiny_model, tokens, Cache(tiny_model.config.shape), DENSE, records.append)
    for record in records:
        one_by_one = [(one.place, record_digest(one)) for one in token_records(record)]
        assert record_digests(record) == one_by_one


def test_a_value_that_leaves_its_type_is_refused() -> None:
    record = QueryRecord(
        layer=0,
        first_token=0,
        mantissa=np.full((1, 1, 2), 1 << 31, dtype=np.int64),
        exponent=np.zeros((1, 1), dtype=np.int64),
    )
    with pytest.raises(RangeError, match=r"query\.mantissa: 2147483648 does not fit 32 bits"):
        record_digests(record)
