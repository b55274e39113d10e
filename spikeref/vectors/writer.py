"""Writes a suite folder (CONF-2)."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from spikeref.errors import VectorError
from spikeref.storage.canonical import sha256_hex
from spikeref.vectors.case import Case
from spikeref.vectors.case_files import case_json, case_text
from spikeref.vectors.manifest import TensorEntry, manifest_of
from spikeref.vectors.suite_manifest import (
    SuiteManifest,
    SuiteName,
    case_list,
    suite_json,
    suite_text,
)
from spikeref.vectors.tensors import FORMS, Form, tensor_bytes
from spikeref.vectors.versions import SPEC_VERSION, SUITE_VERSION

SUITE_FILES = ("suite.json", "suite.txt", "cases.txt")
CASE_FILES = ("case.json", "case.txt")
CASES, INPUTS, OUTPUTS, MODEL = "cases", "in", "out", "model"


def write_suite(
    folder: Path,
    name: SuiteName,
    cases: Iterable[Case],
    *,
    model_digest: str | None = None,
    npy: bool = False,
) -> str:
    """Write a suite of `cases`, which come in causal order, into an existing folder.

    npy: with .npy files beside the others. Cases are written as they come, so that a generator of
    them never holds all. Returns the root digest. The same cases give the same bytes. VectorError:
    a case that breaks CONF-4, an id twice, no case at all. That the folder appears whole or not at
    all is the caller's business (`atomic_folder`).
    """
    forms: tuple[Form, ...] = FORMS if npy else ("bin", "mem")
    entries: dict[str, str] = {}
    for case in cases:
        if case.id in entries:
            raise VectorError(f"case {case.id}: there are two of this id")
        entries[case.id] = _write_case(folder / CASES / case.id, case, forms)
    if not entries:
        raise VectorError(f"suite {name}: no cases; an empty suite proves nothing")
    manifest = suite_of(name, entries, model_digest)
    (folder / "suite.json").write_bytes(suite_json(manifest))
    (folder / "suite.txt").write_bytes(suite_text(manifest))
    (folder / "cases.txt").write_bytes(case_list(list(entries)))
    return manifest.root_digest


def suite_of(
    name: SuiteName, entries: Mapping[str, str], model_digest: str | None = None
) -> SuiteManifest:
    """Return the manifest of a suite at the present versions from the digests of its cases."""
    return SuiteManifest(
        suite=name,
        suite_version=SUITE_VERSION,
        spec_version=SPEC_VERSION,
        model_digest=model_digest,
        cases=tuple(entries.items()),
    )


def case_digest(case: Case) -> str:
    """Return the SHA-256 of the case.json that `write_suite` would write."""
    return sha256_hex(case_json(manifest_of(case)))


def _write_case(folder: Path, case: Case, forms: tuple[Form, ...]) -> str:
    """Write the folder of a case; return the SHA-256 of its case.json."""
    manifest = manifest_of(case)
    folder.mkdir(parents=True)
    data = case_json(manifest)
    (folder / "case.json").write_bytes(data)
    (folder / "case.txt").write_bytes(case_text(manifest))
    _write_tensors(folder / INPUTS, manifest.inputs, case.inputs, forms)
    if case.outputs is not None:
        _write_tensors(folder / OUTPUTS, manifest.outputs, case.outputs, forms)
    return sha256_hex(data)


def _write_tensors(
    folder: Path,
    entries: tuple[TensorEntry, ...],
    tensors: Mapping[str, NDArray[Any]],
    forms: tuple[Form, ...],
) -> None:
    if entries:
        folder.mkdir()
    for entry in entries:
        for form in forms:
            data = tensor_bytes(tensors[entry.name], entry.type, form)
            (folder / f"{entry.name}.{form}").write_bytes(data)
