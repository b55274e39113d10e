"""The HG neurons of the tiny models: fitted ones, which are small, or tables of few steps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from spikeref.compiler.function_tables import fitted_neuron
from spikeref.functions.tables import ActivationName, FunctionName
from spikeref.model.las_tables import MANTISSA_FUNCTIONS, neuron_tensors
from spikeref.suite.cases.las_tables import (
    exp_table,
    reciprocal_table,
    rsqrt_table,
    sqrt_table,
    square_table,
)
from spikeref.suite.draw import tensor

SINGLE: dict[FunctionName, Callable[[int], NDArray[Any]]] = {
    "exp": exp_table,
    "reciprocal": reciprocal_table,
    "rsqrt": rsqrt_table,
    "sqrt": sqrt_table,
    "square": square_table,
}
FALLING = ("exp", "reciprocal", "rsqrt")
EXPONENTS = {"exp": -16}


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyTables:
    """The functions of a model: fitted neurons (HG-8), which are small.

    expansions: functions of one piece that have tables of `steps` steps instead (NEUR-7).
    """

    activation: ActivationName
    expansions: tuple[FunctionName, ...] = ()
    steps: int = 10

    def tensors(self, *, tanh: bool) -> dict[str, NDArray[Any]]:
        """Return the tensors of LMOD-4."""
        pooled: tuple[FunctionName, ...] = ("tanh",) if tanh else ()
        found: dict[str, NDArray[Any]] = {}
        for name in (*MANTISSA_FUNCTIONS, self.activation, *pooled):
            if name in self.expansions:
                found |= self._expansion(name)
            else:
                found |= neuron_tensors(name, fitted_neuron(name))
        return found

    def _expansion(self, name: FunctionName) -> dict[str, NDArray[Any]]:
        low, high = MANTISSA_FUNCTIONS[name]
        row = [low, high, 1, EXPONENTS.get(name, 0), int(name in FALLING), 0]
        return {
            f"tables.{name}.pieces": tensor([row], "i64"),
            f"tables.{name}.0.thresholds": SINGLE[name](self.steps),
        }
