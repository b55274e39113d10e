"""Whole models of a few neurons from random integers, as `decode` takes them (MODEL-2)."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.hadamard import plan_hadamard
from spikeref.compiler.constants import model_constants
from spikeref.model.config import ModelShape
from spikeref.model.groups import OPERATORS, Operator
from spikeref.model.rotation import order_of
from spikeref.neurons.counts import Encoder, Encoding
from spikeref.operations.accumulator import accumulator_bound
from spikeref.operations.operation import Parameters
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import STANDARD_TABLE, Setting

ONE_IN_ROPE = 1 << 14
LOG2E = 1549082005


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyModel:
    """What varies between the tiny models of the suite."""

    setting: Setting
    rotation: str
    weight_bits: int = 4
    kv_bits: int = 4
    vocab: int = 7
    hidden: int = 4
    intermediate: int = 4
    heads: int = 2
    kv_heads: int = 1
    head_dim: int = 2
    positions: int = 6
    windows: tuple[int, ...] = (0,)
    """One a layer, 0 for none."""
    tied: int = 0
    biased: tuple[Operator, ...] = ()
    clips: dict[str, int] = field(default_factory=dict)
    """Threshold by group, in every layer."""
    clip_mode: str = "none"
    table: list[int] = field(default_factory=lambda: STANDARD_TABLE)
    eos: str = ""
    gains: dict[Operator, int] = field(default_factory=dict)
    """Added to the channel exponents of an operator, so that its outputs saturate."""

    @property
    def shape(self) -> ModelShape:
        """The sizes of the decoder."""
        return ModelShape(
            vocab=self.vocab,
            hidden=self.hidden,
            intermediate=self.intermediate,
            layers=len(self.windows),
            heads=self.heads,
            kv_heads=self.kv_heads,
            head_dim=self.head_dim,
            positions=self.positions,
            sliding_windows=tuple(window or None for window in self.windows),
        )

    @property
    def encoder(self) -> Encoder:
        """The encoder at the input of linear operators, ties aside."""
        return Encoder(
            bits=self.setting.bits,
            encoding=Encoding(self.setting.encoding),
            clip_ratio=Fraction(*self.setting.ratio),
        )


def parameters_of(model: TinyModel, digest: str) -> Parameters:
    """Return the model parameters of CONF-9; digest: 64 hexadecimal digits."""
    setting = model.setting
    rotated = model.rotation != "none"
    constants = model_constants(
        width=model.hidden,
        power=Fraction(1),
        epsilon=Fraction(1, 100000),
        head_dim=model.head_dim,
        head_order=order_of(plan_hadamard(model.head_dim)) if rotated else 1,
        cache=Encoder(
            bits=model.kv_bits,
            encoding=Encoding.TERNARY,
            clip_ratio=Fraction(*setting.ratio),
        ),
    )
    shape = model.shape
    return {
        "vocab": shape.vocab,
        "hidden": shape.hidden,
        "intermediate": shape.intermediate,
        "layers": shape.layers,
        "heads": shape.heads,
        "kv_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "positions": shape.positions,
        "sliding_windows": ",".join(map(str, model.windows)),
        "weight_bits": model.weight_bits,
        "act_bits": setting.bits,
        "kv_bits": model.kv_bits,
        "encoding": setting.encoding,
        "rotation": model.rotation,
        "ratio_n": setting.ratio[0],
        "ratio_d": setting.ratio[1],
        "ties": setting.ties,
        "norm_root": constants.norm_root,
        "norm_root_exponent": constants.norm_root_exponent,
        "norm_epsilon": constants.norm_epsilon,
        "score_mantissa": constants.score_mantissa,
        "score_exponent": constants.score_exponent,
        "log2e": LOG2E,
        "tied_head": model.tied,
        "clip_mode": model.clip_mode,
        "eos_token_ids": model.eos,
        "model_digest": digest,
    }


def tensors_of(model: TinyModel, draw: Draw) -> dict[str, NDArray[Any]]:
    """Return the tensors of MODEL-2 by name, random but for what follows from the weights."""
    shape = model.shape
    tensors = _rows(draw, "embedding", shape)
    if not model.tied:
        tensors |= _rows(draw, "head", shape)
    tensors |= _gamma(draw, model, "final_norm")
    half = (shape.positions, shape.head_dim // 2)
    for name in ("rope.cos", "rope.sin"):
        tensors[name] = draw.uniform(name, -ONE_IN_ROPE, ONE_IN_ROPE, half, "i16")
    tensors["tables.exp2"] = tensor(model.table, "i64")
    for i in range(shape.layers):
        tensors |= _gamma(draw, model, f"layers.{i}.attention_norm")
        tensors |= _gamma(draw, model, f"layers.{i}.mlp_norm")
        for operator in OPERATORS:
            tensors |= _synapses(draw, model, f"layers.{i}.{operator}", operator)
        for group, threshold in model.clips.items():
            tensors[f"layers.{i}.clip.{group}"] = tensor([threshold], "i64")
    return tensors


def _rows(draw: Draw, name: str, shape: ModelShape) -> dict[str, NDArray[Any]]:
    mantissas = draw.uniform(name, -32767, 32767, (shape.vocab, shape.hidden), "i16")
    exponents = draw.uniform(f"{name} exponents", -16, -14, (shape.vocab,), "i16")
    return {f"{name}.mantissas": mantissas, f"{name}.exponents": exponents}


def _gamma(draw: Draw, model: TinyModel, name: str) -> dict[str, NDArray[Any]]:
    if model.rotation == "quarot":
        return {}
    return {
        f"{name}.gamma": draw.uniform(name, 8000, 32767, (model.hidden,), "i16"),
        f"{name}.gamma_exponent": tensor([-14], "i16"),
    }


def _synapses(
    draw: Draw, model: TinyModel, prefix: str, operator: Operator
) -> dict[str, NDArray[Any]]:
    sources, targets = model.shape.operator_shape(operator)
    weights = draw.weights(f"{prefix}.weights", (sources, targets), model.weight_bits)
    largest = sources * model.setting.levels << model.weight_bits
    if operator == "o":
        # The scale of the cached values is folded into o (COMP-7).
        largest *= model.head_dim << (model.kv_bits - 1)
    exponent = model.gains.get(operator, 0) - 14 - largest.bit_length()
    found: dict[str, NDArray[Any]] = {
        "weights": weights,
        "channel_mantissas": draw.uniform(f"{prefix}.m", 1 << 15, (1 << 16) - 1, (targets,), "u16"),
        "channel_exponents": draw.uniform(f"{prefix}.e", exponent, exponent + 2, (targets,), "i16"),
        "zero_weights": np.count_nonzero(weights == 0, axis=1).astype(np.int32),
        "accumulator_bound": tensor([accumulator_bound(weights, model.encoder)], "i64"),
    }
    if operator in model.biased:
        found["bias"] = draw.uniform(f"{prefix}.bias", -(1 << 17), 1 << 17, (targets,), "i64")
    if model.setting.encoding == "binary":
        found["weight_sums"] = weights.sum(axis=0, dtype=np.int32)
    return {f"{prefix}.{part}": array for part, array in found.items()}
