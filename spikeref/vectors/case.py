"""One conformance case in memory (CONF-1, CONF-3, CONF-4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import VectorError

TensorType: TypeAlias = Literal["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]
CaseClass: TypeAlias = Literal["encoder", "accumulator", "linear", "attention", "full", "las", "hg"]
Mode: TypeAlias = Literal["teacher-forced", "free-running"]
Provenance: TypeAlias = Literal["exhaustive", "directed", "random", "hand-worked", "model"]
RejectKind: TypeAlias = Literal[
    "parameter", "range", "token", "delivery", "code", "model", "headroom"
]
Parameter: TypeAlias = int | str

TENSOR_TYPES: tuple[TensorType, ...] = get_args(TensorType)
CASE_CLASSES: tuple[CaseClass, ...] = get_args(CaseClass)
MODES: tuple[Mode, ...] = get_args(Mode)
PROVENANCES: tuple[Provenance, ...] = get_args(Provenance)
REJECT_KINDS: tuple[RejectKind, ...] = get_args(RejectKind)

FREE_RUNNING_OPERATIONS = frozenset(
    {"cached_attention", "decode", "generate", "las_decode", "hg_decode"}
)
"""Those in which a device's own results run on; all others get golden input (CONF-4)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One operation on fixed inputs, and either its outputs bit for bit or its refusal.

    The order of parameters, inputs and outputs is the order in which the manifest lists them.
    """

    id: str
    """Words of a–z and 0–9 joined by hyphens, at most 64 characters."""
    operation: str
    """A name of the table of CONF-9."""
    case_class: CaseClass
    mode: Mode
    provenance: Provenance
    requirements: tuple[str, ...]
    """Ids of the clauses that the case exercises."""
    comment: str
    """The fault that it catches, on one line."""
    parameters: Mapping[str, Parameter]
    inputs: Mapping[str, NDArray[Any]]
    """Name -> int8 … uint64, any shape; the element type is the type of the tensor."""
    outputs: Mapping[str, NDArray[Any]] | None
    """As inputs; None where the case must be refused."""
    reject: RejectKind | None = None
    """The class of error, None where outputs are expected."""
    beside: str | None = None
    """Id of the nearest case that is not refused; None where this one is not, or there is none."""


def type_of(array: NDArray[Any]) -> TensorType:
    """Return the tensor type of an array's elements: int8 -> "i8"; VectorError for no integers."""
    name = f"{array.dtype.kind}{8 * array.dtype.itemsize}"
    for known in TENSOR_TYPES:
        if name == known:
            return known
    raise VectorError(
        f"tensor of {array.dtype}: has no place in a case; use {', '.join(TENSOR_TYPES)}"
    )


def dtype_of(kind: TensorType) -> np.dtype[Any]:
    """Return the little-endian NumPy type of a tensor type: "i16" -> <i2."""
    return np.dtype(f"<{kind[0]}{width_of(kind)}")


def width_of(kind: TensorType) -> int:
    """Return the bytes of one element: "i16" -> 2."""
    return int(kind[1:]) >> 3
