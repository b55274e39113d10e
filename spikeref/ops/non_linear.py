"""Norm, gate and softmax of a decoder of SDLLM: integer operators, or HG neurons (LAS-17)."""

from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import Scale, normalise, round_shift
from spikeref.arith.ties import Ties
from spikeref.engine.products import SpikeHadamard
from spikeref.functions.activation import activate, with_fraction_bits
from spikeref.functions.tables import FunctionTables
from spikeref.model.config import Constants
from spikeref.model.layers import Gamma, IntegerModel
from spikeref.ops.attention_steps import Exp2Softmax, HgSoftmax, Softmax
from spikeref.ops.gate import PRODUCT_EXPONENT, silu_gate
from spikeref.ops.las_feed_forward import ACTIVATION_FRACTION_BITS
from spikeref.ops.las_norm import NormRules, paper_norm
from spikeref.ops.norm import FRACTION_BITS, Scaled, by_gamma, rms_norm, scaled_by_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerFunctions:
    """The operators of chapters 8 and 9."""

    constants: Constants
    coefficients: tuple[int, ...]
    """c_0 … c_6 of exp2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikingFunctions:
    """HG neurons, and the product that joins their spikes."""

    tables: FunctionTables
    steps: int
    root: Scale
    """√N (OP-2)."""
    epsilon: Scale
    hadamard: SpikeHadamard
    ties: Ties

    @property
    def norm(self) -> NormRules:
        """What the norms share."""
        return NormRules(
            centred=False,
            root=self.root,
            epsilon=self.epsilon,
            steps=self.steps,
            tables=self.tables,
            ties=self.ties,
        )


NonLinearFunctions: TypeAlias = IntegerFunctions | SpikingFunctions


def non_linear_functions(model: IntegerModel, hadamard: SpikeHadamard) -> NonLinearFunctions:
    """Return what computes norm, gate and softmax of a model."""
    config = model.config
    if model.functions is None:
        return IntegerFunctions(constants=config.constants, coefficients=model.tables.exp2)
    profile = config.profile
    return spiking_functions(
        model.functions, config.constants, profile.steps, hadamard, profile.ties
    )


def norm(
    x: NDArray[np.int64], gamma: Gamma | None, functions: NonLinearFunctions, ties: Ties
) -> Scaled:
    """Return γ∘RMSNorm(x), or RMSNorm(x) where gamma is None, of x int64 [T, N] (OP-2, OP-3)."""
    match functions:
        case IntegerFunctions(constants=constants):
            return rms_norm(x, gamma, constants, ties)
        case SpikingFunctions():
            rules, product = functions.norm, functions.hadamard
            return scaled_by_rows(
                len(x),
                x.shape[1],
                lambda rows: by_gamma(paper_norm(x[rows], rules, product).y, gamma),
            )
        case _:
            assert_never(functions)


def gate(g: NDArray[Any], a: NDArray[Any], functions: NonLinearFunctions, ties: Ties) -> Scaled:
    """Return SiLU(g)·a, int64 [T, N] with exponent −32, of g and a of 32 bits [T, N] (OP-9)."""
    match functions:
        case IntegerFunctions(constants=constants, coefficients=coefficients):
            return silu_gate(g, a, constants.log2e, coefficients, ties)
        case SpikingFunctions():
            return scaled_by_rows(
                len(g), g.shape[1], lambda rows: _gate_of_spikes(g[rows], a[rows], functions, ties)
            )
        case _:
            assert_never(functions)


def _gate_of_spikes(
    g: NDArray[Any], a: NDArray[Any], functions: SpikingFunctions, ties: Ties
) -> Scaled:
    spikes = activate(g.astype(np.int64), functions.tables.activation, functions.steps)
    fine = with_fraction_bits(spikes, ACTIVATION_FRACTION_BITS)
    k = round_shift(fine, ACTIVATION_FRACTION_BITS - FRACTION_BITS, ties)
    exponent = np.full(len(g), PRODUCT_EXPONENT, dtype=np.int64)
    return Scaled(values=k * a, exponent=exponent)


def softmax(functions: NonLinearFunctions) -> Softmax:
    """Return what weighs the scores (ATT-7, ATT-9)."""
    match functions:
        case IntegerFunctions(coefficients=coefficients):
            return Exp2Softmax(coefficients)
        case SpikingFunctions(tables=tables, steps=steps):
            return HgSoftmax(tables=tables, steps=steps)
        case _:
            assert_never(functions)


def spiking_functions(
    tables: FunctionTables, constants: Constants, steps: int, hadamard: SpikeHadamard, ties: Ties
) -> SpikingFunctions:
    """Return HG neurons of T = steps time steps with the constants of a decoder (LAS-17)."""
    root = normalise(np.array([constants.norm_root], dtype=np.int64), 16, ties)
    return SpikingFunctions(
        tables=tables,
        steps=steps,
        root=Scale(
            mantissa=root.mantissa[0],
            exponent=root.exponent[0] - np.int64(constants.norm_root_exponent),
        ),
        epsilon=Scale(
            mantissa=np.asarray(constants.norm_epsilon, dtype=np.int64),
            exponent=np.asarray(0, dtype=np.int64),
        ),
        hadamard=hadamard,
        ties=ties,
    )
