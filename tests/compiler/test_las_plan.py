"""Constants and thresholds of LAS models, from the clauses' numbers (LMOD-6, LMOD-7)."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.compiler.function_tables import standard_neuron
from spikeref.compiler.las_plan import fixed_thresholds, las_constants
from spikeref.model.las_config import LasShape, NormKind
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import (
    LAS_PROFILES,
    LAYER_ROLES,
    OUTER_ROLES,
    THRESHOLD_SETS,
    LasProfile,
    Role,
)
from spikeref.model.las_tables import named_neurons
from spikeref.model.las_tensors import functions_of
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.outlier_aware import OatCode, TrainForm
from tests.las_models import FAMILIES, LAS

LOG2E = Fraction("1.44269504088896340735992468100189213742664595415298593413544940693")


def shape_of(hidden: int, head_dim: int) -> LasShape:
    return LasShape(
        vocab=10, hidden=hidden, intermediate=10, layers=1, heads=1, kv_heads=1,
        head_dim=head_dim, positions=10, sliding_windows=(None,), token_types=0, classes=0,
    )  # fmt: skip


def nearest_mantissa(value: Fraction, bits: int) -> tuple[int, int]:
    """m in [2^(bits−1), 2^bits) and e, rounded half to even."""
    e = 0
    while value / Fraction(2) ** e >= 1 << bits:
        e += 1
    while value / Fraction(2) ** e < 1 << (bits - 1):
        e -= 1
    m = round(value / Fraction(2) ** e)
    return (1 << (bits - 1), e + 1) if m == 1 << bits else (m, e)


def root_of(value: int) -> Fraction:
    """√value to 200 bits."""
    return Fraction(isqrt(value << 400), 1 << 200)


@settings(max_examples=200)
@given(
    hidden=st.integers(1, 1 << 15),
    head_dim=st.integers(1, 1 << 9),
    epsilon=st.sampled_from([Fraction(1, 10**5), Fraction(1, 10**6), Fraction(1, 10**12)]),
    steps=st.integers(10, 16),
    levels=st.integers(1, 15),
    norm=st.sampled_from(list(NormKind)),
)
def test_constants(
    hidden: int, head_dim: int, epsilon: Fraction, steps: int, levels: int, norm: NormKind
) -> None:
    profile = replace(LAS, form=TrainForm(steps=steps, levels=levels))
    found = las_constants(shape_of(hidden, head_dim), norm, epsilon, profile)
    assert (found.norm_root, found.norm_root_exponent) == nearest_mantissa(root_of(hidden), 16)
    power = hidden**3 if norm is NormKind.LAYER else hidden
    assert (found.norm_epsilon, found.norm_epsilon_exponent) == nearest_mantissa(
        epsilon * power * 2**32, 31
    )
    unit = Fraction(2**steps * levels, 100)
    assert (found.published_epsilon, found.published_epsilon_exponent) == nearest_mantissa(
        epsilon * hidden * unit**2, 31
    )
    # log2(e)/√d = log2(e)·√d/d.
    score = LOG2E * root_of(head_dim) / head_dim
    assert (found.score_mantissa, found.score_exponent) == nearest_mantissa(score, 16)


def test_exact_roots() -> None:
    for root in (1, 3, 8, 32, 255):
        found = las_constants(shape_of(root * root, 64), NormKind.RMS, Fraction(1, 100), LAS)
        assert found.norm_root * Fraction(2) ** found.norm_root_exponent == root


TABLE: dict[str, dict[str, tuple[str, str]]] = {
    "attention_input": {"default": ("8", "512"), "bert": ("10", "500"), "llava": ("10", "40"),
                        "qwen2-vl": ("10", "50")},
    "query": {"default": ("16", "1024"), "bert": ("10", "500"), "llava": ("4", "10"),
              "qwen2-vl": ("10", "100")},
    "key": {"default": ("16", "1024"), "bert": ("10", "500"), "llava": ("5", "10"),
            "qwen2-vl": ("20", "500")},
    "value": {"default": ("4", "256"), "bert": ("10", "500"), "llava": ("1", "5"),
              "qwen2-vl": ("5", "50")},
    "probabilities": {"default": ("1/64", "1"), "bert": ("1", "1"), "llava": ("1", "1"),
                      "qwen2-vl": ("1/1024", "1")},
    "o_input": {"default": ("4", "256"), "bert": ("10", "500"), "llava": ("2", "6"),
                "qwen2-vl": ("2", "15")},
    "mlp_input": {"default": ("8", "512"), "bert": ("10", "500"), "llava": ("4", "10"),
                  "qwen2-vl": ("5", "100")},
    "activation": {"default": ("8", "2048"), "bert": ("10", "500"), "llava": ("10", "500"),
                   "qwen2-vl": ("5", "100")},
    "up": {"default": ("16", "1024"), "bert": ("10", "500"), "llava": ("5", "50"),
           "qwen2-vl": ("10", "100")},
    "head_input": {"default": ("16", "1024"), "bert": ("10", "500"), "llava": ("10", "50"),
                   "qwen2-vl": ("10", "50")},
}  # fmt: skip
"""LMOD-7 row by row."""


@pytest.mark.parametrize("name", list(THRESHOLD_SETS))
def test_threshold_sets(name: str) -> None:
    roles: tuple[Role, ...] = (*LAYER_ROLES, *OUTER_ROLES)
    profile = replace(LAS, thresholds=name)
    for role, pair in zip(roles, fixed_thresholds(profile, roles), strict=True):
        row = TABLE["head_input" if role == "classifier_input" else role]
        # One MT neuron stands for every OAT neuron: the outlier threshold of default, twice.
        normal, outlier = row[name] if name != "single" else (row["default"][1],) * 2
        assert [Fraction(t, 65536) for t in pair] == [Fraction(normal), Fraction(outlier)]
        # NEUR-3 admits every pair under the standard form.
        code = OatCode(form=profile.form, normal=pair[0], outlier=pair[1])
        assert code.largest_value < 1 << 30
        if role == "probabilities":
            assert pair[1] <= 1 << 17


@pytest.mark.parametrize("profile", LAS_PROFILES.values(), ids=list(LAS_PROFILES))
def test_scores_of_wide_heads_keep_below_62_bits(profile: LasProfile) -> None:
    """LAS-11 for heads of 256 under every set but where the profile's own ratio forbids."""
    codes = [
        OatCode(form=profile.form, normal=n, outlier=o)
        for n, o in fixed_thresholds(profile, ("query", "key"))
    ]
    assert 2 * 256 * codes[0].largest_value * codes[1].largest_value < 1 << 62


