"""Compiled loops do what the NumPy functions that call them do: ARITH-2 to ARITH-6, HAD-7, …

Every loop runs twice: as the plain Python that it is, on small arrays, where NumPy's integers warn
of every overflow; and compiled, on large ones.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.arith import compiled
from spikeref.arith import loops as room
from spikeref.arith.compiled import WORTH_LOADING, Loop, suits_loops
from spikeref.arith.dot import sum_of_squares
from spikeref.arith.exponential import SIGMOID_BITS, STANDARD_COEFFICIENTS, logistic_table
from spikeref.arith.hadamard import hadamard, hadamard_of_proven, hadamard_transpose, plan_hadamard
from spikeref.arith.ratios import round_ratio
from spikeref.arith.rescale import rescale
from spikeref.arith.rounding import Scale, add_saturating, block_shift, round_shift
from spikeref.arith.ties import Ties
from spikeref.arith.widths import magnitude
from spikeref.engine.dense import DENSE
from spikeref.errors import RangeError
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import decoder_layers
from spikeref.model.config import Constants, ModelShape
from spikeref.model.layers import Gamma
from spikeref.neurons.counts import Encoder, Encoding, encode
from spikeref.ops.attention_steps import (
    AttentionRules,
    Exp2Softmax,
    SpikesOfHeads,
    mix_values,
    weigh_scores,
)
from spikeref.ops.embedding import embed
from spikeref.ops.gate import sigmoid, silu_gate
from spikeref.ops.norm import rms_norm
from spikeref.ops.rope import rotate_positions
from spikeref.trace.sinks import DigestSink
from tests.loops import by_numpy, interpreted_loops
from tools.bench.random_model import random_model

Case = Callable[[np.random.Generator, tuple[int, int], Ties], Any]

ROWS = (3, 48)
"""Of a small case: three rows of elements, of which a Hadamard matrix of order 16 takes a third."""

MANY_ROWS = (33, 4128)
"""Of a large case: uneven shares of the rows, and columns that no vector divides."""


@pytest.fixture
def interpreted() -> Iterator[None]:
    with interpreted_loops():
        yield


def integers(
    rng: np.random.Generator, shape: tuple[int, ...], limit: int, form: Any = np.int64
) -> NDArray[Any]:
    """Integers of every magnitude up to ±limit, both ends among them."""
    widths = rng.integers(0, limit.bit_length(), size=shape, endpoint=True)
    x = rng.integers(-limit, limit, size=shape, endpoint=True) >> widths
    x.flat[:2] = limit, -limit
    return x.astype(form)


def shifts(rng: np.random.Generator, shape: tuple[int, int], ties: Ties) -> Any:
    x = integers(rng, shape, (1 << 62) - 1)
    by_row = rng.integers(0, 70, size=(shape[0], 1))
    one = [round_shift(x, s, ties) for s in (0, 1, 7, 62, 63, 64)]
    narrow = round_shift(x.astype(np.int32), by_row, ties)
    each = round_shift(x, rng.integers(0, 70, size=shape), ties)
    deep = round_shift(x, np.full((1, 1, 1), 5), ties)
    return [round_shift(x, by_row, ties), narrow, each, deep, *one]


def block_shifts(rng: np.random.Generator, shape: tuple[int, int], ties: Ties) -> Any:
    found = []
    for bits in (2, 16, 24, 32, 33):
        x = integers(rng, shape, (1 << 62) - 1)
        # Rows of every width, one that carries, one that fits as it is.
        x >>= rng.integers(0, 62, size=(shape[0], 1))
        x[-1] = (1 << 40) - 1
        x[-2] = 1
        found.append(block_shift(x, bits, ties))
    x = integers(rng, shape, (1 << 31) - 1, np.int32)
    found.append(block_shift(x, 16, ties))
    found.append(block_shift(x.reshape(-1), 16, ties))
    for foreign in (x.astype(">i4"), np.asfortranarray(x), x[:, ::-1]):
        foreign.flags.writeable = False
        found.append(block_shift(foreign, 16, ties))
    return found


def sums(rng: np.random.Generator, shape: tuple[int, int], ties: Ties) -> Any:
    x, y = integers(rng, shape, (1 << 31) - 1), integers(rng, shape, (1 << 31) - 1, np.int32)
    m = integers(rng, shape, (1 << 23) - 1, np.int32)
    foreign = m.astype(">i4")
    foreign.flags.writeable = False
    energies = sum_of_squares(m), sum_of_squares(foreign)
    found = [np.asarray(magnitude(m)) for m in (x, y, -x, x[:, 1:], x.reshape(3, -1, 2), foreign)]
    return (
        *found,
        add_saturating(x, y, 32),
        add_saturating(x, x, 33),
        add_saturating(y, y, 32),
        energies,
    )


def rescales(rng: np.random.Generator, shape: tuple[int, int], ties: Ties) -> Any:
    tokens, width = shape
    token = Scale(
        mantissa=rng.integers(1 << 15, 1 << 16, size=(tokens, 1)),
        exponent=rng.integers(-40, 8, size=(tokens, 1)),
    )
    channel = Scale(
        mantissa=rng.integers(1 << 11, 1 << 12, size=width),
        exponent=rng.integers(-30, 0, size=width),
    )
    x = integers(rng, shape, (1 << 24) - 1, np.int32)
    bias = integers(rng, (width,), (1 << 39) - 1)
    both = token, channel
    found: list[Any] = [
        rescale(x, both, fraction_bits=16, bits=bits, ties=ties, bias=b, proven=proven)
        for bits in (16, 32, 40)
        for b in (None, bias)
        for proven in (None, 1 << 24)
    ]
    heads = x.reshape(tokens, 3, -1)
    key = Scale(
        mantissa=rng.integers(1 << 15, 1 << 16, size=heads.shape[1:]),
        exponent=rng.integers(-30, 0, size=heads.shape[1:]),
    )
    query = Scale(
        mantissa=np.ones((tokens, 3, 1), dtype=np.int64),
        exponent=rng.integers(-20, 20, size=(tokens, 3, 1)),
    )
    found.append(rescale(heads, (key, query), fraction_bits=16, bits=40, ties=ties))
    found.append(rescale(heads, (query, key), fraction_bits=-18, bits=29, ties=ties))
    # Shapes of which no loop is made.
    one = Scale(mantissa=channel.mantissa[None], exponent=channel.exponent[None])
    each = Scale(mantissa=np.abs(x) % 9, exponent=np.full(shape, -9))
    found.append(rescale(x, (one, each), fraction_bits=3, bits=32, ties=ties))
    return found


def ratios(rng: np.random.Generator, shape: tuple[int, int], ties: Ties) -> Any:
    found = []
    for limit, most in (((1 << 52) - 1, 1 << 47), (1 << 40, 1 << 9), ((1 << 55) - 1, 1 << 47)):
        a = integers(rng, shape, limit)
        b = rng.integers(1, most, size=(shape[0], 1), endpoint=True)
        b[0], b[1] = most, 2
        # Halves and wholes among the rest.
        a[:, 3] = b[:, 0]
        a[:, 4] = b[:, 0] * 3 >> 1
        found.append(round_ratio(a, 15, b, ties))
    return found


def counts(rng: np.random.Generator, shape: tuple[int, int], ties: Ties) -> Any:
    v = integers(rng, shape, 1 << 30, np.int32)
    v[-1] = 0
    v[-2] = rng.integers(-1000, -900, size=shape[1])
    return [
        encode(x, Encoder(bits=bits, encoding=encoding, clip_ratio=ratio, ties=ties))
        # Short rows have many ranges and zero points.
        for x in (v, v.reshape(-1, 3), v.reshape(-1), np.asfortranarray(v))
        for bits in (2, 4, 8)
        for encoding in Encoding
        for ratio in (Fraction(1), Fraction(3, 4), Fraction(1, 1024), Fraction(997, 1024))
    ]


def transforms(rng: np.random.Generator, shape: tuple[int, int], ties: Ties) -> Any:
    found: list[Any] = []
    for width in (16, 32, 48, 172 * 16, 4096):
        rows = -(-shape[0] * shape[1] // width)
        u = integers(rng, (rows, width), (1 << 15) - 1)
        found.append(hadamard(u))
        found.append(hadamard_transpose(u.astype(np.int32)))
        found.append(hadamard(np.full((rows, width), -(1 << 15), dtype=np.int32)))
    heads = integers(rng, (shape[0], 3, 16), (1 << 15) - 1, np.int32)
    found.append(hadamard_of_proven(heads, plan_hadamard(16), bound=1 << 15))
    found.append(hadamard(u, bound=1 << 40))
    found.append(hadamard(u.reshape(-1)[: 1 << (u.size.bit_length() - 1)] >> 8))
    return found


def functions(rng: np.random.Generator, shape: tuple[int, int], ties: Ties) -> Any:
    g, a = (integers(rng, shape, (1 << 31) - 1, np.int32) for _ in range(2))
    log2e = 1549082005
    # Gates whose product with σ is a half of its last place.
    near = np.arange(-1000, 1000) << 14
    products = sigmoid(near, log2e, STANDARD_COEFFICIENTS, ties) * near
    halves = near[products & ((1 << SIGMOID_BITS) - 1) == 1 << (SIGMOID_BITS - 1)]
    assert halves.size > 3
    g.flat[: halves[:99].size] = halves[:99]
    g[-1, -1], a[-1, -1] = -(1 << 31), -(1 << 31)
    small = silu_gate(g, a, log2e, STANDARD_COEFFICIENTS, ties)
    wide = silu_gate(g.astype(np.int64), a.astype(np.int64), log2e, STANDARD_COEFFICIENTS, ties)
    x = g.reshape(shape[0], 3, -1)
    half = x.shape[2] // 2
    cos, sin = (
        rng.integers(-(1 << 14), 1 << 14, size=(shape[0], half), endpoint=True).astype(np.int16)
        for _ in range(2)
    )
    return small, wide, rotate_positions(x, cos, sin), rotate_positions(x.astype(int), cos, sin)


def norms(rng: np.random.Generator, shape: tuple[int, int], ties: Ties) -> Any:
    x = integers(rng, shape, (1 << 31) - 1)
    x >>= rng.integers(0, 31, size=(shape[0], 1))
    x[-1] = 0
    mantissas = integers(rng, (shape[1],), (1 << 15) - 1, np.int16)
    found = []
    # Of rows of 64 elements; with the smaller exponent the last shift is to the left.
    for root_exponent in (55, 30):
        constants = Constants(
            norm_root=1 << 58,
            norm_root_exponent=root_exponent,
            norm_epsilon=2748779,
            score_mantissa=0,
            score_exponent=0,
            log2e=0,
        )
        gamma = Gamma(mantissas=mantissas, exponent=-14)
        found.append(rms_norm(x, gamma, constants, ties))
        found.append(rms_norm(x, None, constants, ties))
        x = x >> np.int64(20)
    return found


def attention(rng: np.random.Generator, shape: tuple[int, int], ties: Ties) -> Any:
    queries, heads = shape[0], 3
    positions = shape[1] // heads
    rules = AttentionRules(
        window=None,
        encoder=Encoder(bits=4, encoding=Encoding.TERNARY, ties=ties),
        softmax=Exp2Softmax(STANDARD_COEFFICIENTS),
        head_plan=None,
    )
    hidden = rng.integers(0, 3, size=(queries, 1, positions)) == 0
    hidden[:, :, 1] = False
    scores = integers(rng, (queries, heads, positions), 1 << 21)
    scores[0, 0, :2] = -(1 << 39), (1 << 39) - 1
    weights = weigh_scores(scores, hidden, rules)
    values = SpikesOfHeads(
        counts=rng.integers(-7, 8, size=(positions, heads, 4)).astype(np.int8),
        mantissa=rng.integers(1 << 15, 1 << 16, size=(heads, positions)),
        exponent=rng.integers(-40, 0, size=(heads, positions)),
    )
    return weights, mix_values(weights.weight, values, hidden, rules, DENSE)


CASES: tuple[Case, ...] = (
    shifts, block_shifts, sums, rescales, ratios, counts, transforms, functions, norms, attention,
)  # fmt: skip


def arrays_of(found: Any) -> Iterator[NDArray[Any]]:
    """Every array in a result, in order."""
    if isinstance(found, np.ndarray | np.generic):
        yield np.asarray(found)
    elif isinstance(found, list | tuple):
        for part in found:
            yield from arrays_of(part)
    else:
        for name in found.__dataclass_fields__:
            yield from arrays_of(getattr(found, name))


def assert_same(found: Any, expected: Any) -> None:
    pairs = list(zip(arrays_of(found), arrays_of(expected), strict=True))
    assert pairs
    for one, other in pairs:
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("ties", Ties)
@pytest.mark.parametrize("case", CASES)
@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 1 << 32))
def test_loops_in_plain_python_are_the_definition(case: Case, ties: Ties, seed: int) -> None:
    def work() -> Any:
        return case(np.random.default_rng(seed), ROWS, ties)

    assert_same(work(), by_numpy(work))


@pytest.mark.parametrize("ties", Ties)
@pytest.mark.parametrize("case", CASES)
def test_compiled_loops_are_the_definition(case: Case, ties: Ties) -> None:
    assert suits_loops(MANY_ROWS[0] * MANY_ROWS[1])

    def work() -> Any:
        return case(np.random.default_rng(7), MANY_ROWS, ties)

    assert_same(work(), by_numpy(work))


@pytest.mark.usefixtures("interpreted")
def test_every_loop_has_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of all modules of `loops`, whether the cases name them or not."""
    called: set[str] = set()

    def watched(loop: Loop) -> Loop:
        called.add(f"{loop.__module__}.{loop.__name__}")
        return loop

    monkeypatch.setattr(compiled, "_machine_code", watched)
    for case in CASES:
        for ties in Ties:
            case(np.random.default_rng(0), ROWS, ties)
    modules = [
        importlib.import_module(f"{room.__name__}.{m.name}")
        for m in pkgutil.iter_modules(room.__path__)
    ]
    loops = {
        f"{module.__name__}.{name}"
        for module in modules
        for name, member in vars(module).items()
        if callable(member) and getattr(member, "__module__", "") == module.__name__
    }
    assert called == loops


