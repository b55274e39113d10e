"""Norms against the clause on plain integers (LAS-4)."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.arith.rounding import Scale
from spikeref.arith.ties import Ties
from spikeref.compiler.function_tables import standard_tables
from spikeref.compiler.las_plan import las_constants
from spikeref.engine.events import Shuffled
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.model.las_config import LasShape, NormKind
from spikeref.model.las_constants import LasConstants
from spikeref.model.las_layers import NormParameters
from spikeref.model.layers import Gamma
from spikeref.ops.las_norm import NormOutput, NormRules, spiking_norm
from tests.las_models import LAS
from tests.ops.las_transcription import Row, norm

TABLES = standard_tables("relu", tanh=False)
LIMIT = (1 << 39) - 1
VALUE = st.integers(-LIMIT - 1, LIMIT) | st.integers(-(1 << 20), 1 << 20) | st.integers(-3, 3)
TIES = st.sampled_from(list(Ties))


def constants_of(width: int, kind: NormKind) -> LasConstants:
    shape = LasShape(
        vocab=1, hidden=width, intermediate=1, layers=1, heads=1, kv_heads=1, head_dim=1,
        positions=1, sliding_windows=(None,), token_types=0, classes=0,
    )  # fmt: skip
    return las_constants(shape, kind, Fraction(1, 10**5), LAS)


def scale_of(mantissa: int, exponent: int) -> Scale:
    return Scale(mantissa=np.asarray(mantissa), exponent=np.asarray(exponent))


def run(
    rows: list[Row],
    gamma: tuple[Row, int],
    beta: Row | None,
    constants: LasConstants,
    kind: NormKind,
    steps: int,
    ties: Ties,
    engine: LasEngine = LAS_DENSE,
) -> NormOutput:
    rules = NormRules(
        centred=kind is NormKind.LAYER,
        root=scale_of(constants.norm_root, constants.norm_root_exponent),
        epsilon=scale_of(constants.norm_epsilon, constants.norm_epsilon_exponent),
        steps=steps,
        tables=TABLES,
        ties=ties,
    )
    parameters = NormParameters(
        gamma=Gamma(mantissas=np.array(gamma[0], dtype=np.int16), exponent=gamma[1]),
        beta=None if beta is None else np.array(beta, dtype=np.int64),
    )
    return spiking_norm(np.array(rows, dtype=np.int64), parameters, rules, engine)


def check(
    rows: list[Row],
    gamma: tuple[Row, int],
    beta: Row | None,
    kind: NormKind,
    steps: int,
    ties: Ties,
    constants: LasConstants | None = None,
) -> NormOutput:
    width = len(rows[0])
    constants = constants_of(width, kind) if constants is None else constants
    found = run(rows, gamma, beta, constants, kind, steps, ties)
    for i, row in enumerate(rows):
        expected = norm(
            row,
            gamma,
            beta,
            constants,
            TABLES,
            centred=kind is NormKind.LAYER,
            steps=steps,
            ties=ties,
        )
        assert found.deviation[i].tolist() == expected.deviation
        assert int(found.inverse.energy[i]) == expected.energy
        assert int(found.inverse.code[i]) == expected.inverse
        assert int(found.inverse.exponent[i]) == expected.inverse_exponent
        assert found.output.values[i].tolist() == expected.output
        assert int(found.output.count[i]) == expected.saturations
    return found


@settings(max_examples=150)
@given(data=st.data(), kind=st.sampled_from(list(NormKind)), steps=st.integers(10, 16), ties=TIES)
def test_the_clause(data: st.DataObject, kind: NormKind, steps: int, ties: Ties) -> None:
    width = data.draw(st.integers(1, 9))
    row = st.lists(VALUE, min_size=width, max_size=width)
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    gains = st.lists(st.integers(-32767, 32767), min_size=width, max_size=width)
    gamma = data.draw(gains), data.draw(st.integers(-20, -10))
    offsets = st.lists(st.integers(-LIMIT, LIMIT), min_size=width, max_size=width)
    beta = data.draw(offsets) if kind is NormKind.LAYER else None
    check(rows, gamma, beta, kind, steps, ties)


@pytest.mark.parametrize("kind", list(NormKind))
def test_no_energy_gives_beta(kind: NormKind) -> None:
    """Step 5: A = 0 only where ε rounds to nothing as well."""
    constants = replace(constants_of(4, kind), norm_epsilon_exponent=-128)
    beta = [5, -7, 0, 1 << 39]
    found = check([[0] * 4], ([100] * 4, -7), [*beta[:3], 9], kind, 16, Ties.HALF_EVEN, constants)
    assert found.inverse.energy.tolist() == [0]
    assert found.inverse.code.tolist() == found.inverse.exponent.tolist() == [0]
    assert found.output.values.tolist() == [[5, -7, 0, 9]]


@pytest.mark.parametrize("kind", list(NormKind))
def test_wide_rows_of_extremes(kind: NormKind) -> None:
    """Energies near their largest, and outputs beyond 40 bits."""
    rows = [[LIMIT, -LIMIT - 1] * 64, [LIMIT] * 127 + [0], [-LIMIT - 1] * 128, [1] + [0] * 127]
    found = check(rows, ([32767] * 128, 9), None, kind, 16, Ties.HALF_UP)
    assert found.output.count[0] == 128
    for steps in (10, 13):
        check(rows, ([32767] * 128, -14), None, kind, steps, Ties.HALF_EVEN)


@pytest.mark.parametrize("exponent", [-512, -40, 4, 12, 31, 40, 512])
@pytest.mark.parametrize("kind", list(NormKind))
def test_every_gain_of_a_model(kind: NormKind, exponent: int) -> None:
    """Exponents of γ reach ±512 (MODEL-3): gains and offsets saturate at the end alone (step 7)."""
    rows = [[LIMIT, 0, -LIMIT - 1, 3, -3, 1 << 20]]
    gamma = [32767, 5, 32767, -1, 0, 1], exponent
    beta = [-LIMIT - 1, LIMIT, LIMIT, -1, 9, -LIMIT] if kind is NormKind.LAYER else None
    for ties in Ties:
        check(rows, gamma, beta, kind, 16, ties)


def test_a_constant_row_has_no_deviation() -> None:
    """LayerNorm takes the mean off exactly, in integers."""
    found = check(
        [[12345] * 6], ([16384] * 6, -14), [1, 2, 3, 4, 5, 6], NormKind.LAYER, 16, Ties.HALF_EVEN
    )
    assert found.deviation.tolist() == [[0] * 6]
    assert found.output.values.tolist() == [[1, 2, 3, 4, 5, 6]]


@pytest.mark.parametrize("kind", list(NormKind))
@pytest.mark.parametrize("steps", [10, 16])
def test_engines_agree(kind: NormKind, steps: int) -> None:
    rng = np.random.default_rng(steps)
    rows = rng.integers(-(1 << 24), 1 << 24, size=(3, 12)).tolist()
    gamma = rng.integers(-30000, 30000, size=12).tolist(), -13
    constants = constants_of(12, kind)
    results = [
        run(
            rows, gamma, None, constants, kind, steps, Ties.HALF_EVEN, engine
        ).output.values.tolist()
        for engine in (LAS_DENSE, LAS_SYNCHRONOUS, las_asynchronous(Shuffled(5), 7))
    ]
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(("kind", "tolerance"), [(NormKind.LAYER, 2e-4), (NormKind.RMS, 2e-4)])
def test_near_the_real_norm(kind: NormKind, tolerance: float) -> None:
    """With 16 steps a norm of usual activations is right to some parts in 2^15."""
    rng = np.random.default_rng(1)
    x = rng.normal(0.3, 2.0, size=(4, 256))
    fixed = np.rint(x * 65536)
    rows: list[Row] = fixed.astype(np.int64).tolist()
    gamma = [16384] * 256, -14
    done = run(rows, gamma, None, constants_of(256, kind), kind, 16, Ties.HALF_EVEN)
    found = done.output.values / 65536
    centred = x - x.mean(axis=1, keepdims=True) if kind is NormKind.LAYER else x
    exact = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    assert float(np.abs(found - exact).max()) < tolerance * float(np.abs(exact).max())
