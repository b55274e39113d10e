"""Where a tensor first differs: element, coordinates, virtual or time step, trace record."""

from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.check.operands import Operand
from spikeref.neurons.outlier_aware import TrainForm
from spikeref.trace.diff import first_different_step, first_different_time_step
from spikeref.trace.records import EMBEDDING_LAYER, SDLLM_OPS, Op

RECORD_DIGESTS = "record_digests"
_LAYER_OPS = SDLLM_OPS[1:-1]
"""The ops of one layer: all but the embedding and the head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SdllmOrigin:
    """A case of SDLLM, or of both systems."""

    tokens: int | None = None
    """How many tokens it passes through a decoder; None where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LasOrigin:
    """A case of LAS."""

    form: TrainForm | None = None
    """Of its trains; None where it states none."""


Origin: TypeAlias = SdllmOrigin | LasOrigin
"""What a tensor of a case is to be read by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPlace:
    """The trace record behind a row of record digests."""

    token: int
    layer: int
    op: Op


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first differing element of the first differing tensor of a case."""

    tensor: str
    index: int
    """Place in row-major order, from 0."""
    coordinates: tuple[int, ...]
    expected: int
    got: int
    differing: int
    """How many elements of the tensor differ."""
    step: int | None = None
    """Virtual or time step from 1 at which the trains differ first: counts and trains have one."""
    record: RecordPlace | None = None
    """Of SDLLM; which records a LAS model has is not known from their number."""
    note: str | None = None
    operands: tuple[Operand, ...] = ()


def find_divergence(
    tensor: str, expected: NDArray[Any], got: NDArray[Any], origin: Origin
) -> Divergence:
    """Return where two different tensors of one type and shape first differ."""
    differing = np.flatnonzero(expected.reshape(-1) != got.reshape(-1))
    index = int(differing[0])
    coordinates = tuple(int(i) for i in np.unravel_index(index, expected.shape))
    old, new = int(expected.reshape(-1)[index]), int(got.reshape(-1)[index])
    record = None
    if tensor == RECORD_DIGESTS and isinstance(origin, SdllmOrigin) and origin.tokens:
        record = record_place(coordinates[0], expected.shape[0], origin.tokens)
    return Divergence(
        tensor=tensor,
        index=index,
        coordinates=coordinates,
        expected=old,
        got=new,
        differing=differing.size,
        step=_step(tensor, coordinates, old, new, origin),
        record=record,
        note=_note(tensor, coordinates, new, origin),
    )


def record_place(row: int, rows: int, tokens: int) -> RecordPlace | None:
    """Return which record of SDLLM a row of record digests is of; None where rows do not fit.

    Records lie in order of token, layer, op: the embedding, the ops of each layer, the head.
    """
    each = rows // tokens
    layers, rest = divmod(each - 2, len(_LAYER_OPS))
    if each * tokens != rows or layers < 1 or rest:
        return None
    token, number = divmod(row, each)
    if number == 0:
        return RecordPlace(token=token, layer=EMBEDDING_LAYER, op=SDLLM_OPS[0])
    layer, op = divmod(number - 1, len(_LAYER_OPS))
    name = SDLLM_OPS[-1] if layer == layers else _LAYER_OPS[op]
    return RecordPlace(token=token, layer=layer, op=name)


def _step(
    tensor: str, coordinates: tuple[int, ...], expected: int, got: int, origin: Origin
) -> int | None:
    match tensor:
        case "counts":
            return _step_of_counts(expected, got, origin)
        case "train":
            # Steps are numbered from 1 (CONV-6, NEUR-5).
            return coordinates[0] + 1
        case _:
            return None


def _step_of_counts(expected: int, got: int, origin: Origin) -> int | None:
    match origin:
        case SdllmOrigin():
            return first_different_step(expected, got)
        case LasOrigin(form=form):
            return None if form is None else first_different_time_step(expected, got, form)
        case _:
            assert_never(origin)


def _note(tensor: str, coordinates: tuple[int, ...], got: int, origin: Origin) -> str | None:
    if tensor == "train":
        return _note_of_spike(got, origin)
    if tensor == "packed" and len(coordinates) == 2:
        for spike in range(4):
            if got >> 2 * spike & 3 == 2:
                return f"bits {2 * spike} and {2 * spike + 1} hold code 10, no spike (PACK-2)"
    return None


def _note_of_spike(got: int, origin: Origin) -> str | None:
    match origin:
        case SdllmOrigin():
            return None if got in (-1, 0, 1) else f"{got} is no spike (PACK-2)"
        case LasOrigin(form=form):
            if form is None or got == 0 or form.levels <= abs(got) < 2 * form.levels:
                return None
            return f"{got} is no spike of {form.levels} levels (NEUR-5)"
        case _:
            assert_never(origin)
