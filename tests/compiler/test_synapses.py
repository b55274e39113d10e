"""Integer weights, scales and biases against the definition in exact fractions (COMP-2 to 10)."""

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from spikeref.arith.hadamard import hadamard_matrix, plan_hadamard
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.residual import residual_signs
from spikeref.model.groups import OPERATORS, Operator
from spikeref.model.profile import Profile, Rotation, adjust_profile, find_profile
from spikeref.neurons.counts import Encoding
from tests.compiler.conftest import CompileInto

NAMES: dict[Operator, str] = {
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.o_proj",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}
LAYER = "model.layers.1"


def matrix_of(width: int) -> np.ndarray:
    """H of a width that has one, as Python integers."""
    plan = plan_hadamard(width)
    assert plan.order == width
    return hadamard_matrix(plan).astype(object)


def exponent_of(values: np.ndarray) -> int:
    largest = max(abs(Fraction(float(v))) for v in values.ravel())
    e = math.frexp(float(largest))[1]
    assert Fraction(2) ** (e - 1) <= largest < Fraction(2) ** e
    return e


def fixed(values: np.ndarray, e: int) -> np.ndarray:
    integers = [round(Fraction(float(v)) * Fraction(2) ** (22 - e)) for v in values.ravel()]
    return np.array(integers, dtype=object).reshape(values.shape)


def definition(
    checkpoint: Checkpoint, operator: Operator, profile: Profile
) -> tuple[np.ndarray, list[int], Fraction]:
    """Return m' as Python integers [M, N], the exponent of each row, and the constant factor."""
    name = f"{LAYER}.{NAMES[operator]}.weight"
    targets, sources = checkpoint.shape(name)
    w = checkpoint.rows(name, 0, targets).astype(np.float64)
    q = 2 ** (profile.act_bits - 1) - 1
    if profile.encoding is Encoding.BINARY:
        q = 2**profile.act_bits - 1
    factor = profile.clip_ratio / ((2 ** (profile.weight_bits - 1) - 1) * q)
    head_dim = checkpoint.config.head_dim
    if operator == "o":
        n_h = 1 if profile.rotation is Rotation.NONE else head_dim
        factor *= profile.clip_ratio / ((2 ** (profile.kv_bits - 1) - 1) * n_h)
    hidden = checkpoint.config.hidden
    h = (hidden.bit_length() - 1) // 2
    if profile.rotation is Rotation.QUAROT and operator in ("o", "down"):
        e = exponent_of(w)
        m = (matrix_of(hidden) * residual_signs(hidden).astype(int)) @ fixed(w, e)
        exponents = [e] * targets
        factor /= 2**h
    else:
        if profile.rotation is Rotation.QUAROT:
            norm = "input" if operator in ("q", "k", "v") else "post_attention"
            gamma = checkpoint.vector(f"{LAYER}.{norm}_layernorm.weight").astype(np.float64)
            w = w * gamma * residual_signs(hidden)
            factor *= 2**h
        exponents = [exponent_of(row) for row in w]
        m = np.array([fixed(r, e) for r, e in zip(w, exponents, strict=True)], dtype=object)
    if profile.rotation is not Rotation.NONE:
        m = m @ matrix_of(sources).T
        factor /= sources
    return m, exponents, factor


@pytest.mark.parametrize("encoding", Encoding, ids=lambda e: e.value)
@pytest.mark.parametrize("rotation", Rotation, ids=lambda r: r.value)
def test_every_operator(
    rotation: Rotation,
    encoding: Encoding,
    checkpoint_of: Callable[[str], Path],
    compiled: CompileInto,
) -> None:
    source = checkpoint_of("tiny-qwen2")
    profile = adjust_profile(
        find_profile("sdllm-w4a4kv5"),
        rotation=rotation,
        encoding=encoding,
        clip_ratio=Fraction(9, 10),
    )
    layer = compiled(source, profile).layers[1]
    with Checkpoint.open(source) as checkpoint:
        for operator in OPERATORS:
            synapses = layer.synapses(operator)
            m, exponents, factor = definition(checkpoint, operator, profile)
            for i in range(0, len(m), 5):
                a = max(map(abs, m[i])) or 1
                expected = [round(Fraction(7 * int(x), int(a))) for x in m[i]]
                assert synapses.weights[:, i].tolist() == expected, (operator, i)
                scale = int(a) * factor * Fraction(2) ** (exponents[i] - 22)
                mantissa = int(synapses.channel_mantissas[i])
                unit = Fraction(2) ** int(synapses.channel_exponents[i])
                assert 1 << 15 <= mantissa < 1 << 16
                assert abs(scale - mantissa * unit) <= unit / 2, (operator, i)
            if operator in ("q", "k", "v"):
                bias = checkpoint.vector(f"{LAYER}.{NAMES[operator]}.bias").tolist()
                assert synapses.bias is not None
                assert synapses.bias.tolist() == [round(Fraction(b) * 65536) for b in bias]
            else:
                assert synapses.bias is None
