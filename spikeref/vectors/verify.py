"""Proves a suite folder file by file (CONF-2 to CONF-6)."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from spikeref.errors import VectorError
from spikeref.model.folder import load_model
from spikeref.vectors.case_files import case_text
from spikeref.vectors.manifest import CaseManifest, TensorEntry
from spikeref.vectors.reader import LARGEST_CASE_JSON, Suite, read_proven
from spikeref.vectors.suite_manifest import SuiteManifest, suite_text
from spikeref.vectors.tensors import FORMS, Form, read_small, tensor_bytes
from spikeref.vectors.writer import CASE_FILES, CASES, INPUTS, MODEL, OUTPUTS, SUITE_FILES


def verify_suite(
    path: str | Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> SuiteManifest:
    """Return the manifest of a suite after proving every file in its folder.

    Digests, plain twins, the equality of .bin, .mem and .npy, that nothing is missing and nothing
    surplus, that no file is a link, that each `beside` is a case of the same operation that is not
    refused, and for a suite with a model the model's own digests. VectorError (ModelError for the
    model), in one line, at the first thing that is wrong.
    """
    suite = Suite.open(path)
    _check_model(suite)
    _check_same(suite, suite.path / "suite.txt", suite_text(suite.manifest), "suite.json")
    expected = set(SUITE_FILES)
    cases = {identity: suite.case_manifest(identity) for identity in suite.ids}
    for number, manifest in enumerate(cases.values(), start=1):
        _check_beside(suite, manifest, cases)
        expected |= _check_case(suite, manifest)
        progress(number, len(cases))
    for name in _files(suite.path):
        # The model's files are proven by its own digests.
        if name not in expected and not name.startswith(f"{MODEL}/"):
            raise VectorError(f"{suite.path / name}: has no place in the suite; remove it")
    return suite.manifest


def _check_model(suite: Suite) -> None:
    stated, folder = suite.manifest.model_digest, suite.path / MODEL
    if folder.exists() and stated is None:
        raise VectorError(f"{folder}: the suite states no model_digest; remove the folder")
    if folder.exists() and load_model(folder).digest != stated:
        raise VectorError(f"{folder}: its digest is not the model_digest in suite.json")


def _check_beside(suite: Suite, manifest: CaseManifest, cases: dict[str, CaseManifest]) -> None:
    if manifest.beside is None:
        return
    other = cases.get(manifest.beside)
    if other is None or other.reject is not None or other.operation != manifest.operation:
        raise VectorError(
            f"{suite.folder(manifest.id)}: beside names {manifest.beside}, which is no case of"
            f" {manifest.operation} with outputs"
        )


def _check_case(suite: Suite, manifest: CaseManifest) -> set[str]:
    """Prove the files of a case; return their names below the suite."""
    folder = suite.folder(manifest.id)
    _check_same(suite, folder / "case.txt", case_text(manifest), "case.json")
    below = f"{CASES}/{manifest.id}"
    names = {f"{below}/{name}" for name in CASE_FILES}
    for place, entries in ((INPUTS, manifest.inputs), (OUTPUTS, manifest.outputs)):
        for entry in entries:
            forms = _check_tensor(suite, folder / place, entry)
            names |= {f"{below}/{place}/{entry.name}.{form}" for form in forms}
    return names


def _check_tensor(suite: Suite, folder: Path, entry: TensorEntry) -> list[Form]:
    """Prove a tensor's files; return their forms. The .npy file may be absent."""
    array = read_proven(folder / f"{entry.name}.bin", entry, suite.path)
    forms = [f for f in FORMS if f != "npy" or os.path.lexists(folder / f"{entry.name}.npy")]
    for form in forms:
        if form != "bin":
            data = tensor_bytes(array, entry.type, form)
            _check_same(suite, folder / f"{entry.name}.{form}", data, f"{entry.name}.bin")
    return forms


def _check_same(suite: Suite, path: Path, expected: bytes, source: str) -> None:
    most = max(len(expected), LARGEST_CASE_JSON)
    if read_small(path, suite.path, most) != expected:
        raise VectorError(f"{path}: does not say the same as {source}; generate the suite again")


def _files(folder: Path) -> Iterator[str]:
    """Yield the name below `folder` of every file and empty folder; VectorError at a link."""
    for place, folders, files in os.walk(folder):
        below_path = Path(place)
        for name in (*folders, *files):
            if (below_path / name).is_symlink():
                raise VectorError(f"{below_path / name}: is a link; a suite consists of files")
        if not folders and not files:
            yield below_path.relative_to(folder).as_posix()
        for name in files:
            yield (below_path / name).relative_to(folder).as_posix()
