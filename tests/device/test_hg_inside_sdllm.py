"""HG neurons inside SDLLM, step by step in plain integers (LAS-17)."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.arith.ties import Ties
from spikeref.compiler.function_tables import standard_neuron, standard_tables
from spikeref.device import las_functions, las_norm
from spikeref.device.arithmetic import block_shift, normalise, round_shift
from spikeref.device.las_tables import check_gate
from spikeref.device.tensor import Refusal
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.errors import ModelError
from spikeref.model.config import Constants
from spikeref.model.las_tables import require_gate
from spikeref.model.layers import Gamma
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.hierarchical import HgNeuron, Identity, Piece
from spikeref.ops.attention_steps import (
    AttentionRules,
    HgSoftmax,
    divide_by_weights,
    weigh_scores,
)
from spikeref.ops.non_linear import SpikingFunctions, gate, norm, spiking_functions

CODES = (1 << 16) - 1
TABLES = standard_tables("silu", tanh=False)
EPSILON, ROOT, ROOT_EXPONENT = 123456, 0x5A827999, 28
HALF_EVEN: Literal["half-even"] = "half-even"
ENCODER = Encoder(bits=4, encoding=Encoding.TERNARY)
SIZES = st.lists(st.integers(-(1 << 39), (1 << 39) - 1), min_size=1, max_size=6)


def functions(steps: int) -> SpikingFunctions:
    constants = Constants(
        norm_root=ROOT, norm_root_exponent=ROOT_EXPONENT, norm_epsilon=EPSILON,
        score_mantissa=0, score_exponent=0, log2e=0,
    )  # fmt: skip
    return spiking_functions(TABLES, constants, steps, LAS_DENSE.hadamard, Ties.HALF_EVEN)


def plain(name: str, steps: int) -> las_functions.Function:
    """Return the function of one piece as the plain device has it."""
    neuron = standard_neuron(name).pieces[0].neuron  # type: ignore[arg-type]
    assert isinstance(neuron, Expansion)
    thresholds = las_functions.fewer(neuron.thresholds.tolist(), 16, steps)
    return las_functions.Function(las_functions.Expansion(thresholds, neuron.falling), steps)


def silu(steps: int) -> list[las_functions.Piece]:
    """Return the pieces of silu as the plain device has them."""
    pieces = []
    for piece in TABLES.activation.pieces:
        match piece.neuron:
            case Expansion():
                stated = piece.neuron.thresholds.tolist()
                fewer = las_functions.fewer(stated, 16, steps)
                own: las_functions.Expansion | las_functions.Identity
                own = las_functions.Expansion(fewer, piece.neuron.falling)
            case Identity(shift):
                own = las_functions.Identity(shift)
            case _:
                raise AssertionError
        pieces.append(
            las_functions.Piece(
                low=piece.low,
                high=piece.high,
                sign=piece.sign,
                exponent=piece.exponent,
                neuron=own,
            )
        )
    return pieces


@given(SIZES, st.integers(10, 16))
@settings(deadline=None, max_examples=30)
def test_norm(x: list[int], steps: int) -> None:
    """OP-2's mantissas and epsilon, LAS-4's octaves, square and root, OP-3 behind."""
    mantissas, shift = block_shift(x, 24, HALF_EVEN)
    octaves = [las_norm.octave(m, steps) for m in mantissas]
    energy = sum(las_functions.square(d, plain("square", steps)) for d in octaves)
    energy += round_shift(EPSILON, 2 * shift, HALF_EVEN)
    y = [0] * len(x)
    if energy:
        code, half = las_functions.inverse_root(energy, plain("rsqrt", steps))
        root, up = normalise(ROOT, 16, HALF_EVEN)
        down = 11 + half - (up - ROOT_EXPONENT)
        y = [round_shift(d * code * root, down, HALF_EVEN) for d in octaves]
    gains = [(3 * j + 1) * (-1) ** j for j in range(len(x))]
    gamma = Gamma(mantissas=np.array(gains, dtype=np.int16), exponent=-3)
    done = norm(np.array([x], dtype=np.int64), gamma, functions(steps), Ties.HALF_EVEN)
    assert done.values.tolist() == [[a * g for a, g in zip(y, gains, strict=True)]]
    assert done.exponent.tolist() == [-19]


@given(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=1), st.integers(10, 16))
@settings(deadline=None, max_examples=30)
def test_gate(g: list[int], steps: int) -> None:
    """OP-9 with k = round_shift(silu(g), 4)."""
    pieces = silu(steps)
    a = [37 * j - 50 for j in range(len(g))]
    exact = [las_functions.activate(x, pieces, steps) for x in g]
    wanted = [round_shift(k, 4, HALF_EVEN) * up for k, up in zip(exact, a, strict=True)]
    both = (np.array([values], dtype=np.int64) for values in (g, a))
    done = gate(*both, functions(steps), Ties.HALF_EVEN)
    assert done.values.tolist() == [wanted]


@given(st.lists(st.integers(0, 1 << 22), min_size=1, max_size=6), st.integers(10, 16))
@settings(deadline=None, max_examples=30)
def test_softmax(scores: list[int], steps: int) -> None:
    """ATT-7 and ATT-9 with exp and reciprocal of spikes."""
    exp, reciprocal = plain("exp", steps), plain("reciprocal", steps)
    top = max(scores)
    p = [round_shift(las_functions.exponential(top - s, exp), 9, HALF_EVEN) for s in scores]
    code, exponent = las_functions.reciprocal(sum(p), reciprocal)
    o = [(-1) ** j * (1 << 40 + j) + 77 for j in range(4)]
    z = [round_shift(round_shift(x, 8, HALF_EVEN) * code, 16 + exponent, HALF_EVEN) for x in o]
    rules = AttentionRules(
        window=None,
        encoder=ENCODER,
        softmax=HgSoftmax(tables=TABLES, steps=steps),
        head_plan=None,
    )
    given_scores = np.array([[scores]], dtype=np.int64)
    weights = weigh_scores(given_scores, np.zeros((1, 1, len(scores)), dtype=np.bool_), rules)
    assert weights.weight.tolist() == [[p]]
    done = divide_by_weights(np.array([[o]], dtype=np.int64), np.array([[sum(p)]]), rules)
    assert done.tolist() == [[z]]


@pytest.mark.parametrize("steps", [10, 16])
@pytest.mark.parametrize(
    ("code", "exponent", "fits"),
    [(CODES, -1, True), ((1 << 15) - 1, 0, True), (1 << 15, 0, False), (CODES, 0, False)],
)
def test_both_bound_the_gate(code: int, exponent: int, fits: bool, steps: int) -> None:
    """A code·2^e of 2^15 or more could bring k·a to 2^62 and beyond (LAS-17)."""
    low, high = 0, (1 << 20) - 1
    thresholds = [7] * code + [high + 1] * (CODES - code)
    known = Expansion(thresholds=np.array(thresholds, dtype=np.int32), falling=False)
    piece = Piece(low=low, high=high, sign=-1, exponent=exponent, neuron=known)
    own = las_functions.Expansion(las_functions.fewer(thresholds, 16, steps), False)
    pieces = [las_functions.Piece(low=low, high=high, sign=-1, exponent=exponent, neuron=own)]
    if fits:
        require_gate("silu", HgNeuron(pieces=(piece,)))
        check_gate(pieces, steps)
        return
    with pytest.raises(ModelError):
        require_gate("silu", HgNeuron(pieces=(piece,)))
    with pytest.raises(Refusal):
        check_gate(pieces, steps)
