"""The plain device and the reference give the same of LAS (NEUR-1 to NEUR-9, HG-1 to HG-9).

Also LAS-1 to LAS-13, LAS-15, LAS-16, LAS-18 and LAS-19: on every case, and on more inputs.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.arith.rounding import Scale
from spikeref.arith.ties import Ties
from spikeref.device import las_functions, las_neurons, las_norm
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.errors import RefusedError
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import TrainForm
from spikeref.operations.las_forms import tables_of
from spikeref.operations.operation import Parameters
from spikeref.operations.table import OPERATIONS, run_operation
from spikeref.ops.las_norm import deviation
from spikeref.ops.las_published import PublishedNormRules, published_norm
from spikeref.suite.cases.las_tables import (
    exp_table,
    norm_tables,
    reciprocal_table,
    softmax_tables,
    sqrt_table,
    square_table,
)
from spikeref.suite.catalogue import core_cases
from spikeref.suite.execute import PlainCase, outcome_of, plain_cases
from spikeref.suite.plant import original
from spikeref.vectors.case import type_of
from spikeref.vectors.outcome import outcome_digest

CASES = [case for case in core_cases() if case.case_class == "las"]
LAS = [name for name, operation in OPERATIONS.items() if operation.case_class == "las"]
Tensors = Mapping[str, NDArray[Any]]

FORMS = st.fixed_dictionaries(
    {"steps": st.integers(10, 16), "levels": st.sampled_from([1, 1, 2, 3, 15])}
)
RULES = st.fixed_dictionaries(
    {name: st.sampled_from(["below", "at-most"]) for name in ("rule", "gate")}
)
TIES = st.sampled_from(["half-even", "half-up"])


@pytest.mark.parametrize("name", LAS)
def test_both_agree_on_every_case(name: str) -> None:
    cases = [case for case in CASES if case.operation == name]
    assert cases
    for plain in plain_cases(cases):
        assert outcome_of(original(), plain) == plain.outcome, plain.id


def agree(operation: str, parameters: Parameters, inputs: Tensors) -> None:
    """Assert that device and reference give the same outputs or the same refusal."""
    given = original().tensor
    outputs = None
    try:
        found = run_operation(operation, parameters, inputs)
        outputs = {name: (str(type_of(array)), array.shape) for name, array in found.items()}
        outcome = outcome_digest(found)
    except RefusedError as refusal:
        outcome = outcome_digest(refusal.kind)
    plain = PlainCase(
        id="",
        operation=operation,
        parameters=parameters,
        inputs={
            name: given(type_of(array), array.shape, tuple(array.ravel().tolist()))
            for name, array in inputs.items()
        },
        outputs=outputs,
        outcome=outcome,
        model_folder=None,
    )
    assert outcome_of(original(), plain) == outcome


def array(values: list[int], kind: str = "i8", *shape: int) -> NDArray[Any]:
    found = np.array(values, dtype=kind)
    return found.reshape(shape) if shape else found


@given(FORMS, RULES, st.integers(1, 1 << 32), st.lists(st.integers(0, 1 << 39), min_size=1))
@settings(deadline=None)
def test_mt_neurons(
    form: dict[str, int], rules: dict[str, str], threshold: int, magnitudes: list[int]
) -> None:
    """NEUR-2: the closed form for one level, and the loop for more."""
    parameters = {**form, "rule": rules["rule"], "threshold": threshold}
    near = [threshold * k // 16 + d for k in range(1, 17) for d in (0, 1)]
    agree("mt_neuron", parameters, {"magnitude": array([*magnitudes, *near], "i8")})


@given(FORMS, RULES, st.data())
@settings(deadline=None)
def test_oat_neurons(form: dict[str, int], rules: dict[str, str], data: st.DataObject) -> None:
    """NEUR-3 to NEUR-5, LAS-5: codes of all kinds, refused ones among them; then their trains."""
    normal = data.draw(st.integers(1, 1 << 20))
    outlier = normal * data.draw(st.integers(1, 64)) + data.draw(st.sampled_from([0, 0, 1]))
    code = {"threshold_n": normal, "threshold_o": outlier}
    fraction = data.draw(st.sampled_from([16, 20, 30]))
    x = data.draw(st.lists(st.integers(-(1 << 39), 1 << 39), min_size=1, max_size=6))
    x += [(t << fraction - 16) + d for t in (normal, outlier) for d in (-1, 0, 1)]
    inputs = {"x": array(x, "i8", 1, -1)}
    parameters = {**form, **rules, **code, "fraction_bits": fraction}
    agree("oat_encode", parameters, inputs)
    try:
        spikes = run_operation("oat_encode", parameters, inputs)
    except RefusedError:
        return
    population = {name: spikes[name][0] for name in ("counts", "outliers")}
    agree("oat_train", {**form, **code}, population)
    agree("las_events", {**form, "epoch": 3}, population)


@given(st.lists(st.integers(1, (1 << 62) - 1), min_size=1), st.integers(1, 8))
@settings(deadline=None)
def test_mantissas_squares_and_powers(s: list[int], steps: int) -> None:
    """HG-2, HG-3, HG-7, HG-9: functions of one piece at any number of steps."""
    known = {"steps": steps, "table_steps": 8}
    for even in (0, 1):
        agree("hg_mantissa", {"even": even}, {"s": array(s)})
    agree("hg_exp", known, {"t": array([x >> 22 for x in s]), "exp": exp_table(8)})
    small = array([(-1) ** (x & 1) * (x % (1 << 30)) for x in s])
    agree("hg_square", known, {"x": small, "square": square_table(8)})


WIDE_EXPONENTS = st.one_of(
    st.integers(-20, 8), st.integers(20, 60), st.sampled_from([-32768, 32767])
)


@given(TIES, st.data())
@settings(deadline=None)
def test_embeddings(ties: str, data: st.DataObject) -> None:
    """LAS-3: rows of any exponent, which may cancel far beyond 63 bits."""
    inputs: dict[str, NDArray[Any]] = {"tokens": array([1, 0]), "types": array([0, 1])}
    for name in ("", "position_", "type_"):
        drawn = data.draw(st.lists(st.integers(-32768, 32767), min_size=6, max_size=6))
        inputs[f"{name}mantissas"] = array(drawn, "i2", 2, 3)
        exponents = data.draw(st.lists(WIDE_EXPONENTS, min_size=2, max_size=2))
        inputs[f"{name}exponents"] = array(exponents, "i2")
    agree("las_embedding", {"position_offset": 0, "ties": ties}, inputs)


@given(st.integers(1, 61), st.integers(-70, 20), TIES, st.data())
@settings(deadline=None)
def test_scales(bits: int, exponent: int, ties: str, data: st.DataObject) -> None:
    """LAS-1, LAS-2: any bound, scale and bias."""
    bound = (1 << bits) - 1
    mantissa = data.draw(st.integers(1 << 15, (1 << 16) - 1))
    y = data.draw(st.lists(st.integers(-bound, bound), min_size=1, max_size=8))
    agree(
        "las_rescale",
        {"output_bits": data.draw(st.sampled_from([32, 40])), "bound": bound, "ties": ties},
        {
            "accumulator": array([*y, bound, -bound], "i8", -1, 1),
            "channel_mantissa": array([mantissa], "u2"),
            "channel_exponent": array([exponent], "i2"),
            "bias": array([data.draw(st.integers(-(1 << 39), 1 << 39))]),
        },
    )
    pair = {f"mantissa_{i}": array([mantissa], "i4") for i in (1, 2)}
    pair |= {f"exponent_{i}": array([exponent], "i4") for i in (1, 2)}
    agree("las_combine", {"ties": ties}, pair)


@given(
    st.sampled_from(["layer", "rms"]),
    TIES,
    st.integers(1, 6),
    st.lists(st.integers(-(1 << 39), (1 << 39) - 1), min_size=1, max_size=9),
)
@settings(deadline=None)
def test_norms(kind: str, ties: str, steps: int, x: list[int]) -> None:
    """LAS-4: rows of every size."""
    agree(
        "las_norm",
        {
            "kind": kind, "root_mantissa": 51810, "root_exponent": -14,
            "epsilon_mantissa": 1407374884, "epsilon_exponent": -17, "gamma_exponent": -14,
            "steps": steps, "table_steps": 6, "ties": ties,
        },
        {
            "x": array(x, "i8", 1, -1),
            "gamma": array([(37 * v) % 65536 - 32768 for v in x], "i2"),
            **norm_tables(6),
        },
    )  # fmt: skip


@given(
    st.integers(4, 60), st.integers(-70, 0), TIES, st.lists(st.integers(0), min_size=1, max_size=9)
)
@settings(deadline=None)
def test_softmaxes(bits: int, exponent: int, ties: str, distances: list[int]) -> None:
    """LAS-11, HG-4: distances of every size, one of them 0."""
    bound = (1 << bits) - 1
    agree(
        "las_softmax",
        {
            "bound": bound, "scale_mantissa": 50001, "scale_exponent": exponent, "steps": 5,
            "table_steps": 6, "ties": ties,
        },
        {"distance": array([0, *(d % (2 * bound) for d in distances)]), **softmax_tables(6)},
    )  # fmt: skip


@given(FORMS, st.lists(st.integers(0, 1 << 16), min_size=2, max_size=12))
@settings(deadline=None)
def test_spike_products(form: dict[str, int], counts: list[int]) -> None:
    """LAS-8, LAS-9: counts that a neuron gives, and those refused that none gives."""
    half = len(counts) // 2
    a, b = counts[:half], [-c for c in counts[half : 2 * half]]
    agree("las_hadamard", form, {"a": array(a, "i4"), "b": array(b, "i4")})


@given(
    st.sampled_from(["layer", "rms"]),
    TIES,
    st.sampled_from([1, 2, 15]),
    st.lists(st.integers(-(1 << 39), (1 << 39) - 1), min_size=1, max_size=7),
    st.integers(0, 30),
)
@settings(deadline=None)
def test_published_norms(kind: str, ties: str, levels: int, x: list[int], down: int) -> None:
    """LAS-16: the norm of the published program, which no operation of CONF-9 runs alone."""
    form = las_neurons.Form(steps=10, levels=levels, rule="at-most", gate="at-most")
    epsilon, root = (1407374884, -17), (51810, -14)
    x = [value >> down for value in x]
    tables = {
        "square": square_table(10), "sqrt": sqrt_table(10), "reciprocal": reciprocal_table(10)
    }  # fmt: skip
    known: Parameters = {"steps": 10, "table_steps": 10}
    functions = {
        name: las_functions.Function(
            las_functions.Expansion(table.tolist(), falling=name == "reciprocal"), 10
        )
        for name, table in tables.items()
    }
    plain = las_norm.published(
        x,
        las_norm.Norm(
            kind="layer" if kind == "layer" else "rms",
            root=root,
            epsilon=epsilon,
            gamma=[16384] * len(x),
            gamma_exponent=-14,
            beta=[0] * len(x),
            ties="half-up" if ties == "half-up" else "half-even",
        ),
        las_norm.Functions(
            square=functions["square"],
            root=functions["sqrt"],
            reciprocal=functions["reciprocal"],
        ),
        form,
    )
    done = published_norm(
        deviation(np.array([x], dtype=np.int64), kind == "layer"),
        PublishedNormRules(
            centred=kind == "layer",
            root=scale(*root),
            epsilon=scale(*epsilon),
            form=TrainForm(steps=10, levels=levels, rule=Rule.AT_MOST, gate=Rule.AT_MOST),
            tables=tables_of(known, tables, ("square", "sqrt", "reciprocal")),
            ties=Ties(ties),
        ),
        LAS_DENSE.hadamard,
    )
    assert done.deviation.tolist() == [plain.deviation]
    assert done.energy.tolist() == [plain.energy]
    assert done.code.tolist() == [plain.inverse]
    assert done.exponent.tolist() == [plain.inverse_exponent]
    assert done.y.tolist() == [plain.output]


def scale(mantissa: int, exponent: int) -> Scale:
    return Scale(mantissa=np.array(mantissa), exponent=np.array(exponent))
