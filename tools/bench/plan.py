"""What a measurement is, and what it is told."""

from collections.abc import Callable
from dataclasses import dataclass

from tools.bench.report import Row, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How thoroughly to measure."""

    quick: bool
    threads: int
    """Threads of NumPy's BLAS: a peer gets as many."""

    def rounds(self, full: int, quick: int) -> int:
        """Return how often each side runs."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One interleaved run that gives one row, or several that share it.

    rows: their names and targets, in order; what fails to run is reported under all of them.
    """

    rows: dict[str, Target]
    measure: Callable[[Plan], list[Row]]
