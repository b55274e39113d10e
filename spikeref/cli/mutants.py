"""`spikeref mutants`: what the suite makes of planted faults."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from tqdm import tqdm

from spikeref.check.kill_matrix import KillMatrix
from spikeref.cli.command import FAILED, FINE, Command, Outcome
from spikeref.suite.catalogue import core_cases
from spikeref.suite.kill import kill_matrix
from spikeref.suite.mutants import MUTANTS
from spikeref.vectors.reader import Suite
from spikeref.vectors.writer import write_suite


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--suite", metavar="DIR", help="suite folder; default: core, made anew")


def _run(arguments: argparse.Namespace) -> Outcome:
    with _open(arguments.suite) as suite:
        matrix = _matrix(suite)
    survivors = [mutant.id for mutant in matrix.survivors]
    killed = len(matrix.mutants) - len(survivors)
    lines = [f"{m.id:36} {m.operator:18} {len(m.outcomes):5} cases" for m in matrix.mutants]
    lines.append(f"{killed} of {len(matrix.mutants)} mutants killed")
    lines += [f"survives: {survivor}" for survivor in survivors]
    return Outcome(
        json={
            "suite": suite.manifest.suite,
            "suite_version": matrix.suite_version,
            "root_digest": matrix.root_digest,
            "mutants": len(matrix.mutants),
            "killed": killed,
            "survivors": survivors,
            "kills": {mutant.id: len(mutant.outcomes) for mutant in matrix.mutants},
        },
        lines=lines,
        status=FAILED if survivors else FINE,
    )


@contextmanager
def _open(folder: str | None) -> Iterator[Suite]:
    if folder is not None:
        yield Suite.open(folder)
        return
    with TemporaryDirectory() as temporary:
        write_suite(Path(temporary), "core", core_cases())
        yield Suite.open(temporary)


def _matrix(suite: Suite) -> KillMatrix:
    cases = [suite.case(identity) for identity in suite.ids]
    manifest = suite.manifest
    bar: tqdm[NoReturn] = tqdm(
        total=len(MUTANTS), desc="mutants", unit="mutant", disable=None, leave=False
    )

    def progress(mutants: int) -> None:
        bar.update(mutants)

    with bar:
        return kill_matrix(
            cases,
            MUTANTS,
            manifest.suite_version,
            manifest.root_digest,
            progress,
            model_folder=suite.model_folder,
        )


COMMAND = Command(
    name="mutants",
    summary="planted faults against the suite: every one must fail a case",
    example="spikeref mutants --suite conformance/core",
    configure=_configure,
    run=_run,
)
