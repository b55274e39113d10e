"""Whole LAS models of a few neurons from random integers, as `las_decode` takes them (LMOD-3)."""

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.dot import absolute_column_sums, absolute_row_sums
from spikeref.arith.ties import Ties
from spikeref.compiler.las_plan import las_constants
from spikeref.model.groups import OPERATORS, Operator
from spikeref.model.las_config import LasShape, NormKind
from spikeref.model.las_profile import LAYER_ROLES, LasProfile
from spikeref.neurons.outlier_aware import TrainForm
from spikeref.operations.operation import Parameters
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.tiny_model import ONE_IN_ROPE
from spikeref.suite.tiny_tables import TinyTables

PROBABILITY_CODE = (1 << 11, 1 << 16)
"""2^−5 and 1: whatever the softmax gives, one of the two sub-neurons takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyLasModel:
    """What varies between the tiny models of the suite."""

    tables: TinyTables
    norm: str = "layer"
    placement: str = "pre"
    mlp: str = "plain"
    position: str = "learned"
    position_offset: int = 0
    multi_rotary: tuple[int, ...] = ()
    causal: int = 1
    pooler: int = 0
    vocab: int = 7
    hidden: int = 4
    intermediate: int = 6
    heads: int = 2
    kv_heads: int = 2
    head_dim: int = 2
    positions: int = 6
    token_types: int = 0
    classes: int = 0
    windows: tuple[int, ...] = (0, 0)
    """One a layer, 0 for none."""
    weight_bits: int = 8
    steps: int = 10
    levels: int = 1
    rule: str = "below"
    gate: str = "below"
    ties: str = "half-even"
    published_norm: int = 0
    published_softmax: int = 0
    tied: int = 0
    embedding_norm: bool = False
    final_norm: bool = True
    biased: bool = True

    @property
    def shape(self) -> LasShape:
        """The sizes of the model."""
        return LasShape(
            vocab=self.vocab,
            hidden=self.hidden,
            intermediate=self.intermediate,
            layers=len(self.windows),
            heads=self.heads,
            kv_heads=self.kv_heads,
            head_dim=self.head_dim,
            positions=self.positions,
            sliding_windows=tuple(window or None for window in self.windows),
            token_types=self.token_types,
            classes=self.classes,
        )

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The linear operators of a layer."""
        return tuple(op for op in OPERATORS if op != "gate" or self.mlp == "gated")


def las_parameters_of(model: TinyLasModel, digest: str) -> Parameters:
    """Return the LAS model parameters of CONF-9; digest: 64 hexadecimal digits."""
    shape = asdict(model.shape)
    del shape["sliding_windows"]
    profile = LasProfile(
        name="case", form=TrainForm(steps=model.steps, levels=model.levels), ties=Ties(model.ties)
    )
    constants = las_constants(model.shape, NormKind(model.norm), Fraction(1, 100000), profile)
    return {
        **shape,
        "sliding_windows": ",".join(map(str, model.windows)),
        "norm": model.norm,
        "placement": model.placement,
        "mlp": model.mlp,
        "activation": model.tables.activation,
        "position": model.position,
        "position_offset": model.position_offset,
        "multi_rotary": ",".join(map(str, model.multi_rotary)),
        "weight_bits": model.weight_bits,
        "steps": model.steps,
        "levels": model.levels,
        "rule": model.rule,
        "gate": model.gate,
        "ties": model.ties,
        "causal": model.causal,
        "pooler": model.pooler,
        "published_norm": model.published_norm,
        "published_softmax": model.published_softmax,
        "tied_head": model.tied,
        **asdict(constants),
        "table_steps": model.tables.steps,
        "model_digest": digest,
    }


def las_tensors_of(model: TinyLasModel, draw: Draw) -> dict[str, NDArray[Any]]:
    """Return the tensors of LMOD-3 by name, random but for what follows from the weights."""
    tensors = _outer(model, draw)
    for i in range(len(model.windows)):
        tensors |= _norm(draw, model, f"layers.{i}.attention_norm")
        tensors |= _norm(draw, model, f"layers.{i}.mlp_norm")
        for operator in model.operators:
            shape = model.shape.operator_shape(operator)
            tensors |= _synapses(draw, model, f"layers.{i}.{operator}", shape)
        roles = len(LAYER_ROLES) - (model.mlp == "plain")
        codes = _codes(draw, f"layers.{i}.thresholds", roles)
        codes[LAYER_ROLES.index("probabilities")] = PROBABILITY_CODE
        tensors[f"layers.{i}.thresholds"] = codes
    return tensors | model.tables.tensors(tanh=bool(model.pooler))


