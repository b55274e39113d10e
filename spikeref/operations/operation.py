"""What an operation is: a row of the table CONF-9, and the code that runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray

from spikeref.vectors.case import CaseClass, Mode

Parameters: TypeAlias = Mapping[str, int | str]
Inputs: TypeAlias = Mapping[str, NDArray[Any]]
Outputs: TypeAlias = dict[str, NDArray[Any]]
Run: TypeAlias = Callable[[Parameters, Inputs], Outputs]
"""Returns the outputs under their names, of any integer types that hold their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row of CONF-9."""

    name: str
    case_class: CaseClass
    mode: Mode = "teacher-forced"
    clauses: tuple[str, ...]
    """Clauses that define the outputs."""
    parameters: tuple[str, ...]
    optional: tuple[str, ...] = ()
    """Parameters and inputs that a case may lack."""
    together: tuple[tuple[str, ...], ...] = ()
    """Of these, which a case has all or none."""
    inputs: Mapping[str, str]
    """Name -> form of each input, as "i16 T N": its type, then a word for each dimension."""
    outputs: Mapping[str, str]
    optional_outputs: tuple[str, ...] = ()
    """Outputs that only some models give."""
    run: Run


ENCODER_PARAMETERS = ("bits", "encoding", "ratio_n", "ratio_d", "ties")
