"""The HG neurons that a model's functions are made of (LMOD-4)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from spikeref.neurons.hierarchical import HgNeuron

ActivationName: TypeAlias = Literal["silu", "gelu", "gelu-tanh", "relu"]
ACTIVATION_NAMES: tuple[ActivationName, ...] = get_args(ActivationName)

FunctionName: TypeAlias = Literal[
    "silu", "gelu", "gelu-tanh", "relu", "tanh", "exp", "reciprocal", "rsqrt", "sqrt", "square"
]
FUNCTION_NAMES: tuple[FunctionName, ...] = get_args(FunctionName)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FunctionTables:
    """One HG neuron a function."""

    exp: HgNeuron
    reciprocal: HgNeuron
    rsqrt: HgNeuron
    square_root: HgNeuron
    square: HgNeuron
    activation: HgNeuron
    tanh: HgNeuron | None
    """Of a pooler, where the model has one."""
