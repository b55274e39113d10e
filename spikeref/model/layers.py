"""The compiled layers: frozen dataclasses over read-only integer arrays (MODEL-2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeref.functions.tables import FunctionTables
from spikeref.model.config import ModelConfig
from spikeref.model.groups import Group, Operator
from spikeref.neurons.clipping import MembraneClip


@dataclass(frozen=True, slots=True, kw_only=True)
class Synapses:
    """A linear operator from N source neurons to M targets."""

    weights: NDArray[np.int8]
    """int8 [N, M], |W| <= 2^(w−1)−1; row j belongs to source neuron j."""
    channel_mantissas: NDArray[np.uint16]
    """uint16 [M], in [2^15, 2^16)."""
    channel_exponents: NDArray[np.int16]
    """int16 [M]."""
    bias: NDArray[np.int64] | None
    """int64 [M], 16 fraction bits, 40 bits."""
    weight_sums: NDArray[np.int32] | None
    """ρ, int32 [M]; only with asymmetric counts (ADD-4)."""
    zero_weights: NDArray[np.int32]
    """int32 [N]: zeros in each row of the weights."""
    accumulator_bound: int
    """max_m B[m] (ADD-3): no partial sum of a spike-driven product exceeds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gamma:
    """RMSNorm's γ: mantissas int16 [N] and one exponent (COMP-5)."""

    mantissas: NDArray[np.int16]
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DyadicRows:
    """Rows of the embedding or the head: row v stands for mantissas[v]·2^exponents[v] (COMP-6)."""

    mantissas: NDArray[np.int16]
    """int16 [V, N], |m| <= 2^15−1."""
    exponents: NDArray[np.int16]
    """int16 [V]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderLayer:
    """One decoder layer; γ is None under QuaRot, clips hold the groups that have a threshold."""

    attention_gamma: Gamma | None
    q: Synapses
    k: Synapses
    v: Synapses
    o: Synapses
    mlp_gamma: Gamma | None
    gate: Synapses
    up: Synapses
    down: Synapses
    clips: dict[Group, MembraneClip]
    sliding_window: int | None

    def synapses(self, operator: Operator) -> Synapses:
        """Return the operator of that name."""
        found: Synapses = getattr(self, operator)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Tables that a device may replace (MODEL-6)."""

    exp2: tuple[int, ...]
    """c_0 … c_6 (ARITH-8)."""
    cos: NDArray[np.int16]
    """int16 [P, d/2], 14 fraction bits."""
    sin: NDArray[np.int16]
    """int16 [P, d/2], 14 fraction bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerModel:
    """A compiled model, its weights mapped from the folder that holds them."""

    config: ModelConfig
    digest: str
    folder: Path
    embedding: DyadicRows
    head: DyadicRows
    final_gamma: Gamma | None
    tables: Tables
    functions: FunctionTables | None
    """HG neurons, where the profile has them (LAS-17)."""
    layers: Sequence[DecoderLayer]
