"""A verdict over many cases, in causal order (CONF-7)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, assert_never

from numpy.typing import NDArray

from spikeref.check.device_output import (
    Accepted,
    DeviceOutput,
    Malformed,
    Missing,
    Produced,
    Refused,
    read_output,
)
from spikeref.check.divergence import (
    RECORD_DIGESTS,
    Divergence,
    LasOrigin,
    Origin,
    SdllmOrigin,
    find_divergence,
)
from spikeref.check.operands import operands_at
from spikeref.errors import UsageError
from spikeref.neurons.outlier_aware import TrainForm
from spikeref.vectors.case import Parameter, RejectKind
from spikeref.vectors.manifest import CaseManifest
from spikeref.vectors.outcome import outcome_digest
from spikeref.vectors.reader import Suite, read_proven

NO_ANSWER = "crash"
"""Outcome of a case that a device did not answer, or answered with something malformed."""
ACCEPTED = "accepted"
"""Outcome of a case that must be refused and was answered with files."""

FailureKind: TypeAlias = Literal["differs", "refusal", "malformed", "missing", "surplus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why one case fails."""

    case: str
    kind: FailureKind
    reason: str
    """One line."""
    manifest: CaseManifest | None
    """None for a case that the suite does not have."""
    tensor: str | None = None
    expected: str = "outputs"
    """outputs, or reject:KIND."""
    got: str | None = None
    """As expected; None where there is no answer."""
    divergence: Divergence | None = None
    outcome: str = NO_ANSWER
    """Outcome digest of what the device made of the case, or one of the two words above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of every judged case."""

    cases: tuple[CaseManifest, ...]
    """In causal order."""
    failures: tuple[Failure, ...]
    """In causal order; surplus cases last."""

    @property
    def passed(self) -> int:
        """How many cases pass."""
        return len(self.cases) - len({f.case for f in self.failures if f.manifest is not None})

    @property
    def missing(self) -> int:
        """How many cases the device left out; they are among the failures."""
        return sum(failure.kind == "missing" for failure in self.failures)


def judge(
    suite: Suite,
    cases: Sequence[CaseManifest],
    path: Path,
    progress: Callable[[int], None] = lambda cases: None,
) -> Judgement:
    """Return the verdict over `cases` of a suite on what a device wrote into the folder `path`.

    Equality is that of the SHA-256 that the suite states, so what passes is read once. UsageError:
    there is no case to judge. VectorError: the suite is damaged.
    """
    if not cases:
        raise UsageError(f"{suite.path}: no case to judge; a verdict over nothing proves nothing")
    failures = []
    for manifest in cases:
        failure = _judge_case(suite, manifest, path)
        if failure is not None:
            failures.append(failure)
        progress(1)
    failures = [_with_operands(suite, f) for f in failures[:1]] + failures[1:]
    return Judgement(
        cases=tuple(cases), failures=(*failures, *_surplus(path, {case.id for case in cases}))
    )


def _surplus(path: Path, known: set[str]) -> list[Failure]:
    try:
        names = sorted(entry.name for entry in path.iterdir())
    except OSError as fault:
        reason = f"{path}: cannot be read ({fault.strerror})"
        return [Failure(case=path.name, kind="surplus", reason=reason, manifest=None)]
    return [
        Failure(
            case=name,
            kind="surplus",
            reason=f"{name}: is no case that was asked for",
            manifest=None,
        )
        for name in names
        if name not in known
    ]


def _judge_case(suite: Suite, manifest: CaseManifest, path: Path) -> Failure | None:
    output: DeviceOutput = read_output(path, manifest)
    expected = "outputs" if manifest.reject is None else f"reject:{manifest.reject}"
    base = Failure(
        case=manifest.id, kind="malformed", reason="", manifest=manifest, expected=expected
    )
    match output:
        case Missing():
            return replace(base, kind="missing", reason="no output of this case")
        case Malformed():
            # Named from the device's folder, so that two runs give the same words.
            reason = output.reason.replace(f"{path}/", "")
            return replace(base, reason=reason, tensor=output.tensor)
        case Accepted():
            reason = f"must be refused as {manifest.reject}, and was answered with files"
            return replace(base, kind="refusal", reason=reason, got="outputs", outcome=ACCEPTED)
        case Refused():
            return None if output.kind == manifest.reject else _wrongly_refused(base, output.kind)
        case Produced():
            return _compare(suite, base, manifest, output.outputs)
        case _:
            assert_never(output)


def _wrongly_refused(base: Failure, kind: RejectKind) -> Failure:
    if base.expected == "outputs":
        reason = f"refused as {kind}, and must be computed"
    else:
        reason = f"refused as {kind}, and must be as {base.expected.removeprefix('reject:')}"
    got = f"reject:{kind}"
    return replace(base, kind="refusal", reason=reason, got=got, outcome=outcome_digest(kind))


def _compare(
    suite: Suite, base: Failure, manifest: CaseManifest, outputs: dict[str, NDArray[Any]]
) -> Failure | None:
    # The digests of records come first: they are nearer to the cause than the logits.
    entries = sorted(manifest.outputs, key=lambda entry: entry.name != RECORD_DIGESTS)
    for entry in entries:
        got = outputs[entry.name]
        if hashlib.sha256(got.data).hexdigest() == entry.sha256:
            continue
        folder = suite.folder(manifest.id)
        expected = read_proven(folder / "out" / f"{entry.name}.bin", entry, suite.path)
        divergence = find_divergence(entry.name, expected, got, origin_of(manifest))
        return replace(
            base,
            kind="differs",
            reason=f"{entry.name} differs",
            tensor=entry.name,
            got="outputs",
            divergence=divergence,
            outcome=outcome_digest(outputs),
        )
    return None


def origin_of(manifest: CaseManifest) -> Origin:
    """Return what the tensors of a case are to be read by."""
    if manifest.case_class == "las":
        return LasOrigin(form=_form(manifest.parameters))
    tokens = (entry.shape[0] for entry in manifest.inputs if entry.name == "tokens")
    return SdllmOrigin(tokens=next(tokens, None))


def _form(parameters: Mapping[str, Parameter]) -> TrainForm | None:
    """Return steps and levels of a case; None where it has none, or none that are possible."""
    steps, levels = parameters.get("steps"), parameters.get("levels")
    if not isinstance(steps, int) or not isinstance(levels, int):
        return None
    try:
        return TrainForm(steps=steps, levels=levels)
    except UsageError:
        return None


def _with_operands(suite: Suite, failure: Failure) -> Failure:
    """Return a failure with the input values behind its divergence, where it has one."""
    found, manifest = failure.divergence, failure.manifest
    if found is None or manifest is None or found.record is not None:
        return failure
    shape = next(entry.shape for entry in manifest.outputs if entry.name == found.tensor)
    operands = operands_at(found.coordinates, shape, suite.inputs(manifest))
    return replace(failure, divergence=replace(found, operands=operands))
