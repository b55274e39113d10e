"""The input values behind an element of an output."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

LONGEST = 8
"""Values of one operand that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """Values of one input at the place of an element, in row-major order."""

    name: str
    index: tuple[int, ...]
    """The coordinates that input and output share; empty where the whole input is meant."""
    values: tuple[int, ...]
    elements: int
    """How many there are; `values` are the first of them."""


def operands_at(
    coordinates: tuple[int, ...], shape: tuple[int, ...], inputs: Mapping[str, NDArray[Any]]
) -> tuple[Operand, ...]:
    """Return, for each input, its values at `coordinates` of an output of `shape`.

    An input whose leading dimensions are the output's is read there; one whose whole shape is the
    output's last dimensions (a value for each channel) is read at these.
    """
    return tuple(_operand(name, array, coordinates, shape) for name, array in inputs.items())


def _operand(
    name: str, array: NDArray[Any], coordinates: tuple[int, ...], shape: tuple[int, ...]
) -> Operand:
    rank = array.ndim
    leading = 0
    while leading < min(rank, len(shape)) and array.shape[leading] == shape[leading]:
        leading += 1
    index = coordinates[:leading]
    if leading < rank and 0 < rank <= len(shape) and array.shape == shape[-rank:]:
        index = coordinates[-rank:]
    chosen = array[index].reshape(-1)
    return Operand(
        name=name,
        index=index,
        values=tuple(int(value) for value in chosen[:LONGEST]),
        elements=chosen.size,
    )
