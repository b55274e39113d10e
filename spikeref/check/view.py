"""A suite as a device sees it: without outputs (CONF-7)."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from spikeref.errors import VectorError
from spikeref.vectors.manifest import CaseManifest
from spikeref.vectors.reader import Suite
from spikeref.vectors.writer import CASE_FILES, CASES, INPUTS, MODEL, SUITE_FILES


def write_view(suite: Suite, cases: Sequence[CaseManifest], folder: Path) -> None:
    """Copy a suite's manifests, the inputs of `cases`, and its model into a new folder.

    Copies, not links: what a device writes there cannot reach the suite, and no link leads to the
    outputs. VectorError: an input is damaged, so that the device would be judged on another case.
    """
    folder.mkdir()
    for name in SUITE_FILES:
        shutil.copyfile(suite.path / name, folder / name)
    if (suite.path / MODEL).is_dir():
        shutil.copytree(suite.path / MODEL, folder / MODEL)
    for manifest in cases:
        suite.inputs(manifest)
        source_folder, target = suite.folder(manifest.id), folder / CASES / manifest.id
        target.mkdir(parents=True)
        try:
            for name in CASE_FILES:
                shutil.copyfile(source_folder / name, target / name)
            if manifest.inputs:
                shutil.copytree(source_folder / INPUTS, target / INPUTS)
        except (OSError, shutil.Error) as fault:
            raise VectorError(f"{source_folder}: cannot be copied ({fault})") from None
