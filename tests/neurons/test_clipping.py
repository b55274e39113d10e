"""Membrane-potential clipping (ENC-8, equations 23 to 27)."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spikeref.arith import scalar
from spikeref.arith.ties import Ties
from spikeref.errors import RangeError
from spikeref.neurons.clipping import ClipMode, MembraneClip, clip_potentials, thresholds_at
from spikeref.neurons.counts import Encoder, Encoding, encode
from tests.arith.integers import sized

LARGEST = (1 << 30) - 1
THRESHOLD = sized((1 << 47) - 1)


def clipped(v: int, exponent: int, threshold: int, mode: ClipMode, ties: Ties) -> int:
    """The clause on plain integers."""
    t = scalar.saturate(scalar.round_shift(threshold, exponent + 16, ties), 31)
    match mode:
        case ClipMode.SHIFT:
            return max(v - t, 0)
        case ClipMode.GATE:
            return v if v > t else 0


@pytest.mark.parametrize("mode", list(ClipMode))
@given(
    v=st.lists(sized(LARGEST), min_size=3, max_size=3),
    exponents=st.lists(st.integers(-80, 60), min_size=1, max_size=4),
    threshold=THRESHOLD,
    ties=st.sampled_from(Ties),
)
@example(v=[LARGEST, -LARGEST, 0], exponents=[-80, 60], threshold=-1, ties=Ties.HALF_EVEN)
@example(v=[LARGEST, -LARGEST, 0], exponents=[-80, 60], threshold=1, ties=Ties.HALF_UP)
def test_clipping_is_the_clause(
    mode: ClipMode, v: list[int], exponents: list[int], threshold: int, ties: Ties
) -> None:
    clip = MembraneClip(threshold=threshold, mode=mode)
    rows = np.array([v] * len(exponents), dtype=np.int32)
    found = clip_potentials(rows, np.array(exponents, dtype=np.int64), clip, ties)
    assert found.dtype == np.int32
    for row, exponent in zip(found.tolist(), exponents, strict=True):
        assert row == [clipped(x, exponent, threshold, mode, ties) for x in v]


@given(threshold=THRESHOLD, exponents=st.lists(st.integers(-200, 200), min_size=1, max_size=9))
def test_a_left_shift_of_48_is_enough(threshold: int, exponents: list[int]) -> None:
    """The note of the clause: farther left every threshold but 0 saturates already."""
    clip = MembraneClip(threshold=threshold, mode=ClipMode.SHIFT)
    found = thresholds_at(clip, np.array(exponents, dtype=np.int64), Ties.HALF_EVEN)
    limited = [
        scalar.saturate(scalar.round_shift(threshold, max(e + 16, -48), Ties.HALF_EVEN), 31)
        for e in exponents
    ]
    assert found.tolist() == limited


def test_hand_worked() -> None:
    """τ = 1.5 at exponent −1 is 3 potentials; at exponent 1 it is 0.75, which rounds to 1."""
    v = np.array([[2, 3, 4, -7], [2, 1, 4, -7]], dtype=np.int32)
    exponent = np.array([-1, 1], dtype=np.int64)
    shift = MembraneClip(threshold=3 << 15, mode=ClipMode.SHIFT)
    gate = MembraneClip(threshold=3 << 15, mode=ClipMode.GATE)
    expected = {ClipMode.SHIFT: [[0, 0, 1, 0], [1, 0, 3, 0]],
                ClipMode.GATE: [[0, 0, 4, 0], [2, 0, 4, 0]]}  # fmt: skip
    for clip in (shift, gate):
        found = clip_potentials(v, exponent, clip, Ties.HALF_EVEN)
        assert found.tolist() == expected[clip.mode]


@given(v=st.lists(sized(LARGEST), min_size=1, max_size=8), threshold=THRESHOLD)
def test_clipped_potentials_fire_positive_spikes_only(v: list[int], threshold: int) -> None:
    """Under shift always, under gate with τ >= 0: counts 0 … 2^(b−1)−1 (the note of ENC-8)."""
    encoder = Encoder(bits=4, encoding=Encoding.TERNARY)
    row, exponent = np.array([v], dtype=np.int32), np.array([-16], dtype=np.int64)
    for mode, tau in ((ClipMode.SHIFT, threshold), (ClipMode.GATE, abs(threshold))):
        clip = MembraneClip(threshold=tau, mode=mode)
        counts = encode(clip_potentials(row, exponent, clip, Ties.HALF_EVEN), encoder).counts
        assert int(counts.min()) >= 0
        assert int(counts.max()) <= 7


def test_a_potential_beyond_its_bound_does_not_wrap() -> None:
    clip = MembraneClip(threshold=-(1 << 47), mode=ClipMode.SHIFT)
    v = np.array([[1 << 30]], dtype=np.int32)
    with pytest.raises(RangeError, match="ENC-8"):
        clip_potentials(v, np.array([-16]), clip, Ties.HALF_EVEN)
