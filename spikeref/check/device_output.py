"""What a device wrote for one case; nothing in it is believed (CONF-7)."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import VectorError
from spikeref.vectors.case import REJECT_KINDS, RejectKind
from spikeref.vectors.manifest import CaseManifest, TensorEntry
from spikeref.vectors.tensors import FORMS, read_small, read_tensor

REJECT_NAME = "reject.txt"
_LONGEST_REJECT = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Produced:
    """Every output tensor, of the right type and shape."""

    outputs: dict[str, NDArray[Any]]
    """In the order of the manifest, read-only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The device refused the case."""

    kind: RejectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The device wrote files for a case that must be refused; what they hold cannot be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """Something that is no answer."""

    reason: str
    tensor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """There is no folder of this case."""


DeviceOutput: TypeAlias = Produced | Refused | Accepted | Malformed | Missing


def read_output(path: Path, manifest: CaseManifest) -> DeviceOutput:
    """Return what the device's folder `path` holds for a case; never raises for what it finds."""
    folder = path / manifest.id
    try:
        state = folder.lstat()
    except FileNotFoundError:
        return Missing()
    except OSError as fault:
        return Malformed(reason=f"{folder}: cannot be read ({fault.strerror})")
    try:
        if stat.S_ISLNK(state.st_mode) and not _is_below(folder, path):
            return Malformed(reason=f"{folder}: is a link that leads out of {path}")
        names = {entry.name for entry in folder.iterdir()}
    except (OSError, RuntimeError) as fault:
        return Malformed(reason=f"{folder}: is not a readable folder ({_strerror(fault)})")
    if REJECT_NAME in names:
        return _refusal(folder, names, path)
    if not names:
        return Malformed(reason=f"{folder}: is empty")
    if manifest.reject is not None:
        return Accepted()
    return _tensors(folder, names, manifest, path)


def _refusal(folder: Path, names: set[str], path: Path) -> DeviceOutput:
    if len(names) > 1:
        other = min(names - {REJECT_NAME})
        return Malformed(reason=f"{folder}: holds {REJECT_NAME} and {other}; write one answer")
    try:
        text = read_small(folder / REJECT_NAME, path, _LONGEST_REJECT)
    except VectorError as fault:
        return Malformed(reason=str(fault))
    for kind in REJECT_KINDS:
        if text.removesuffix(b"\n") == kind.encode():
            return Refused(kind=kind)
    return Malformed(
        reason=f"{folder / REJECT_NAME}: {text.decode('ascii', 'backslashreplace')!r}; its one line"
        f" is one of {', '.join(REJECT_KINDS)}"
    )


def _tensors(folder: Path, names: set[str], manifest: CaseManifest, path: Path) -> DeviceOutput:
    known = {f"{entry.name}.{form}" for entry in manifest.outputs for form in FORMS}
    for name in sorted(names - known):
        return Malformed(reason=f"{folder / name}: {manifest.operation} has no such output")
    outputs: dict[str, NDArray[Any]] = {}
    for entry in manifest.outputs:
        try:
            outputs[entry.name] = _tensor(folder, names, entry, path)
        except VectorError as fault:
            return Malformed(reason=str(fault), tensor=entry.name)
    return Produced(outputs=outputs)


def _tensor(folder: Path, names: set[str], entry: TensorEntry, path: Path) -> NDArray[Any]:
    found: NDArray[Any] | None = None
    for form in FORMS:
        name = f"{entry.name}.{form}"
        if name not in names:
            continue
        array = read_tensor(folder / name, form, entry.type, entry.shape, path)
        if found is not None and not np.array_equal(array, found):
            raise VectorError(f"{folder / name}: contradicts another form of the same tensor")
        found = array
    if found is None:
        raise VectorError(f"{folder}: output {entry.name} is missing; write {entry.name}.bin")
    return found


def _is_below(folder: Path, path: Path) -> bool:
    return folder.resolve(strict=True).is_relative_to(path.resolve())


def _strerror(fault: Exception) -> str:
    return str(getattr(fault, "strerror", None) or fault)