def _outer(model: TinyLasModel, draw: Draw) -> dict[str, NDArray[Any]]:
    tensors = _rows(draw, "embedding", model.vocab, model.hidden)
    if model.position == "learned":
        rows = model.positions + model.position_offset
        tensors |= _rows(draw, "positions", rows, model.hidden)
    else:
        half = (model.positions, model.head_dim // 2)
        for name in ("rope.cos", "rope.sin"):
            tensors[name] = draw.uniform(name, -ONE_IN_ROPE, ONE_IN_ROPE, half, "i16")
    if model.token_types:
        tensors |= _rows(draw, "types", model.token_types, model.hidden)
    if model.causal:
        if not model.tied:
            tensors |= _rows(draw, "head", model.vocab, model.hidden)
        head = tensors["embedding.mantissas" if model.tied else "head.mantissas"]
        tensors["head.weight_bound"] = tensor([int(absolute_row_sums(head).max())], "i64")
    for name, there in (("embedding_norm", model.embedding_norm), ("final_norm", model.final_norm)):
        tensors |= _norm(draw, model, name) if there else {}
    if model.pooler:
        tensors |= _synapses(draw, model, "pooler", (model.hidden, model.hidden))
    if model.classes:
        tensors |= _synapses(draw, model, "classifier", (model.hidden, model.classes))
    return tensors | {"thresholds": _codes(draw, "thresholds", 2)}


def _rows(draw: Draw, name: str, rows: int, width: int) -> dict[str, NDArray[Any]]:
    mantissas = draw.uniform(name, -32767, 32767, (rows, width), "i16")
    exponents = draw.uniform(f"{name} exponents", -16, -14, (rows,), "i16")
    return {f"{name}.mantissas": mantissas, f"{name}.exponents": exponents}


def _norm(draw: Draw, model: TinyLasModel, name: str) -> dict[str, NDArray[Any]]:
    found = {
        f"{name}.gamma": draw.uniform(name, 8000, 32767, (model.hidden,), "i16"),
        f"{name}.gamma_exponent": tensor([-14], "i16"),
    }
    if model.norm == "layer":
        beta = draw.uniform(f"{name}.beta", -(1 << 15), 1 << 15, (model.hidden,), "i64")
        found[f"{name}.beta"] = beta
    return found


def _codes(draw: Draw, name: str, roles: int) -> NDArray[np.int64]:
    """Return normal thresholds of 1/2 to 2, outlier ones of twice to eight times as much."""
    normal = draw.uniform(f"{name} normal", 15, 17, (roles,), "i64")
    outlier = normal + draw.uniform(f"{name} outlier", 1, 3, (roles,), "i64")
    return np.asarray(np.int64(1) << np.stack([normal, outlier], axis=1))


def _synapses(
    draw: Draw, model: TinyLasModel, prefix: str, shape: tuple[int, int]
) -> dict[str, NDArray[Any]]:
    limit, targets = (1 << (model.weight_bits - 1)) - 1, shape[1]
    weights = draw.uniform(f"{prefix}.weights", -limit, limit, shape, "i16")
    weights[draw.uniform(f"{prefix}.weights zero", 0, 7, shape, "i8") == 0] = 0
    exponent = -14 - model.weight_bits
    found: dict[str, NDArray[Any]] = {
        "weights": weights,
        "channel_mantissas": draw.uniform(f"{prefix}.m", 1 << 15, (1 << 16) - 1, (targets,), "u16"),
        "channel_exponents": draw.uniform(f"{prefix}.e", exponent, exponent + 1, (targets,), "i16"),
        "zero_weights": np.count_nonzero(weights == 0, axis=1).astype(np.int32),
        "weight_bound": tensor([int(absolute_column_sums(weights).max())], "i64"),
    }
    if model.biased:
        found["bias"] = draw.uniform(f"{prefix}.bias", -(1 << 15), 1 << 15, (targets,), "i64")
    return {f"{prefix}.{part}": array for part, array in found.items()}
