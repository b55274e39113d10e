"""Reads a suite folder case by case, and believes no digest unproven (CONF-2)."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from spikeref.errors import VectorError
from spikeref.storage.canonical import sha256_hex
from spikeref.vectors.case import Case
from spikeref.vectors.case_files import parse_case
from spikeref.vectors.manifest import CaseManifest, TensorEntry
from spikeref.vectors.suite_manifest import SuiteManifest, case_list, parse_suite
from spikeref.vectors.tensors import read_small, read_tensor
from spikeref.vectors.writer import CASES, INPUTS, MODEL, OUTPUTS

LARGEST_SUITE_JSON = 1 << 26
LARGEST_CASE_JSON = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """An open suite folder."""

    path: Path
    manifest: SuiteManifest
    digests: dict[str, str]
    """Id -> SHA-256 of case.json, in causal order."""

    @staticmethod
    def open(path: str | Path) -> "Suite":
        """Open a suite folder: suite.json and cases.txt are proven, no case is read yet.

        VectorError: no such folder, or one that breaks CONF-6 or CONF-11.
        """
        folder = Path(path)
        if not folder.is_dir():
            state = "is not a folder" if folder.exists() else "no such folder"
            raise VectorError(f"{folder}: {state}; a suite is a folder with suite.json")
        source = folder / "suite.json"
        manifest = parse_suite(read_small(source, folder, LARGEST_SUITE_JSON), str(source))
        suite = Suite(path=folder, manifest=manifest, digests=dict(manifest.cases))
        listed = read_small(folder / "cases.txt", folder, LARGEST_SUITE_JSON)
        if listed != case_list(suite.ids):
            raise VectorError(f"{folder / 'cases.txt'}: is not the list of the ids in suite.json")
        return suite

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all cases, in causal order."""
        return tuple(self.digests)

    @property
    def model_folder(self) -> Path | None:
        """The folder of the model whose suite this is; None for a suite of none."""
        return None if self.manifest.model_digest is None else self.path / MODEL

    def folder(self, identity: str) -> Path:
        """Return the folder of a case."""
        return self.path / CASES / identity

    def case_manifest(self, identity: str) -> CaseManifest:
        """Return what the case's case.json states; VectorError if its digest is another."""
        if identity not in self.digests:
            raise VectorError(f"{self.path}: has no case {identity}")
        folder = self.folder(identity)
        path = folder / "case.json"
        data = read_small(path, self.path, LARGEST_CASE_JSON)
        if sha256_hex(data) != self.digests[identity]:
            raise VectorError(f"{path}: its SHA-256 is not that in suite.json; it was edited")
        manifest = parse_case(data, str(path))
        if manifest.id != identity:
            raise VectorError(f"{path}: states the id {manifest.id}")
        return manifest

    def case(self, identity: str) -> Case:
        """Return a case with its tensors, read-only; VectorError if any digest is another."""
        manifest = self.case_manifest(identity)
        outputs = self.outputs(manifest) if manifest.reject is None else None
        return Case(
            id=manifest.id,
            operation=manifest.operation,
            case_class=manifest.case_class,
            mode=manifest.mode,
            provenance=manifest.provenance,
            requirements=manifest.requirements,
            comment=manifest.comment,
            parameters=manifest.parameters,
            inputs=self.inputs(manifest),
            outputs=outputs,
            reject=manifest.reject,
            beside=manifest.beside,
        )

    def inputs(self, manifest: CaseManifest) -> dict[str, NDArray[Any]]:
        """Return the input tensors of a case, digests proven."""
        return self._tensors(manifest, INPUTS, manifest.inputs)

    def outputs(self, manifest: CaseManifest) -> dict[str, NDArray[Any]]:
        """Return the output tensors of a case, digests proven."""
        return self._tensors(manifest, OUTPUTS, manifest.outputs)

    def _tensors(
        self, manifest: CaseManifest, place: str, entries: tuple[TensorEntry, ...]
    ) -> dict[str, NDArray[Any]]:
        case_folder = self.folder(manifest.id)
        folder = case_folder / place
        return {
            entry.name: read_proven(folder / f"{entry.name}.bin", entry, self.path)
            for entry in entries
        }


def read_proven(path: Path, entry: TensorEntry, root: Path) -> NDArray[Any]:
    """Return the tensor of a .bin file; VectorError if its SHA-256 is not that of its entry."""
    array = read_tensor(path, "bin", entry.type, entry.shape, root)
    if hashlib.sha256(array.data).hexdigest() != entry.sha256:
        raise VectorError(f"{path}: its SHA-256 is not that in case.json; it was edited")
    return array
