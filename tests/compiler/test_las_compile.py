"""LAS models against the checkpoint's numbers in exact fractions (LMOD-2, LMOD-3, LMOD-5)."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.checkpoint.parts import NormParts, OperatorParts
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.las_compile import compile_las
from spikeref.errors import CheckpointError, UsageError
from spikeref.model.las_config import FeedForward, NormKind, Placement, Position
from spikeref.model.las_layers import LasModel, NormParameters, WideSynapses
from spikeref.model.las_profile import LAS_PROFILES, LasProfile, adjust_las_profile
from spikeref.model.layers import DyadicRows
from tests.checkpoint.conftest import edit_config, edit_tensors
from tests.las_models import CHECKPOINTS, FAMILIES, LAS, LEVELS, compiled_las
from tools.synthetic_checkpoint import write_checkpoint

ModelOf = Callable[[str], LasModel]
EVERY = ("bert", "gpt2", "opt", "llama", "mistral", "qwen2")


def source_of(model: LasModel) -> Checkpoint:
    return Checkpoint.open(model.folder.parent / "checkpoint")


def fractions(row: NDArray[np.float32]) -> list[Fraction]:
    return [Fraction(float(v)) for v in row.ravel()]


def bits_of(largest: Fraction) -> int:
    """e with 2^(e−1) <= largest < 2^e."""
    e = 0
    while Fraction(2) ** e <= largest:
        e += 1
    while Fraction(2) ** (e - 1) > largest:
        e -= 1
    return e


def check_operator(
    source: Checkpoint, parts: OperatorParts, made: WideSynapses, largest: int, outputs: int
) -> None:
    """COMP-2, COMP-4, COMP-7 and COMP-8 for some output channels, in fractions."""
    weights = made.weights.astype(np.int64)
    assert made.weights.dtype == np.int16
    assert weights.shape == (parts.weight.inputs, parts.weight.outputs)
    for m in range(0, parts.weight.outputs, max(1, parts.weight.outputs // outputs)):
        row = fractions(source.outputs(parts.weight, m, m + 1))
        e = bits_of(max(map(abs, row)))
        fixed = [round(w * Fraction(2) ** (22 - e)) for w in row]
        a = max(map(abs, fixed))
        assert weights[:, m].tolist() == [round(Fraction(largest * v, a)) for v in fixed]
        scale = Fraction(a, largest) * Fraction(2) ** (e - 22)
        mantissa, exponent = int(made.channel_mantissas[m]), int(made.channel_exponents[m])
        assert 1 << 15 <= mantissa < 1 << 16
        rounded = round(scale / Fraction(2) ** exponent)
        assert mantissa == rounded or (rounded, mantissa) == (65536, 32768)
    assert made.weight_bound == int(np.abs(weights).sum(axis=0).max())
    assert made.zero_weights.tolist() == [row.count(0) for row in weights.tolist()]
    if parts.bias is None:
        assert made.bias is None
    else:
        assert made.bias is not None
        bias = fractions(source.entries(parts.bias))
        assert made.bias.tolist() == [round(b * 65536) for b in bias]


def check_rows(source: Checkpoint, name: str, made: DyadicRows, picked: list[int]) -> None:
    """COMP-6: the smallest exponent with which mantissas keep 16 bits."""
    assert made.mantissas.shape == source.shape(name)
    for r in picked:
        row = fractions(source.rows(name, r, r + 1))
        x = int(made.exponents[r])
        assert made.mantissas[r].tolist() == [round(w / Fraction(2) ** x) for w in row]
        most = max(map(abs, row))
        assert round(most / Fraction(2) ** x) <= 32767 < round(most / Fraction(2) ** (x - 1))


def check_norm(source: Checkpoint, parts: NormParts, made: NormParameters) -> None:
    gamma = fractions(source.entries(parts.gamma))
    x = made.gamma.exponent
    assert made.gamma.mantissas.tolist() == [round(g / Fraction(2) ** x) for g in gamma]
    if parts.beta is None:
        assert made.beta is None
    else:
        assert made.beta is not None
        beta = fractions(source.entries(parts.beta))
        assert made.beta.tolist() == [round(b * 65536) for b in beta]


@pytest.mark.parametrize("name", EVERY)
def test_operators_and_norms(las_model: ModelOf, name: str) -> None:
    model = las_model(name)
    with source_of(model) as source:
        for index, layer in enumerate(model.layers):
            parts = source.layout.layer(index)
            check_norm(source, parts.attention_norm, layer.attention_norm)
            check_norm(source, parts.mlp_norm, layer.mlp_norm)
            assert set(layer.operators) == set(parts.operators)
            for operator, made in layer.operators.items():
                check_operator(source, parts.operators[operator], made, 32767, 4)


@pytest.mark.parametrize("name", EVERY)
def test_rows_and_outer_operators(las_model: ModelOf, name: str) -> None:
    model = las_model(name)
    with source_of(model) as source:
        outer = source.layout.outer()
        for part, made in (
            (outer.embedding, model.embedding),
            (outer.positions, model.positions),
            (outer.types, model.types),
            (outer.head, None if model.config.tied_head else model.head),
        ):
            assert (part is None) == (made is None)
            if part is not None and made is not None:
                check_rows(source, part.name, made, [0, 1, part.rows - 1])
        for norm, found in (
            (outer.embedding_norm, model.embedding_norm),
            (outer.final_norm, model.final_norm),
        ):
            assert (norm is None) == (found is None)
            if norm is not None and found is not None:
                check_norm(source, norm, found)
        for operator, synapses in (
            (outer.pooler, model.pooler),
            (outer.classifier, model.classifier),
        ):
            assert (operator is None) == (synapses is None)
            if operator is not None and synapses is not None:
                check_operator(source, operator, synapses, 32767, 4)
    if name == "bert":
        assert model.head is None
        assert model.head_weight_bound == 0
    else:
        assert model.head is not None
        sums = np.abs(model.head.mantissas.astype(np.int64)).sum(axis=1)
        assert model.head_weight_bound == int(sums.max())
        assert (model.head is model.embedding) == model.config.tied_head


def test_fewer_weight_bits(tmp_path: Path) -> None:
    """Nine bits: weights of ±255, still stored as 16 bits."""
    model = compiled_las(tmp_path, "gpt2", LEVELS)
    assert model.config.profile == LEVELS
    with source_of(model) as source:
        parts = source.layout.layer(1).operators["down"]
        made = model.layers[1].operators["down"]
        check_operator(source, parts, made, 255, 24)
        assert int(np.abs(made.weights).max()) == 255


def test_structures(las_model: ModelOf) -> None:
    """LMOD-2's members as each family has them."""
    found = {name: las_model(name).config for name in EVERY}
    bert, gpt2, opt, llama = (found[name] for name in FAMILIES)
    assert (bert.structure.placement, bert.structure.norm) == (Placement.POST, NormKind.LAYER)
    assert (bert.structure.causal, bert.structure.pooler, bert.shape.classes) == (False, True, 3)
    assert (bert.shape.token_types, bert.structure.activation) == (2, "gelu")
    for config in (gpt2, opt):
        assert (config.structure.placement, config.structure.norm) == (
            Placement.PRE,
            NormKind.LAYER,
        )
        assert (config.structure.mlp, config.structure.causal) == (FeedForward.PLAIN, True)
        assert (config.structure.position, config.tied_head) == (Position.LEARNED, True)
    assert (gpt2.structure.activation, opt.structure.activation) == ("gelu-tanh", "relu")
    assert (gpt2.structure.position_offset, opt.structure.position_offset) == (0, 2)
    assert (llama.structure.norm, llama.structure.mlp) == (NormKind.RMS, FeedForward.GATED)
    assert (llama.structure.activation, llama.structure.position) == ("silu", Position.ROTARY)
    assert (llama.shape.heads, llama.shape.kv_heads) == (4, 2)
    assert found["mistral"].shape.sliding_windows == (3, 3)
    assert found["qwen2"].tied_head
    with source_of(las_model("llama")) as source:
        assert llama.source_digest == source.source_digest


