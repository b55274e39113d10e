"""Runs every planted fault over a suite and notes what each case makes of it."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from spikeref.check.kill_matrix import KilledMutant, KillMatrix
from spikeref.errors import VectorError
from spikeref.suite.execute import SECONDS, PlainCase, outcome_of, plain_cases
from spikeref.suite.mutants.mutant import Mutant, planted, site_of
from spikeref.suite.plant import load_changed
from spikeref.suite.reach import Place, reached
from spikeref.vectors.case import Case

MOST_MEMORY = 1 << 32
"""Address space of a worker in bytes: a fault may ask for more than the machine has."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A mutant, and the cases whose conforming run executes the function that it changes."""

    mutant: Mutant
    cases: tuple[int, ...]


def kill_matrix(
    cases: Sequence[Case],
    mutants: Sequence[Mutant],
    suite_version: str,
    root_digest: str,
    progress: Callable[[int], None] = lambda mutants: None,
    *,
    model_folder: Path | None = None,
) -> KillMatrix:
    """Return the outcomes of `mutants` on `cases`, which come in causal order.

    model_folder: of the suite, where it is one of a model. Takes all cores. VectorError: the
    conforming device itself fails a case.
    """
    plain = plain_cases(cases, model_folder)
    jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ProcessPoolExecutor(jobs, initializer=_start, initargs=(plain,)) as pool:
        places = list(pool.map(_reach, range(len(plain)), chunksize=8))
        for case, (_, outcome) in zip(plain, places, strict=True):
            if outcome != case.outcome:
                raise VectorError(f"case {case.id}: the plain device itself fails it")
        batches = [_batch(mutant, [found for found, _ in places]) for mutant in mutants]
        # The longest first, so that no core waits for one at the end.
        order = sorted(range(len(batches)), key=lambda i: -len(batches[i].cases))
        outcomes: dict[int, Mapping[str, str]] = {}
        for i, failed in zip(order, pool.map(_outcomes, (batches[i] for i in order)), strict=True):
            outcomes[i] = failed
            progress(1)
    return KillMatrix(
        suite_version=suite_version,
        root_digest=root_digest,
        mutants=tuple(_killed(mutant, outcomes[i]) for i, mutant in enumerate(mutants)),
    )


def _batch(mutant: Mutant, places: Sequence[frozenset[Place]]) -> Batch:
    site = site_of(mutant)
    return Batch(mutant, tuple(i for i, found in enumerate(places) if site in found))


def _killed(mutant: Mutant, outcomes: Mapping[str, str]) -> KilledMutant:
    return KilledMutant(
        id=mutant.id,
        operator=mutant.operator,
        clauses=mutant.clauses,
        file=mutant.file,
        before=mutant.before,
        after=mutant.after,
        why=mutant.why,
        outcomes=outcomes,
    )


_cases: tuple[PlainCase, ...] = ()
"""Of a worker process: given once, when it starts."""


def _start(cases: tuple[PlainCase, ...]) -> None:
    global _cases
    _cases = cases
    limit_memory()


def limit_memory() -> None:
    """Bound the memory of this process where the system can."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    soft = MOST_MEMORY if most == resource.RLIM_INFINITY else min(MOST_MEMORY, most)
    resource.setrlimit(resource.RLIMIT_AS, (soft, most))


def _reach(case: int) -> tuple[frozenset[Place], str]:
    return reached(_cases[case])


def _outcomes(batch: Batch) -> dict[str, str]:
    return dict(failures(batch.mutant, [_cases[i] for i in batch.cases]))


def failures(
    mutant: Mutant, cases: Sequence[PlainCase], seconds: int = SECONDS
) -> Iterator[tuple[str, str]]:
    """Yield id and outcome of each case that a planted fault fails."""
    device = load_changed(mutant.file, planted(mutant))
    run = partial(outcome_of, device, seconds=seconds)
    for case in cases:
        outcome = run(case)
        if outcome != case.outcome:
            yield case.id, outcome
