"""`python -m tools.mutate_device`: which one-token faults of the plain device survive core."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from spikeref.suite.catalogue import core_cases
from spikeref.suite.execute import PlainCase, outcome_of, plain_cases
from spikeref.suite.kill import limit_memory
from spikeref.suite.plant import HOME, load_changed, sources
from spikeref.suite.reach import Place, place_of, reached
from spikeref.vectors.reader import Suite
from tools.mutate_device.equivalents import EQUIVALENTS
from tools.mutate_device.mutations import mutations

SECONDS = 3
LEFT_OUT = ("model_folder.py", "__init__.py", "operations/__init__.py")
"""Folders of models are no case of core; packages hold no arithmetic."""


@dataclass(frozen=True, slots=True, order=True)
class Survivor:
    """A fault that no case shows."""

    file: str
    line: int
    function: str
    text: str
    cases: int
    """How many cases run the function."""

    @property
    def proof(self) -> str | None:
        """Why no case can show it, where that is known."""
        return EQUIVALENTS.get((self.file, self.function, self.text))


def main() -> int:
    """Run all faults; print the survivors; return 1 if too many of them are not equivalent."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutate_device")
    parser.add_argument("--suite", metavar="DIR", help="suite folder; default: core, made anew")
    parser.add_argument("--file", action="append", help="only this module of the device")
    parser.add_argument("--output", metavar="FILE", help="write the survivors here too")
    arguments = parser.parse_args()
    if arguments.suite is None:
        plain = plain_cases(list(core_cases()))
    else:
        suite = Suite.open(arguments.suite)
        plain = plain_cases([suite.case(name) for name in suite.ids], suite.model_folder)
    files = arguments.file or [file for file in sources() if file not in LEFT_OUT]
    total, survivors = survey(plain, files)
    open_ones = [s for s in survivors if s.proof is None]
    lines = list(report(open_ones))
    equivalent = len(survivors) - len(open_ones)
    lines.append(
        f"{total} faults, {equivalent} of them proven equivalent, {len(open_ones)} survive:"
        f" {1000 * len(open_ones) // max(total - equivalent, 1)} per mille"
    )
    print("\n".join(lines))
    if arguments.output:
        Path(arguments.output).write_text("\n".join(lines) + "\n", "utf-8")
    return int(50 * len(open_ones) > total - equivalent)


def report(survivors: Sequence[Survivor]) -> Iterator[str]:
    """Yield lines, grouped by function."""
    last = None
    for s in sorted(survivors):
        if (s.file, s.function) != last:
            last = s.file, s.function
            yield f"{s.file}:{s.function or '(module)'}  run by {s.cases} cases"
        yield f"    line {s.line}: {s.text}"


def survey(plain: tuple[PlainCase, ...], files: Sequence[str]) -> tuple[int, list[Survivor]]:
    """Return how many faults there are in the files, and the survivors."""
    with ProcessPoolExecutor(initializer=_start, initargs=(plain,)) as pool:
        _share(list(pool.map(_reach, range(len(plain)), chunksize=8)))
        tasks = [(file, part) for file in files for part in range(PARTS)]
    with ProcessPoolExecutor(initializer=_start_all, initargs=(plain, _seen)) as pool:
        results = list(pool.map(_survivors, tasks))
    counts: Counter[str] = Counter()
    survivors = []
    for tried, found in results:
        counts["tried"] += tried
        survivors += found
    return counts["tried"], survivors


PARTS = 8
"""Tasks a file, so that the cores end together."""

_cases: tuple[PlainCase, ...] = ()
_seen: list[tuple[frozenset[Place], float]] = []


def _share(seen: list[tuple[frozenset[Place], float]]) -> None:
    _seen[:] = seen


def _start(cases: tuple[PlainCase, ...]) -> None:
    global _cases
    _cases = cases
    limit_memory()


def _start_all(cases: tuple[PlainCase, ...], seen: list[tuple[frozenset[Place], float]]) -> None:
    _start(cases)
    _share(seen)


def _reach(case: int) -> tuple[frozenset[Place], float]:
    begin = perf_counter()
    places, outcome = reached(_cases[case])
    if outcome != _cases[case].outcome:
        raise ValueError(f"case {_cases[case].id}: the plain device itself fails it")
    return places, perf_counter() - begin


def _survivors(task: tuple[str, int]) -> tuple[int, list[Survivor]]:
    file, part = task
    tried, found = 0, []
    for number, mutation in enumerate(mutations(sources()[file], str(HOME / file))):
        if number % PARTS != part:
            continue
        tried += 1
        place = place_of(file, mutation.line)
        order = sorted((seconds, i) for i, (places, seconds) in enumerate(_seen) if place in places)
        try:
            device = load_changed(file, mutation.code)
        except Exception:
            continue
        if all(outcome_of(device, _cases[i], SECONDS) == _cases[i].outcome for _, i in order):
            found.append(Survivor(file, mutation.line, place.function, mutation.text, len(order)))
    return tried, found


if __name__ == "__main__":
    sys.exit(main())
