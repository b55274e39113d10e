"""What case.json states about a case, and the rules that it must keep (CONF-1, CONF-4)."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from numpy.typing import NDArray

from spikeref.errors import VectorError
from spikeref.vectors.case import (
    FREE_RUNNING_OPERATIONS,
    Case,
    CaseClass,
    Mode,
    Parameter,
    Provenance,
    RejectKind,
    TensorType,
    type_of,
)
from spikeref.vectors.tensors import tensor_bytes

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_ID = 64
REQUIREMENT = re.compile(r"[A-Z]+-[1-9][0-9]*")
OPERATION = re.compile(r"[a-z][a-z0-9_]*")
PARAMETER = re.compile(r"[a-z][a-z0-9_]*")
TENSOR = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+(-[a-z0-9_]+)*)*")
PLAIN = re.compile(r"[ -~]*")
"""A parameter's text: what one line of the plain twin can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorEntry:
    """One tensor of a case."""

    name: str
    type: TensorType
    shape: tuple[int, ...]
    sha256: str
    """Over the .bin file, 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseManifest:
    """A case with the digests of its tensors in place of the tensors."""

    id: str
    operation: str
    case_class: CaseClass
    mode: Mode
    provenance: Provenance
    requirements: tuple[str, ...]
    comment: str
    parameters: Mapping[str, Parameter]
    inputs: tuple[TensorEntry, ...]
    outputs: tuple[TensorEntry, ...]
    """Empty exactly where the case must be refused."""
    reject: RejectKind | None
    beside: str | None


def manifest_of(case: Case) -> CaseManifest:
    """Return the manifest of a case; VectorError where it breaks a rule of CONF-1 or CONF-4."""
    manifest = CaseManifest(
        id=case.id,
        operation=case.operation,
        case_class=case.case_class,
        mode=case.mode,
        provenance=case.provenance,
        requirements=case.requirements,
        comment=case.comment,
        parameters=dict(case.parameters),
        inputs=_entries(case.inputs),
        outputs=_entries(case.outputs or {}),
        reject=case.reject,
        beside=case.beside,
    )
    check_manifest(manifest, f"case {case.id}")
    return manifest


def _entries(tensors: Mapping[str, NDArray[Any]]) -> tuple[TensorEntry, ...]:
    return tuple(
        TensorEntry(
            name=name,
            type=(kind := type_of(array)),
            shape=array.shape,
            sha256=hashlib.sha256(tensor_bytes(array, kind, "bin")).hexdigest(),
        )
        for name, array in tensors.items()
    )


def check_manifest(manifest: CaseManifest, where: str) -> None:
    """Refuse, with a VectorError at `where`, a manifest that breaks CONF-1 or CONF-4."""

    def refuse(what: str) -> NoReturn:
        raise VectorError(f"{where}: {what}")

    if not is_case_id(manifest.id):
        refuse(f"id {manifest.id!r} is not words of a-z, 0-9 joined by hyphens, 64 at most")
    if not OPERATION.fullmatch(manifest.operation):
        refuse(f"operation {manifest.operation!r} is no name")
    if (manifest.mode == "free-running") != (manifest.operation in FREE_RUNNING_OPERATIONS):
        refuse(f"mode {manifest.mode} is not that of {manifest.operation} (CONF-4)")
    for requirement in manifest.requirements:
        if not REQUIREMENT.fullmatch(requirement):
            refuse(f"requirement {requirement!r} is no clause id, like ENC-2")
    if not manifest.requirements:
        refuse("requirements are empty; name the clauses that it exercises")
    _check_distinct(manifest.requirements, "requirement", where)
    if not manifest.comment.strip() or "\n" in manifest.comment:
        refuse("comment must be one line that says what fault it catches")
    _check_parameters(manifest.parameters, where)
    for entry in (*manifest.inputs, *manifest.outputs):
        if not TENSOR.fullmatch(entry.name):
            refuse(f"tensor {entry.name!r} is no name")
    _check_distinct([entry.name for entry in manifest.inputs], "input", where)
    _check_distinct([entry.name for entry in manifest.outputs], "output", where)
    if (manifest.reject is None) == (not manifest.outputs):
        refuse("a case has either outputs or a class of error to be refused with")
    if manifest.beside is not None and (manifest.reject is None or not is_case_id(manifest.beside)):
        refuse("beside is the id of another case, and only of one that must be refused")


def is_case_id(text: str) -> bool:
    """Return whether `text` can be the id of a case (CONF-1)."""
    return len(text) <= LONGEST_ID and ID.fullmatch(text) is not None


def _check_parameters(parameters: Mapping[str, Parameter], where: str) -> None:
    for name, value in parameters.items():
        if not PARAMETER.fullmatch(name):
            raise VectorError(f"{where}: parameter {name!r} is no name")
        if type(value) is not int and (type(value) is not str or not PLAIN.fullmatch(value)):
            raise VectorError(
                f"{where}: parameter {name} is {value!r}; use an integer or a line of ASCII"
            )


def _check_distinct(names: Iterable[str], what: str, where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise VectorError(f"{where}: {what} {name} stands there twice")
        seen.add(name)
