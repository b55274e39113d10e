"""Runs one case on the plain device, or on a copy with a planted fault."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from spikeref.check.judge import NO_ANSWER
from spikeref.device import Tensor
from spikeref.suite.plant import Device
from spikeref.vectors.case import Case, Parameter, dtype_of, type_of
from spikeref.vectors.outcome import outcome_digest

SECONDS = 20
"""After so much time of a processor a case counts as one that gets no answer; conforming ones take
far less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainCase:
    """A case as the plain device takes it."""

    id: str
    operation: str
    parameters: Mapping[str, Parameter]
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, tuple[str, tuple[int, ...]]] | None
    """Name -> type and shape; None where it must be refused."""
    outcome: str
    """Outcome digest of a conforming device."""
    model_folder: Path | None
    """Where the suite of a model keeps it."""


def plain_cases(cases: Sequence[Case], model_folder: Path | None = None) -> tuple[PlainCase, ...]:
    """Return cases for the plain device; model_folder: of the suite, where it is one of a model."""
    return tuple(_plain(case, model_folder) for case in cases)


def _plain(case: Case, model_folder: Path | None) -> PlainCase:
    inputs = {
        name: Tensor(type_of(array), array.shape, tuple(array.ravel().tolist()))
        for name, array in case.inputs.items()
    }
    if case.reject is not None:
        outputs, outcome = None, outcome_digest(case.reject)
    else:
        assert case.outputs is not None
        outputs = {name: (str(type_of(x)), x.shape) for name, x in case.outputs.items()}
        outcome = outcome_digest(case.outputs)
    return PlainCase(
        id=case.id,
        operation=case.operation,
        parameters=case.parameters,
        inputs=inputs,
        outputs=outputs,
        outcome=outcome,
        model_folder=model_folder,
    )


def outcome_of(device: Device, case: PlainCase, seconds: int = SECONDS) -> str:
    """Return the outcome digest of what a device makes of a case, or "crash".

    "crash": it raises, does not end in time, or gives outputs that are not those of the case in
    name, type and shape, which the checker counts as no answer.
    """
    try:
        with _time_limit(seconds):
            own = device.tensor
            inputs = {name: own(t.type, t.shape, t.flat) for name, t in case.inputs.items()}
            outputs = device.run(case.operation, case.parameters, inputs, case.model_folder)
            arrays = {name: _array(tensor) for name, tensor in outputs.items()}
    except device.refusal as refusal:
        return outcome_digest(refusal.kind)  # type: ignore[attr-defined]
    except (Exception, _Late):
        # A planted fault may raise anything; a device that does has no answer.
        return NO_ANSWER
    shapes = {name: (str(tensor.type), tensor.shape) for name, tensor in outputs.items()}
    if case.outputs is not None and shapes != case.outputs:
        return NO_ANSWER
    return outcome_digest(arrays)


def _array(tensor: Tensor) -> Any:
    return np.frombuffer(tensor.to_bytes(), dtype=dtype_of(tensor.type)).reshape(tensor.shape)


class _Late(BaseException):
    """The time is up; no device catches it."""


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise _Late

    # Of the process, not of the clock: other work on the machine must not decide.
    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
