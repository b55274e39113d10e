"""Makes a whole suite folder: core, smoke, or of a model (CONF-2)."""

from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Literal

from spikeref.errors import UsageError, VectorError
from spikeref.storage.atomic import atomic_folder
from spikeref.suite.catalogue import core_cases
from spikeref.suite.model_suite import write_model_suite
from spikeref.vectors.case import Case
from spikeref.vectors.suite_manifest import SuiteManifest
from spikeref.vectors.verify import verify_suite
from spikeref.vectors.writer import write_suite

SMOKE_LIST = "data/smoke.txt"


def smoke_ids() -> tuple[str, ...]:
    """Return the ids of the cases that together find every planted fault, one a line."""
    text = resources.files("spikeref.suite").joinpath(SMOKE_LIST).read_text(encoding="ascii")
    return tuple(text.split())


def smoke_cases(
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterable[Case]:
    """Return the cases of the smoke suite in causal order; VectorError for an id of no case.

    Beside a reject case stands the case that it names, so that the suite is closed.
    """
    wanted, cases = set(smoke_ids()), list(core_cases(progress))
    unknown = wanted - {case.id for case in cases}
    if unknown:
        raise VectorError(f"{SMOKE_LIST}: case {min(unknown)} is not in the core suite")
    wanted |= {case.beside for case in cases if case.id in wanted and case.beside is not None}
    return [case for case in cases if case.id in wanted]


def generate_suite(
    folder: Path,
    suite: Literal["core", "model", "smoke"],
    *,
    model: Path | None,
    layers: Sequence[int] | None,
    tokens: Sequence[int] | None,
    npy: bool,
    making: Callable[[int, int], None] = lambda done, total: None,
    proving: Callable[[int, int], None] = lambda done, total: None,
) -> SuiteManifest:
    """Write a suite into the new folder and return its manifest.

    model, layers, tokens: of the suite `model` alone; by default the shipped model, its first and
    last layer, and a short prompt. npy: with .npy files beside the others. UsageError: the folder
    exists, or arguments that do not fit the suite or the model.
    """
    if suite != "model" and not (model is None and layers is None and tokens is None):
        raise UsageError(f"suite {suite}: a model, layers and tokens belong to the suite model")
    with atomic_folder(folder) as written:
        match suite:
            case "core":
                write_suite(written, "core", core_cases(making), npy=npy)
            case "smoke":
                write_suite(written, "smoke", smoke_cases(making), npy=npy)
            case "model":
                write_model_suite(
                    written, model, layers=layers, tokens=tokens, npy=npy, progress=making
                )
        return verify_suite(written, proving)
