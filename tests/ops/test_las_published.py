"""Norm and softmax as the published program has them, against the clause (LAS-16)."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikeref.arith.rounding import Scale
from spikeref.arith.scalar import round_div, round_shift, saturate
from spikeref.arith.ties import Ties
from spikeref.compiler.function_tables import standard_tables
from spikeref.compiler.las_plan import las_constants
from spikeref.engine.events import Shuffled
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.model.las_config import LasShape, NormKind
from spikeref.model.las_constants import LasConstants
from spikeref.model.las_layers import NormParameters
from spikeref.model.las_profile import LAS_PROFILES, Choice
from spikeref.model.layers import Gamma
from spikeref.neurons.multi_threshold import mt_levels_by_steps
from spikeref.neurons.outlier_aware import OatCode, TrainForm
from spikeref.ops.las_norm import spiking_norm
from spikeref.ops.las_published import PublishedNormRules
from spikeref.ops.las_softmax import SoftmaxRules, probabilities
from spikeref.trace.sinks import DigestSink
from tests.las_models import LAS, compiled_las
from tests.neurons.oat_codes import FORMS
from tests.ops.las_transcription import (
    Norm,
    Row,
    exp_weight,
    hg,
    mantissa,
    oat,
    shifted,
    square,
    unit_of,
)

TABLES = standard_tables("relu", tanh=False)
LIMIT = (1 << 39) - 1
VALUE = st.integers(-LIMIT - 1, LIMIT) | st.integers(-(1 << 26), 1 << 26) | st.integers(-3, 3)
TIES = st.sampled_from(list(Ties))


def constants_of(width: int, kind: NormKind, form: TrainForm) -> LasConstants:
    shape = LasShape(
        vocab=1, hidden=width, intermediate=1, layers=1, heads=1, kv_heads=1, head_dim=1,
        positions=1, sliding_windows=(None,), token_types=0, classes=0,
    )  # fmt: skip
    return las_constants(shape, kind, Fraction(1, 10**5), replace(LAS, form=form))


def published(
    x: Row, gamma: tuple[Row, int], beta: Row | None, constants: LasConstants,
    kind: NormKind, form: TrainForm, ties: Ties,
) -> Norm:  # fmt: skip
    """The row `norm` of LAS-16, then step 7 of LAS-4."""
    n = len(x)
    d = x
    if kind is NormKind.LAYER:
        d = [saturate(round_div(n * v - sum(x), n, ties), 40) for v in x]
    coded = []
    for v in d:
        theta, weight = (200, -2) if v < 0 else (700, 7)
        fired = mt_levels_by_steps(abs(v), theta << 16, form.steps, form.levels, form.rule)
        count = sum(s << (form.steps - t) for t, s in enumerate(fired, start=1))
        coded.append(weight * count)
    epsilon = round_shift(constants.published_epsilon, -constants.published_epsilon_exponent, ties)
    energy = sum(square(v, TABLES, form.steps) for v in coded) + epsilon
    assert energy < 1 << 62
    code = e = 0
    if energy:
        m, even = mantissa(energy, even=True)
        root, _ = hg(TABLES.square_root, m, form.steps)
        (piece,) = TABLES.reciprocal.pieces
        assert piece.low <= root << 8 <= piece.high
        code, _ = hg(TABLES.reciprocal, root << 8, form.steps)
        e = even // 2 - 12
    places = 23 + e - constants.norm_root_exponent
    final = OatCode(form=form, normal=2 << 16, outlier=50 << 16)
    unit = unit_of(final)
    y = []
    for v in coded:
        passed = oat(
            saturate(round_shift(v * code * constants.norm_root, places, ties), 40), 16, final
        )
        y.append(round_shift(passed.value * unit[0], -(unit[1] + 16), ties))
    exact = [
        round_shift(v * g, -gamma[1], ties) + b
        for v, g, b in zip(y, gamma[0], beta or [0] * n, strict=True)
    ]
    out = [saturate(v, 40) for v in exact]
    cut = sum(a != b for a, b in zip(exact, out, strict=True))
    return Norm(coded, energy, code, e, out, cut)


@settings(max_examples=120)
@given(data=st.data(), kind=st.sampled_from(list(NormKind)), form=FORMS, ties=TIES)
def test_norms(data: st.DataObject, kind: NormKind, form: TrainForm, ties: Ties) -> None:
    width = data.draw(st.integers(1, 7))
    row = st.lists(VALUE, min_size=width, max_size=width)
    rows = data.draw(st.lists(row, min_size=1, max_size=3))
    gamma = (
        data.draw(st.lists(st.integers(-32767, 32767), min_size=width, max_size=width)),
        data.draw(st.integers(-20, -10)),
    )
    beta = None
    if kind is NormKind.LAYER:
        beta = data.draw(st.lists(st.integers(-LIMIT, LIMIT), min_size=width, max_size=width))
    constants = constants_of(width, kind, form)
    rules = PublishedNormRules(
        centred=kind is NormKind.LAYER,
        root=Scale(
            mantissa=np.asarray(constants.norm_root),
            exponent=np.asarray(constants.norm_root_exponent),
        ),
        epsilon=Scale(
            mantissa=np.asarray(constants.published_epsilon),
            exponent=np.asarray(constants.published_epsilon_exponent),
        ),
        form=form,
        tables=TABLES,
        ties=ties,
    )
    parameters = NormParameters(
        gamma=Gamma(mantissas=np.array(gamma[0], dtype=np.int16), exponent=gamma[1]),
        beta=None if beta is None else np.array(beta, dtype=np.int64),
    )
    for engine in (LAS_DENSE, LAS_SYNCHRONOUS):
        found = spiking_norm(np.array(rows, dtype=np.int64), parameters, rules, engine)
        for i, one in enumerate(rows):
            expected = published(one, gamma, beta, constants, kind, form, ties)
            assert found.deviation[i].tolist() == expected.deviation
            assert int(found.inverse.energy[i]) == expected.energy
            assert int(found.inverse.code[i]) == expected.inverse
            assert int(found.inverse.exponent[i]) == expected.inverse_exponent
            assert found.output.values[i].tolist() == expected.output
            assert int(found.output.count[i]) == expected.saturations


EDGES = st.sampled_from([0, 9454, 9455, 9456, 9455 + 945485, 9455 + 1890969, 9455 + 1890970])


@settings(max_examples=120)
@example(below=[0] * 80, steps=16, ties=Ties.HALF_EVEN)
@given(
    below=st.lists(st.integers(0, 1 << 22) | EDGES, max_size=80),
    steps=st.integers(10, 16),
    ties=TIES,
)
def test_softmax(below: list[int], steps: int, ties: Ties) -> None:
    """With a scale of one, distances are logarithms: the offset, both cuts, and the cut sum."""
    below = [0, *below]
    rules = SoftmaxRules(
        bound=1 << 40,
        scale=Scale(mantissa=np.asarray(1 << 15), exponent=np.asarray(-31)),
        steps=steps,
        tables=TABLES,
        ties=ties,
    )
    weights = []
    for v in below:
        t = shifted(v, 1 << 40, (1 << 15, -31), ties) - 9455
        if t >= 1890970:
            weights.append(0)
        elif t < 0:
            # The octave before the first: 2^(−t) = 2·2^(−(t + 1)).
            weights.append(2 * exp_weight(t + 65536, TABLES, steps))
        else:
            weights.append(exp_weight(min(t, 945485), TABLES, steps))
    total = min(max(sum(weights), 109951162778), 60 << 39)
    big, e = mantissa(total, even=False)
    code, _ = hg(TABLES.reciprocal, big, steps)
    hidden = np.zeros((1, len(below)), dtype=np.bool_)
    for engine in (LAS_DENSE, LAS_SYNCHRONOUS, las_asynchronous(Shuffled(1), 9)):
        found = probabilities(
            np.array([below], dtype=np.int64), hidden, rules, engine, Choice.PUBLISHED
        )
        assert found.total.tolist() == [total]
        assert (found.inverse.tolist(), found.inverse_exponent.tolist()) == ([code], [e])
        assert found.values.tolist() == [[round_shift(w * code, 9 + e, ties) for w in weights]]


def test_many_equal_scores_sum_beyond_one() -> None:
    """From 60 units on the inverse stands still: the bound of LAS-12 is as many times as large."""
    rules = SoftmaxRules(
        bound=1 << 40,
        scale=Scale(mantissa=np.asarray(1 << 15), exponent=np.asarray(-31)),
        steps=16,
        tables=TABLES,
        ties=Ties.HALF_EVEN,
    )
    for positions in (48, 49, 96, 480):
        below = np.zeros((1, positions), dtype=np.int64)
        hidden = np.zeros(below.shape, dtype=np.bool_)
        found = probabilities(below, hidden, rules, LAS_DENSE, Choice.PUBLISHED)
        total = int(found.values.sum())
        assert total <= -(-positions // 48) << 30
        assert (total > 1 << 30) is (positions > 55)


@pytest.fixture(scope="module")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that makes a folder for a model of that name."""
    return lambda name: tmp_path_factory.mktemp(name)


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_whole_models_under_every_engine(model_of: Callable[[str], Path], name: str) -> None:
    """One digest, and another than the paper's operators give."""
    tokens = np.array([256, 3, 77], dtype=np.int64)
    profile = replace(
        LAS_PROFILES["las-bert"], name="las+custom", norm=Choice.PUBLISHED, softmax=Choice.PUBLISHED
    )
    digests = set()
    for chosen in (profile, LAS_PROFILES["las-bert"]):
        model = compiled_las(model_of(name), name, chosen)
        for engine in (LAS_DENSE, LAS_SYNCHRONOUS, las_asynchronous(Shuffled(7), 40)):
            sink = DigestSink()
            las_forward(model, tokens, LasCache(model.config), engine, sink)
            digests.add(sink.digest("same", tokens.tolist()))
        assert len(digests) == (1 if chosen is profile else 2)
