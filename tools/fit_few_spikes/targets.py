"""What each FS neuron should fire: the pieces that hold an expansion (HG-8)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from spikeref.compiler.function_tables import standard_neuron
from spikeref.compiler.real_functions import magnitude
from spikeref.functions.tables import FUNCTION_NAMES, FunctionName
from spikeref.model.las_tables import LEAST_CODES
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.hierarchical import Piece
from tools.fit_few_spikes.search import Samples

REACH = 4 << 16
"""Beyond ±4, tanh is within 44 units of ±1."""
FAR = 4
"""Samples where a piece without end has become constant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One piece to fit."""

    name: FunctionName
    number: int
    """Of the piece among the function's."""
    piece: Piece
    low: int
    """Where the function begins to change; below it, in a piece without end, it does not."""
    high: int

    @property
    def least(self) -> int:
        """Return the least code that the function may have (HG-8)."""
        return LEAST_CODES.get(self.name, 0)

    def samples(self, count: int) -> Samples:
        """Return `count` samples with equal distances; the input is 0 at `low`.

        Where the piece goes on without end, a few far away.
        """
        span = self.high - self.low + 1
        places = np.floor((np.arange(count) + 0.5) * (span / count)).astype(np.int64)
        if self.high < self.piece.high:
            places[-FAR:] = self.piece.high
        if self.low > self.piece.low:
            places[:FAR] = self.piece.low - self.low
        wanted = magnitude(self.name, places + self.low) * 2.0**-self.piece.exponent
        return Samples(
            inputs=places.astype(np.float64),
            wanted=np.maximum(wanted, float(self.least)),
            span=float(span),
            first_step_stays=self.low > self.piece.low,
        )


def targets() -> Iterator[Target]:
    """Yield every piece with an expansion neuron, in the order of the functions."""
    for name in FUNCTION_NAMES:
        for number, piece in enumerate(standard_neuron(name).pieces):
            if isinstance(piece.neuron, Expansion):
                target = Target(
                    name=name, number=number, piece=piece, low=piece.low, high=piece.high
                )
                if name == "tanh":
                    target = replace(
                        target, low=max(piece.low, -REACH), high=min(piece.high, REACH)
                    )
                yield target
