"""The divider-free form equals the quotient (ENC-4, THM-10)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.arith.ties import Ties
from spikeref.neurons.counts import Encoder, Encoding, encode
from spikeref.neurons.thresholds import counts_by_threshold
from tests.arith.integers import sized
from tests.neurons.encoders import encoders, name_of

LARGEST_RANGE = 300


def every_potential() -> np.ndarray:
    """Row amax − 1 holds every potential of |v| <= amax, for amax = 1 … 300: int64 [300, 601]."""
    v = np.arange(-LARGEST_RANGE, LARGEST_RANGE + 1, dtype=np.int64)
    amax = np.arange(1, LARGEST_RANGE + 1, dtype=np.int64)[:, None]
    return np.clip(v, -amax, amax)


EVERY = every_potential()


@pytest.mark.parametrize("encoder", encoders(Encoding.TERNARY), ids=name_of)
def test_every_potential_of_every_small_range(encoder: Encoder) -> None:
    by_quotient = encode(EVERY, encoder)
    assert by_quotient.amax.tolist() == list(range(1, LARGEST_RANGE + 1))
    by_threshold = counts_by_threshold(EVERY, by_quotient.amax, encoder)
    np.testing.assert_array_equal(by_threshold, by_quotient.counts)


@given(
    v=st.lists(sized(1 << 30), min_size=1, max_size=20),
    bits=st.integers(2, 8),
    numerator=st.integers(1, 1024),
    denominator=st.integers(1, 1024),
    ties=st.sampled_from(Ties),
)
def test_wide_potentials(
    v: list[int], bits: int, numerator: int, denominator: int, ties: Ties
) -> None:
    ratio = min(Fraction(numerator, denominator), Fraction(1))
    encoder = Encoder(bits=bits, encoding=Encoding.TERNARY, clip_ratio=ratio, ties=ties)
    row = np.array(v, dtype=np.int32)
    by_quotient = encode(row, encoder)
    found = counts_by_threshold(row, by_quotient.amax, encoder)
    np.testing.assert_array_equal(found, by_quotient.counts)


@given(
    k=st.integers(1, 127),
    levels_bits=st.integers(2, 8),
    unit=st.integers(1, 1 << 21),
    off=st.integers(-1, 1),
    ties=st.sampled_from(Ties),
)
def test_at_and_next_to_a_tie(k: int, levels_bits: int, unit: int, off: int, ties: Ties) -> None:
    """amax = 2·q·unit puts the ties at the odd multiples of unit."""
    encoder = Encoder(bits=levels_bits, encoding=Encoding.TERNARY, ties=ties)
    amax = 2 * encoder.levels * unit
    potential = (2 * min(k, encoder.levels) - 1) * unit + off
    row = np.array([potential, -potential, amax], dtype=np.int64)
    by_quotient = encode(row, encoder)
    found = counts_by_threshold(row, by_quotient.amax, encoder)
    np.testing.assert_array_equal(found, by_quotient.counts)
