"""Membrane potentials to counts (ENC-1 to ENC-3, ENC-6, ENC-7, THM-11)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.arith import scalar
from spikeref.arith.ties import Ties
from spikeref.errors import UsageError
from spikeref.neurons.counts import Encoder, Encoding, encode
from tests.arith.integers import sized
from tests.neurons.encoders import (
    ALL_BITS,
    RATIOS,
    asymmetric_counts,
    encoders,
    name_of,
    symmetric_counts,
)

LARGEST = 1 << 30
ROWS = st.lists(st.lists(sized(LARGEST), min_size=5, max_size=5), min_size=1, max_size=4)


@st.composite
def any_encoder(draw: st.DrawFn, encoding: Encoding) -> Encoder:
    """Encoders over the whole domain of ENC-1."""
    denominator = draw(st.integers(1, 1024))
    ratio = Fraction(draw(st.integers(1, denominator)), denominator)
    return Encoder(
        bits=draw(st.integers(2, 8)),
        encoding=encoding,
        clip_ratio=draw(st.sampled_from((ratio, *RATIOS))),
        ties=draw(st.sampled_from(Ties)),
    )


@given(rows=ROWS, encoder=any_encoder(Encoding.TERNARY))
def test_symmetric_counts_are_the_formula(rows: list[list[int]], encoder: Encoder) -> None:
    found = encode(np.array(rows, dtype=np.int32), encoder)
    assert found.counts.dtype == np.int8
    assert found.zero_point.tolist() == [0] * len(rows)
    for row, counts, amax in zip(rows, found.counts, found.amax, strict=True):
        assert (counts.tolist(), int(amax)) == symmetric_counts(row, encoder)


@given(rows=ROWS, encoder=any_encoder(Encoding.BINARY))
def test_asymmetric_counts_are_the_formula(rows: list[list[int]], encoder: Encoder) -> None:
    found = encode(np.array(rows, dtype=np.int64), encoder)
    assert found.counts.dtype == np.uint8
    for t, row in enumerate(rows):
        expected = asymmetric_counts(row, encoder)
        assert (
            found.counts[t].tolist(), int(found.amax[t]), int(found.zero_point[t])
        ) == expected  # fmt: skip


@pytest.mark.parametrize("encoder", encoders(Encoding.TERNARY), ids=name_of)
def test_symmetric_counts_of_every_small_potential(encoder: Encoder) -> None:
    for amax in (1, 2, 7, 14, 30):
        row = list(range(-amax, amax + 1))
        found = encode(np.array(row, dtype=np.int8), encoder)
        assert (found.counts.tolist(), int(found.amax)) == symmetric_counts(row, encoder)


@pytest.mark.parametrize("encoder", encoders(Encoding.BINARY), ids=name_of)
def test_asymmetric_counts_of_every_small_potential(encoder: Encoder) -> None:
    for low, high in ((-10, 20), (-30, 0), (0, 31), (-7, 8), (3, 9), (-9, -3)):
        row = list(range(low, high + 1))
        found = encode(np.array(row, dtype=np.int16), encoder)
        expected = asymmetric_counts(row, encoder)
        assert (found.counts.tolist(), int(found.amax), int(found.zero_point)) == expected


def test_the_quotient_is_rounded_before_the_zero_point_joins() -> None:
    """round(x) + round(z) and round(x + z) differ: levels 3, range 6, v = 1 (0.5) and z = 1.5."""
    encoder = Encoder(bits=2, encoding=Encoding.BINARY)
    found = encode(np.array([-3, 1, 3], dtype=np.int64), encoder)
    assert int(found.zero_point) == 2
    assert found.counts.tolist() == [0, 2, 3]
    # −3 gives round(−1.5) + 2 = 0; 1 gives round(0.5) + 2 = 2; 3 gives round(1.5) + 2 = 4, clipped.


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("ties", list(Ties))
def test_the_lowest_count_occurs_below_ratio_one_and_never_at_it(bits: int, ties: Ties) -> None:
    v = np.array([[-1000, 1000, 3], [-LARGEST, LARGEST, -1], [-1, 1, 0]], dtype=np.int64)
    lowest = -(1 << (bits - 1))
    whole = encode(v, Encoder(bits=bits, encoding=Encoding.TERNARY, ties=ties))
    assert int(whole.counts.min()) == lowest + 1
    clipped = Encoder(bits=bits, encoding=Encoding.TERNARY, clip_ratio=Fraction(1, 2), ties=ties)
    counts = encode(v, clipped).counts
    assert (counts.min(axis=1) == lowest).all()
    assert (counts.max(axis=1) == -lowest - 1).all()
    assert clipped.largest_count == -lowest
    assert Encoder(bits=bits, encoding=Encoding.TERNARY).largest_count == -lowest - 1


@given(v=st.lists(sized(LARGEST), min_size=1, max_size=20), bits=st.integers(2, 8))
def test_counts_at_ratio_one_keep_within_the_levels(v: list[int], bits: int) -> None:
    for ties in Ties:
        encoder = Encoder(bits=bits, encoding=Encoding.TERNARY, ties=ties)
        counts = encode(np.array(v, dtype=np.int64), encoder).counts.astype(np.int64)
        assert int(np.abs(counts).max()) <= encoder.levels


@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_row_of_zeros(encoding: Encoding) -> None:
    found = encode(np.zeros((2, 4), dtype=np.int32), Encoder(bits=4, encoding=encoding))
    assert not found.counts.any()
    assert found.amax.tolist() == [1, 1]
    assert found.zero_point.tolist() == [0, 0]
    assert found.scale.mantissa.tolist() == [1 << 15] * 2
    assert found.scale.exponent.tolist() == [-15] * 2


@pytest.mark.parametrize("lane", [0, 5])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("encoding", list(Encoding))
def test_one_outlier_in_the_first_or_last_lane(lane: int, sign: int, encoding: Encoding) -> None:
    """It takes the whole range; everything below half a step falls silent."""
    encoder = Encoder(bits=4, encoding=encoding)
    v = np.full(6, 3, dtype=np.int64)
    v[lane] = sign * LARGEST
    found = encode(v, encoder)
    rest = np.delete(found.counts, lane).tolist()
    zero_point = encoder.levels if encoding is Encoding.BINARY and sign < 0 else 0
    assert rest == [zero_point] * 5
    top = 0 if encoding is Encoding.BINARY and sign < 0 else sign * encoder.levels
    assert int(found.counts[lane]) == top


@given(v=st.lists(sized(1 << 20), min_size=1, max_size=12), factor=st.integers(1, 1 << 10))
def test_a_common_factor_changes_no_count(v: list[int], factor: int) -> None:
    """Rotations may stay unnormalised, since counts are ratios."""
    for encoding in Encoding:
        encoder = Encoder(bits=4, encoding=encoding)
        row = np.array(v, dtype=np.int64)
        if not row.any():
            continue
        small, large = encode(row, encoder), encode(row * factor, encoder)
        np.testing.assert_array_equal(small.counts, large.counts)
        assert int(small.zero_point) == int(large.zero_point)


@given(v=st.lists(sized(LARGEST), min_size=1, max_size=8), ties=st.sampled_from(Ties))
def test_the_token_scale_is_the_normalised_range(v: list[int], ties: Ties) -> None:
    for encoding in Encoding:
        found = encode(np.array(v, dtype=np.int64), Encoder(bits=5, encoding=encoding, ties=ties))
        stated = (int(found.scale.mantissa), int(found.scale.exponent))
        assert stated == scalar.normalise(int(found.amax), 16, ties)


def test_rows_are_the_last_axis() -> None:
    v = np.arange(-12, 12, dtype=np.int64).reshape(2, 3, 4)
    encoder = Encoder(bits=4, encoding=Encoding.TERNARY)
    whole = encode(v, encoder)
    for i in range(2):
        for j in range(3):
            np.testing.assert_array_equal(whole.counts[i, j], encode(v[i, j], encoder).counts)


@pytest.mark.parametrize("encoding", list(Encoding))
def test_no_rows_have_no_counts(encoding: Encoding) -> None:
    found = encode(np.zeros((0, 3), dtype=np.int64), Encoder(bits=4, encoding=encoding))
    assert found.counts.shape == (0, 3)
    assert found.amax.shape == (0,)


@pytest.mark.parametrize("bits", [1, 9, 0, -4])
def test_count_bits_out_of_range(bits: int) -> None:
    with pytest.raises(UsageError, match="count bits"):
        Encoder(bits=bits, encoding=Encoding.TERNARY)


@pytest.mark.parametrize("ratio", [Fraction(0), Fraction(-1, 2), Fraction(3, 2), Fraction(1, 1025)])
def test_clip_ratio_out_of_range(ratio: Fraction) -> None:
    with pytest.raises(UsageError, match="clip ratio"):
        Encoder(bits=4, encoding=Encoding.TERNARY, clip_ratio=ratio)


def test_what_is_no_row_of_integers() -> None:
    encoder = Encoder(bits=4, encoding=Encoding.TERNARY)
    with pytest.raises(UsageError, match="integers are needed"):
        encode(np.zeros(3), encoder)
    with pytest.raises(UsageError, match="no neurons"):
        encode(np.zeros((3, 0), dtype=np.int32), encoder)
    with pytest.raises(UsageError, match="no neurons"):
        encode(np.array(3), encoder)
