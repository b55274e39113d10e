"""The first divergence of two traces in causal order (TRACE-8)."""

from dataclasses import dataclass
from typing import Any, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import UsageError
from spikeref.model.any_model import AnyProfile
from spikeref.model.las_profile import LasProfile
from spikeref.model.profile import Profile
from spikeref.neurons.binary_train import BinaryTrain, time_steps
from spikeref.neurons.outlier_aware import TrainForm
from spikeref.trace.reader import TraceFolder
from spikeref.trace.records import Op

PAST_THE_END = 1 << 62
"""Above every causal key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """Where two traces first differ; what cannot be known from their levels is None."""

    token: int
    layer: int
    op: Op
    missing: Literal["expected", "got"] | None = None
    """The trace that lacks the record, where one does."""
    field: str | None = None
    index: int | None = None
    """Place of the element in row-major order, from 0; None where the shapes differ."""
    step: int | None = None
    """Virtual or time step from 1 at which the trains differ first, where the field is counts."""
    expected: int | None = None
    got: int | None = None


def first_divergence(expected: TraceFolder, got: TraceFolder) -> Divergence | None:
    """Return the first record, and if stored the field and element, in which `got` differs.

    A record that only one trace has differs. None: the traces agree in every record. UsageError
    if they are not of the same model and tokens.
    """
    _require_comparable(expected, got)
    shared = min(len(expected), len(got))
    same = expected.keys[:shared] == got.keys[:shared]
    same &= (expected.index["digest"][:shared] == got.index["digest"][:shared]).all(axis=1)
    differing = np.flatnonzero(~same)
    number = int(differing[0]) if differing.size else shared
    if number == len(expected) == len(got):
        return None
    # Before `number` both hold the same records, so the smaller key is of a record that the
    # other trace lacks.
    a, b = _key(expected, number), _key(got, number)
    if a < b:
        return _missing(expected, number, "got")
    if b < a:
        return _missing(got, number, "expected")
    return _in_fields(expected, got, number)


def first_different_step(a: int, b: int) -> int:
    """Return the virtual step at which the trains of two unequal counts first differ (TRACE-8)."""
    return 1 if (a < 0 < b) or (b < 0 < a) else min(abs(a), abs(b)) + 1


def first_different_time_step(a: int, b: int, form: TrainForm) -> int | None:
    """Return the time step at which the trains of two unequal counts of LAS first differ.

    None where they do not: one of them is a count that no neuron of that form gives.
    """
    both = BinaryTrain(counts=np.array([a, b]), steps=form.steps, levels=form.levels)
    fired = enumerate(time_steps(both), start=1)
    return next((step for step, (of_a, of_b) in fired if of_a != of_b), None)


def _step_of(profile: AnyProfile, a: int, b: int) -> int | None:
    match profile:
        case Profile():
            return first_different_step(a, b)
        case LasProfile():
            return first_different_time_step(a, b, profile.form)
        case _:
            assert_never(profile)


def _require_comparable(expected: TraceFolder, got: TraceFolder) -> None:
    a, b = expected.manifest, got.manifest
    if a.model_digest != b.model_digest:
        raise UsageError(
            f"{expected.path} and {got.path} are of different models ({a.model_digest[:12]}… and"
            f" {b.model_digest[:12]}…); compare traces of one model"
        )
    if a.tokens != b.tokens:
        raise UsageError(
            f"{expected.path} and {got.path} are of different tokens"
            f" ({_token_difference(a.tokens, b.tokens)}); compare traces of the same tokens"
        )


def _token_difference(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    for position, (expected, got) in enumerate(zip(a, b, strict=False)):
        if expected != got:
            return f"position {position} has {expected} and {got}"
    return f"{len(a)} and {len(b)} of them"


def _key(trace: TraceFolder, number: int) -> int:
    return int(trace.keys[number]) if number < len(trace) else PAST_THE_END


def _missing(holder: TraceFolder, number: int, lacking: Literal["expected", "got"]) -> Divergence:
    place = holder.place(number)
    return Divergence(token=place.token, layer=place.layer, op=holder.op(number), missing=lacking)


def _in_fields(expected: TraceFolder, got: TraceFolder, number: int) -> Divergence:
    place, op = expected.place(number), expected.op(number)
    stored = got.fields(number)
    for name, a in expected.fields(number).items():
        if name not in stored:
            continue
        b = stored[name]
        if a.shape != b.shape:
            return Divergence(token=place.token, layer=place.layer, op=op, field=name)
        index = _first_difference(a, b)
        if index is None:
            continue
        old, new = int(a.flat[index]), int(b.flat[index])
        return Divergence(
            token=place.token,
            layer=place.layer,
            op=op,
            field=name,
            index=index,
            step=_step_of(expected.manifest.profile, old, new) if name == "counts" else None,
            expected=old,
            got=new,
        )
    return Divergence(token=place.token, layer=place.layer, op=op)


def _first_difference(a: NDArray[Any], b: NDArray[Any]) -> int | None:
    differing = np.flatnonzero(a.reshape(-1) != b.reshape(-1))
    return int(differing[0]) if differing.size else None