@pytest.mark.usefixtures("interpreted")
def test_a_row_beyond_62_bits_is_refused() -> None:
    """The least int64 has no magnitude of its own width."""
    for beyond in (1 << 62, -(1 << 62), -(1 << 63)):
        with pytest.raises(RangeError, match="block_shift"):
            block_shift(np.array([[3, 5], [beyond, 3]], dtype=np.int64), 16, Ties.HALF_EVEN)


def digest_of(model: Any, x: NDArray[np.int64]) -> str:
    sink = DigestSink()
    decoder_layers(model, x, Cache(model.config.shape), DENSE, sink)
    return sink.digest(model.digest, list(range(len(x))))


def model_of(hidden: int, intermediate: int, tokens: int) -> tuple[Any, NDArray[np.int64]]:
    shape = ModelShape(
        vocab=tokens,
        hidden=hidden,
        intermediate=intermediate,
        layers=2,
        heads=4,
        kv_heads=2,
        head_dim=hidden // 4,
        positions=tokens,
        sliding_windows=(None, 5),
    )
    model = random_model(shape)
    return model, embed(np.arange(tokens), model.embedding, model.config.profile.ties).values


@pytest.mark.usefixtures("interpreted")
def test_a_pass_in_plain_python_has_the_trace_of_the_definition() -> None:
    model, x = model_of(64, 12 * 16, 9)
    assert digest_of(model, x) == by_numpy(lambda: digest_of(model, x))


def test_a_compiled_pass_has_the_trace_of_the_definition() -> None:
    model, x = model_of(512, 172 * 8, WORTH_LOADING // 512 + 44)
    assert digest_of(model, x) == by_numpy(lambda: digest_of(model, x))


def test_the_table_of_sigma_ends_at_its_limit() -> None:
    """What the loop reads for all arguments beyond the table (OP-9)."""
    for ties in Ties:
        assert int(logistic_table(STANDARD_COEFFICIENTS, ties)[-1]) == 1 << 20
