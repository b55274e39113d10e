"""The layers of a LAS model: frozen dataclasses over read-only integer arrays (LMOD-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeref.functions.tables import FunctionTables
from spikeref.model.groups import Operator
from spikeref.model.las_config import LasConfig
from spikeref.model.las_profile import LayerRole
from spikeref.model.layers import DyadicRows, Gamma
from spikeref.neurons.outlier_aware import OatCode


@dataclass(frozen=True, slots=True, kw_only=True)
class WideSynapses:
    """A linear operator from N source neurons to M targets."""

    weights: NDArray[np.int16]
    """int16 [N, M], |W| <= 2^(w−1)−1; row j belongs to source neuron j."""
    channel_mantissas: NDArray[np.uint16]
    """uint16 [M], in [2^15, 2^16)."""
    channel_exponents: NDArray[np.int16]
    """int16 [M]."""
    bias: NDArray[np.int64] | None
    """int64 [M], 16 fraction bits, 40 bits."""
    zero_weights: NDArray[np.int32]
    """int32 [N]: zeros in each row of the weights."""
    weight_bound: int
    """max_m Σ_j |W[j, m]|."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormParameters:
    """γ, and β of a LayerNorm: int64 [N], 16 fraction bits, 40 bits."""

    gamma: Gamma
    beta: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LasLayer:
    """One layer."""

    attention_norm: NormParameters
    mlp_norm: NormParameters
    operators: Mapping[Operator, WideSynapses]
    codes: Mapping[LayerRole, OatCode]
    sliding_window: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RotaryTables:
    """cos and sin, int16 [P, d/2], 14 fraction bits."""

    cos: NDArray[np.int16]
    sin: NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class LasModel:
    """A compiled LAS model, its weights mapped from the folder that holds them."""

    config: LasConfig
    digest: str
    folder: Path
    embedding: DyadicRows
    positions: DyadicRows | None
    types: DyadicRows | None
    embedding_norm: NormParameters | None
    final_norm: NormParameters | None
    head: DyadicRows | None
    """Of a decoder."""
    head_weight_bound: int
    """max_v Σ_j |mantissas[v, j]|; 0 without a head."""
    pooler: WideSynapses | None
    classifier: WideSynapses | None
    head_code: OatCode
    classifier_code: OatCode
    rotary: RotaryTables | None
    tables: FunctionTables
    layers: Sequence[LasLayer]
