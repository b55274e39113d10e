"""What a pass in float64 computes its linear operators with: exactly, or as a baseline would."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spikeref.checkpoint.parts import OperatorParts
from spikeref.checkpoint.reader import Checkpoint
from spikeref.evaluate.baseline_operators import Array
from spikeref.evaluate.baseline_weights import linear
from spikeref.model.groups import Operator


class Products(Protocol):
    """The linear operators, and what enters attention. Shapes as in baseline_operators."""

    def linear(self, layer: int, operator: Operator, parts: OperatorParts, x: Array) -> Array:
        """Return W·x + b: [M, N] -> [M, outputs]."""
        ...

    def heads(
        self, layer: int, q: Array, k: Array, v: Array, seen: NDArray[np.bool_]
    ) -> tuple[Array, Array, Array]:
        """Return queries [T, A, d], keys and values [T, G, d] of a sequence for attention."""
        ...


@dataclass(frozen=True, slots=True)
class ExactProducts:
    """As float64 has them."""

    checkpoint: Checkpoint

    def linear(self, layer: int, operator: Operator, parts: OperatorParts, x: Array) -> Array:
        """Return W·x + b."""
        return linear(self.checkpoint, parts, x)

    def heads(
        self, layer: int, q: Array, k: Array, v: Array, seen: NDArray[np.bool_]
    ) -> tuple[Array, Array, Array]:
        """Return them unchanged."""
        return q, k, v
