"""Entry, rotation and encoding of a population (OP-4 to OP-7, ATT-2 to ATT-4)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.arith.hadamard import HadamardPlan, plan_hadamard
from spikeref.arith.scalar import block_shift
from spikeref.arith.ties import Ties
from spikeref.neurons.clipping import ClipMode, MembraneClip
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.ops.heads import query_mantissas, spiking_heads
from spikeref.ops.norm import Scaled
from spikeref.ops.spiking_input import entry_bits, spiking_input
from tests.neurons.test_clipping import clipped
from tests.ops import transcription
from tests.ops.signals import constants_of, rows_of

ENTRY = (1 << 62) - 1
"""The gate's products are the widest that enter a population."""

PLANS = [None, plan_hadamard(8), plan_hadamard(12), plan_hadamard(6)]
ENCODERS = [
    Encoder(bits=4, encoding=Encoding.TERNARY),
    Encoder(bits=5, encoding=Encoding.TERNARY, clip_ratio=Fraction(9, 10), ties=Ties.HALF_UP),
    Encoder(bits=4, encoding=Encoding.BINARY),
]


def width_of(plan: HadamardPlan | None) -> int:
    return 5 if plan is None else plan.width


@pytest.mark.parametrize(
    ("width", "bits"),
    [(1, 16), (8, 16), (4096, 16), (1 << 15, 16), (1 << 16, 15), (11008, 16), (36864, 15)],
)
def test_entry_bits(width: int, bits: int) -> None:
    """n_e = min(16, 31 − ⌈log2 n⌉), and n·(2^(n_e−1) − 1) < 2^30 for every order."""
    plan = plan_hadamard(width)
    assert entry_bits(plan) == bits == transcription.entry_bits(plan.order)
    assert plan.order * ((1 << (bits - 1)) - 1) < 1 << 30


def test_entry_bits_without_a_rotation() -> None:
    assert entry_bits(None) == 16


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("plan", PLANS)
@settings(max_examples=15)
@given(data=st.data())
def test_a_population_is_the_clauses(
    encoder: Encoder, plan: HadamardPlan | None, data: st.DataObject
) -> None:
    u = data.draw(rows_of(ENTRY, width_of(plan)))
    exponent = np.array(data.draw(exponents(len(u))), dtype=np.int64)
    found = spiking_input(Scaled(values=u, exponent=exponent), plan, None, encoder)
    for t, row in enumerate(u.tolist()):
        v, e = transcription.entry(row, int(exponent[t]), plan, encoder.ties)
        check_row(found, t, v, e, encoder)


@pytest.mark.parametrize("mode", list(ClipMode))
@settings(max_examples=30)
@given(data=st.data(), threshold=st.integers(-(1 << 30), 1 << 30))
def test_a_clipped_population(mode: ClipMode, data: st.DataObject, threshold: int) -> None:
    """ENC-8 acts between rotation and counts."""
    plan, encoder = PLANS[1], ENCODERS[0]
    u = data.draw(rows_of(1 << 40, width_of(plan)))
    exponent = np.full(len(u), -32, dtype=np.int64)
    clip = MembraneClip(threshold=threshold, mode=mode)
    found = spiking_input(Scaled(values=u, exponent=exponent), plan, clip, encoder)
    for t, row in enumerate(u.tolist()):
        v, e = transcription.entry(row, -32, plan, encoder.ties)
        v = [clipped(x, e, threshold, mode, encoder.ties) for x in v]
        check_row(found, t, v, e, encoder)


def exponents(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-60, 20), min_size=count, max_size=count)


def check_row(found, t: int, v: list[int], e: int, encoder: Encoder) -> None:  # type: ignore[no-untyped-def]
    encoded = transcription.encode(v, encoder)
    assert found.potential[t].tolist() == v
    assert int(found.exponent[t]) == e
    spikes = found.spikes
    assert spikes.counts[t].tolist() == encoded.counts
    assert int(spikes.zero_point[t]) == encoded.zero_point
    assert int(spikes.amax[t]) == encoded.amax
    scale = (int(spikes.scale.mantissa[t]), int(spikes.scale.exponent[t]))
    assert scale == (encoded.mantissa, encoded.exponent)


@pytest.mark.parametrize("plan", PLANS[:3])
@pytest.mark.parametrize("fraction_bits", [16, 30])
@settings(max_examples=20)
@given(data=st.data(), ties=st.sampled_from(Ties))
def test_keys_and_values(
    plan: HadamardPlan | None, fraction_bits: int, data: st.DataObject, ties: Ties
) -> None:
    """ATT-2 and ATT-3: each head of each token has its own shift and scale."""
    width = width_of(plan) if plan is not None else 6
    x = data.draw(rows_of((1 << (fraction_bits + 16)) - 1, 2 * width))
    encoder = Encoder(bits=4, encoding=Encoding.TERNARY, ties=ties)
    found = spiking_heads(x.reshape(-1, 2, width), fraction_bits, plan, encoder)
    for t in range(len(x)):
        for g in range(2):
            row = x[t, g * width : (g + 1) * width].tolist()
            v, e = transcription.entry(row, -fraction_bits, plan, ties)
            encoded = transcription.encode(v, encoder)
            assert found.potential[t, g].tolist() == v
            assert found.counts[t, g].tolist() == encoded.counts
            scale = (int(found.mantissa[t, g]), int(found.exponent[t, g]))
            assert scale == (encoded.mantissa, encoded.exponent + e)


@pytest.mark.parametrize("plan", PLANS[:3])
@settings(max_examples=20)
@given(data=st.data(), ties=st.sampled_from(Ties))
def test_queries(plan: HadamardPlan | None, data: st.DataObject, ties: Ties) -> None:
    """ATT-4: the score constant joins before the 24-bit mantissas."""
    width = width_of(plan) if plan is not None else 6
    constants = constants_of(8)
    x = data.draw(rows_of((1 << 46) - 1, 2 * width))
    found = query_mantissas(x.reshape(-1, 2, width), 30, plan, constants, ties)
    for t in range(len(x)):
        for h in range(2):
            row = x[t, h * width : (h + 1) * width].tolist()
            v, e = transcription.entry(row, -30, plan, ties)
            w = [value * constants.score_mantissa for value in v]
            assert max(abs(value) for value in w) <= 1 << 52
            mantissas, s = block_shift(w, 24, ties)
            assert found.mantissa[t, h].tolist() == mantissas
            assert int(found.exponent[t, h]) == e + s + constants.score_exponent