def test_the_same_bytes_twice(las_model: ModelOf, tmp_path: Path) -> None:
    """Digest and every file: a compilation depends on the checkpoint and the profile alone."""
    model = las_model("bert")
    with source_of(model) as source:
        assert compile_las(source, tmp_path / "again", LAS) == model.digest
        assert compile_las(source, tmp_path / "other", LAS_PROFILES["las-bert"]) != model.digest
    for path in sorted(model.folder.iterdir()):
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_progress_and_targets(tmp_path: Path) -> None:
    source = write_checkpoint(CHECKPOINTS["opt"], tmp_path / "checkpoint")
    seen: list[tuple[int, int]] = []
    with Checkpoint.open(source) as checkpoint:
        compile_las(checkpoint, tmp_path / "m", LAS, progress=lambda d, t: seen.append((d, t)))
        assert seen == [(1, 3), (2, 3), (3, 3)]
        with pytest.raises(UsageError) as refused:
            compile_las(checkpoint, tmp_path / "m", LAS)
    assert "\n" not in str(refused.value)


def test_what_cannot_be_compiled_leaves_nothing(tmp_path: Path) -> None:
    source = write_checkpoint(CHECKPOINTS["gpt2"], tmp_path / "checkpoint", dtype="fp32")

    def refusal() -> str:
        with Checkpoint.open(source) as checkpoint, pytest.raises(CheckpointError) as refused:
            compile_las(checkpoint, tmp_path / "model", LAS)
        assert not (tmp_path / "model").exists()
        assert "\n" not in str(refused.value)
        return str(refused.value)

    edit_config(source, layer_norm_epsilon=1e6)
    assert "epsilon" in refusal()
    edit_config(source, layer_norm_epsilon=1e-5)
    name = "h.1.mlp.c_fc.bias"
    edit_tensors(source, lambda t: t[name].__setitem__(3, 2.0**23))
    assert name in refusal()


