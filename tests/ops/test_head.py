"""Embedding rows and logits (OP-1, OP-12)."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.arith.scalar import round_shift, saturate
from spikeref.arith.ties import Ties
from spikeref.model.layers import DyadicRows
from spikeref.ops.embedding import embed
from spikeref.ops.head import logits_of
from spikeref.ops.norm import Scaled
from tests.ops import transcription
from tests.ops.signals import rows_of

WIDTH, VOCAB = 6, 5


@st.composite
def dyadic_rows(draw: st.DrawFn) -> DyadicRows:
    rng = np.random.default_rng(draw(st.integers(0, 1 << 20)))
    mantissas = rng.integers(-32767, 32767, size=(VOCAB, WIDTH), endpoint=True)
    mantissas[0], mantissas[1] = 32767, -32767
    exponents = draw(st.lists(st.integers(-40, 12), min_size=VOCAB, max_size=VOCAB))
    return DyadicRows(
        mantissas=mantissas.astype(np.int16), exponents=np.array(exponents, dtype=np.int16)
    )


@settings(max_examples=60)
@given(
    rows=dyadic_rows(),
    u=rows_of((1 << 42) - 1, WIDTH),
    exponent=st.integers(-40, 0),
    ties=st.sampled_from(Ties),
)
def test_logits_are_the_clause(rows: DyadicRows, u: np.ndarray, exponent: int, ties: Ties) -> None:
    found = logits_of(
        Scaled(values=u, exponent=np.full(len(u), exponent, dtype=np.int64)), rows, ties
    )
    for t, row in enumerate(u.tolist()):
        m, e, values, saturations = transcription.logits(
            row, exponent, rows.mantissas.tolist(), rows.exponents.tolist(), ties
        )
        assert found.mantissas[t].tolist() == m
        assert int(found.exponent[t]) == e
        assert found.logits[t].tolist() == values
        assert int(found.saturations[t]) == saturations


@settings(max_examples=60)
@given(
    rows=dyadic_rows(),
    tokens=st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=6),
    ties=st.sampled_from(Ties),
)
def test_the_embedding_is_the_clause(rows: DyadicRows, tokens: list[int], ties: Ties) -> None:
    done = embed(np.array(tokens, dtype=np.int64), rows, ties)
    for t, token in enumerate(tokens):
        e = int(rows.exponents[token])
        exact = [round_shift(int(m), -(e + 16), ties) for m in rows.mantissas[token]]
        expected = [saturate(x, 40) for x in exact]
        assert done.values[t].tolist() == expected
        assert int(done.count[t]) == sum(a != b for a, b in zip(exact, expected, strict=True))
