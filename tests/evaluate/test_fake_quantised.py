"""Profiles in float64 with rounded operands: the integer models' own weights and counts."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.api import encode_counts, run
from spikeref.arith.hadamard import hadamard_matrix, plan_hadamard
from spikeref.checkpoint.parts import OperatorParts
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import compile_checkpoint
from spikeref.evaluate.baseline import baseline_hidden_many, baseline_nll_many
from spikeref.evaluate.baseline_operators import Array
from spikeref.evaluate.baseline_weights import weight_blocks
from spikeref.evaluate.fake_quantised import (
    HELD,
    FakeQuantised,
    Scope,
    rotated,
    rounded,
    rounded_weights,
)
from spikeref.model.folder import load_model
from spikeref.model.groups import GROUP_OF, OPERATORS, Operator
from spikeref.model.profile import PROFILES
from spikeref.model.rotation import input_rotation
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.trace.records import InputRecord, Record
from tests.evaluate.sources import checkpoint_of

TOKENS = [(37 * i * i + 11 * i) % 288 for i in range(24)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint_of(tmp_path_factory, "llama")


@pytest.fixture
def checkpoint(source: Path) -> Iterator[Checkpoint]:
    with Checkpoint.open(source) as opened:
        yield opened


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("ratio", [Fraction(1), Fraction(3, 4)])
def test_counts_are_those_of_the_encoder(encoding: Encoding, bits: int, ratio: Fraction) -> None:
    """Integers without ties, so that float64 rounds as the definition does."""
    u = np.array([[7, -103, 55, 31, 0, 12], [3, 1, 2, 5, 4, 9], [-5, -3, -9, -2, -1, -8]])
    encoder = Encoder(bits=bits, encoding=encoding, clip_ratio=ratio)
    found = rounded(u.astype(np.float64), bits, encoder)
    told = encode_counts(u, bits=bits, encoding=encoding.value, clip_ratio=ratio)
    zero = 0 if told.zero_point is None else np.asarray(told.zero_point)[:, None]
    counts = told.counts.astype(np.float64) - zero
    levels = (1 << (bits - 1)) - 1 if encoding is Encoding.TERNARY else (1 << bits) - 1
    scale = np.asarray(told.amax, dtype=np.float64)[:, None] * float(ratio) / levels
    assert np.allclose(found, counts * scale, rtol=1e-12, atol=1e-12)


def test_nothing_stays_nothing() -> None:
    for encoding in Encoding:
        encoder = Encoder(bits=4, encoding=encoding)
        assert not rounded(np.zeros((2, 5)), 4, encoder).any()
    assert not rounded_weights(np.zeros((2, 5)), 4).any()
    assert not rotated(np.zeros((2, 12)), plan_hadamard(12)).any()


@pytest.mark.parametrize("width", [1, 2, 12, 64, 172, 174])
def test_the_rotation_is_the_orthogonal_hadamard_matrix(width: int) -> None:
    plan = plan_hadamard(width)
    x = np.random.default_rng(3).normal(size=(5, width))
    block = hadamard_matrix(plan).astype(np.float64) / np.sqrt(plan.order)
    expected = np.concatenate(
        [part @ block.T for part in np.split(x, width // plan.order, axis=1)], axis=1
    )
    assert np.allclose(rotated(x, plan), expected, atol=1e-9)
    assert np.allclose(rotated(rotated(x, plan), plan, back=True), x, atol=1e-9)


class Watching(FakeQuantised):
    """Keeps what enters each operator."""

    def linear(self, layer: int, operator: Operator, parts: OperatorParts, x: Array) -> Array:
        inputs[layer, operator] = x
        return super().linear(layer, operator, parts, x)


inputs: dict[tuple[int, Operator], Array] = {}


@pytest.mark.parametrize("name", ["sdllm-w4a4kv4", "rtn-w4a4kv4", "sdllm-binary-w4a4kv4"])
def test_weights_and_first_counts_are_the_integer_models(
    checkpoint: Checkpoint, tmp_path: Path, name: str
) -> None:
    profile = PROFILES[name]
    compile_checkpoint(checkpoint, tmp_path / "model", profile)
    model = load_model(tmp_path / "model")
    records: dict[tuple[int, str], InputRecord] = {}

    def sink(record: Record) -> None:
        if isinstance(record, InputRecord):
            records[record.layer, record.op] = record

    run(model, TOKENS, trace=sink)
    products = Watching(checkpoint, profile, "all")
    inputs.clear()
    baseline_hidden_many(checkpoint, [TOKENS], products)
    layer = checkpoint.layout.layer(0)
    for operator in OPERATORS:
        plan = input_rotation(profile.rotation, products.shape, GROUP_OF[operator])
        blocks = [w for _, w in weight_blocks(checkpoint, layer.operators[operator].weight)]
        weights = rotated(np.concatenate(blocks), plan)
        found = rounded_weights(weights, profile.weight_bits)
        scale = np.max(np.abs(weights), axis=1, keepdims=True) / profile.largest_weight
        stated = model.layers[0].synapses(operator).weights.T
        assert np.mean(np.rint(found / scale) == stated) > 0.999
    given = rotated(inputs[0, "q"], input_rotation(profile.rotation, products.shape, "qkv"))
    values = rounded(given, profile.act_bits, profile.encoder())
    assert (
        np.mean(counts_of(values, given, profile.encoder()) == records[0, "qkv_input"].counts)
        > 0.99
    )


def counts_of(values: Array, given: Array, encoder: Encoder) -> NDArray[np.float64]:
    if encoder.encoding is Encoding.TERNARY:
        scale = np.max(np.abs(given), axis=1, keepdims=True) / encoder.levels
        return np.rint(values / scale)
    high, low = np.maximum(given.max(axis=1), 0), np.minimum(given.min(axis=1), 0)
    scale = ((high - low) / encoder.levels)[:, None]
    return np.rint(values / scale) + np.rint(-low[:, None] / scale)


@pytest.mark.parametrize("scope", list(HELD))
def test_a_scope_rounds_what_it_names(checkpoint: Checkpoint, scope: Scope) -> None:
    """With 8 bits everywhere, the scopes are one; with 2, each rounds more than the one before."""
    profile = PROFILES["sdllm-w8a8kv8"]
    exact = baseline_nll_many(checkpoint, [TOKENS])[0]
    same = baseline_nll_many(checkpoint, [TOKENS], FakeQuantised(checkpoint, profile, scope))[0]
    every = baseline_nll_many(checkpoint, [TOKENS], FakeQuantised(checkpoint, profile, "all"))[0]
    assert np.array_equal(same, every)
    assert 0 < np.abs(same - exact).max() < 0.2
    coarse = replace(profile, weight_bits=2, act_bits=2, kv_bits=2)
    held = FakeQuantised(checkpoint, coarse, scope)
    rough = baseline_nll_many(checkpoint, [TOKENS], held)[0]
    assert np.abs(rough - exact).max() > np.abs(same - exact).max()
    for operator in OPERATORS:
        parts = checkpoint.layout.layer(0).operators[operator]
        x = np.random.default_rng(1).normal(size=(3, parts.weight.inputs))
        fine = FakeQuantised(checkpoint, profile, scope).linear(0, operator, parts, x)
        assert np.array_equal(held.linear(0, operator, parts, x), fine) == (
            operator not in HELD[scope]
        )


def test_scopes_grow() -> None:
    assert HELD["qkv"] < HELD["qkv+attention"] < HELD["all"] == {*OPERATORS, "cache"}