@pytest.mark.parametrize("name", FAMILIES)
def test_models_hold_them(las_model: Callable[[str], LasModel], name: str) -> None:
    model = las_model(name)
    roles = model.config.structure.roles
    assert len(roles) == (9 if name == "llama" else 8)
    for layer in model.layers:
        assert tuple(layer.codes) == roles
        for role, code in layer.codes.items():
            expected = [Fraction(t) * 65536 for t in TABLE[role]["default"]]
            assert [Fraction(code.normal), Fraction(code.outlier)] == expected
            assert code.form == LAS.form
    assert (model.head_code.normal, model.classifier_code.outlier) == (16 << 16, 1024 << 16)


@pytest.mark.parametrize("name", FAMILIES)
def test_models_hold_the_standard_tables(las_model: Callable[[str], LasModel], name: str) -> None:
    """LMOD-4: each function's pieces and thresholds come back from the folder as they were."""
    model = las_model(name)
    names = functions_of(model.config)
    activation = {"bert": "gelu", "gpt2": "gelu-tanh", "opt": "relu", "llama": "silu"}[name]
    expected = ["exp", "reciprocal", "rsqrt", "sqrt", "square", activation]
    assert list(names) == expected + (["tanh"] if name == "bert" else [])
    found = dict(named_neurons(model.tables, names))
    assert set(found) == set(names)
    for function, neuron in found.items():
        for piece, made in zip(neuron.pieces, standard_neuron(function).pieces, strict=True):
            assert (piece.low, piece.high, piece.sign, piece.exponent) == (
                made.low, made.high, made.sign, made.exponent,
            )  # fmt: skip
            if isinstance(made.neuron, Expansion):
                assert isinstance(piece.neuron, Expansion)
                assert piece.neuron.falling == made.neuron.falling
                np.testing.assert_array_equal(piece.neuron.thresholds, made.neuron.thresholds)
            else:
                assert piece.neuron == made.neuron
