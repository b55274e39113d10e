"""How many bytes of tensors the checker judges in a second, beside merely reading them."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from spikeref.arith.generator import random_words, seed_of
from spikeref.check.judge import judge
from spikeref.vectors.case import Case
from spikeref.vectors.reader import Suite
from spikeref.vectors.writer import write_suite
from tools.bench.plan import Measurement, Plan
from tools.bench.report import Figure, Row, Target
from tools.bench.timing import interleave, ratio, spread, timed

TARGET = Target(relation=">=", value=200.0)

WORDS = 1 << 20
"""Of 64 bits in each case's output."""


def measure(plan: Plan) -> list[Row]:
    """Return the row `check`: wall time of judging right and wrong output, from the page cache."""
    cases = plan.rounds(16, 4)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "suite").mkdir()
        write_suite(folder / "suite", "core", large_cases(cases))
        suite = Suite.open(folder / "suite")
        write_output(suite, folder / "right", wrong=False)
        write_output(suite, folder / "wrong", wrong=True)
        calls = {
            "right": timed(judging(suite, folder / "right", failures=0), time.perf_counter),
            "wrong": timed(judging(suite, folder / "wrong", failures=cases), time.perf_counter),
            "read": timed(lambda: read_all(folder / "right"), time.perf_counter),
        }
        seconds = interleave(calls, plan.rounds(5, 3))
    megabytes = cases * 8 * WORDS / 1e6
    figures = [
        Figure(
            name=f"tensors a second, {side} output",
            spread=spread([megabytes / s for s in seconds[side]]),
            unit="MB/s",
            target=TARGET,
            beside={f"{side} s": spread(seconds[side]).median},
        )
        for side in ("right", "wrong")
    ]
    figures.append(
        Figure(name="right output / reading alone", spread=ratio(seconds["right"], seconds["read"]))
    )
    return [Row(name="check", figures=figures)]


def large_cases(number: int) -> Iterator[Case]:
    """Yield cases with an output of WORDS random words each."""
    for i in range(number):
        yield Case(
            id=f"words-{i}",
            operation="random_words",
            case_class="full",
            mode="teacher-forced",
            provenance="random",
            requirements=("ARITH-10",),
            comment="large, to measure the checker",
            parameters={"label": str(i), "count": WORDS},
            inputs={},
            outputs={"words": random_words(seed_of(str(i)), WORDS)},
        )


def write_output(suite: Suite, folder: Path, *, wrong: bool) -> None:
    """Write the output of a device that is right, or wrong in the last element of every tensor."""
    for identity in suite.ids:
        words = np.array(suite.outputs(suite.case_manifest(identity))["words"])
        words[-1] ^= np.uint64(wrong)
        (folder / identity).mkdir(parents=True)
        (folder / identity / "words.bin").write_bytes(words.tobytes())


def judging(suite: Suite, folder: Path, failures: int) -> Callable[[], None]:
    """Return a call that judges everything in `folder` and must find so many failures."""

    def call() -> None:
        cases = [suite.case_manifest(identity) for identity in suite.ids]
        found = len(judge(suite, cases, folder).failures)
        if found != failures:
            raise AssertionError(f"{found} cases fail, {failures} are wrong")

    return call


def read_all(folder: Path) -> None:
    """Read every tensor that a device wrote."""
    for path in folder.rglob("*.bin"):
        path.read_bytes()


MEASUREMENT = Measurement(rows={"check": TARGET}, measure=measure)
"""Right output is read and hashed; of wrong output the expected tensor is read and compared too."""