@pytest.mark.parametrize("epsilon", [1e-60, 1e9])
@pytest.mark.parametrize(
    ("name", "member"),
    [("llama", "rms_norm_eps"), ("gpt2", "layer_norm_epsilon"), ("bert", "layer_norm_eps")],
)
def test_an_epsilon_that_would_not_load(
    tmp_path: Path, name: str, member: str, epsilon: float
) -> None:
    """LMOD-6: what loading refuses of the constants, compiling refuses first."""
    source = write_checkpoint(CHECKPOINTS[name], tmp_path / "checkpoint")
    edit_config(source, **{member: epsilon})
    with Checkpoint.open(source) as checkpoint, pytest.raises(CheckpointError) as refused:
        compile_las(checkpoint, tmp_path / "model", LAS)
    assert f"{member} {epsilon:g}" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (adjust_las_profile(LAS_PROFILES["las-qwen2-vl"], levels=15), "beyond 30 bits"),
        (adjust_las_profile(LAS, levels=15), "62 bits"),
        (replace(LAS, thresholds="calibrated"), "calibrated"),
    ],
    ids=["values", "scores", "calibrated"],
)
def test_profiles_whose_models_would_not_load(
    tmp_path: Path, profile: LasProfile, words: str
) -> None:
    """What loading refuses, compiling refuses first: NEUR-3, and LAS-11 for wide heads."""
    wide = dict(CHECKPOINTS["gpt2"]) | {"n_embd": 512, "n_head": 1, "n_layer": 1, "n_inner": 8}
    source = write_checkpoint(wide, tmp_path / "checkpoint")
    with Checkpoint.open(source) as checkpoint, pytest.raises(UsageError, match=words) as refused:
        compile_las(checkpoint, tmp_path / "model", profile)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "model").exists()
