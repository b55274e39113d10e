"""Runs a device over a suite and judges what it wrote (CONF-7, CONF-8)."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from spikeref.check.device_process import Ended, run_device
from spikeref.check.judge import Judgement, judge
from spikeref.check.selection import Claim, claimed_cases
from spikeref.check.view import write_view
from spikeref.storage.atomic import atomic_folder
from spikeref.vectors.reader import Suite
from spikeref.vectors.suite_manifest import case_list


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformance:
    """A run of a device and its verdict."""

    suite: Suite
    claim: Claim
    command: tuple[str, ...]
    ended: Ended
    judgement: Judgement

    @property
    def passes(self) -> bool:
        """Whether the claim holds: every case passes, nothing is surplus, the status was 0."""
        return not self.judgement.failures and self.ended.fault is None


def conform(
    suite: Suite,
    claim: Claim,
    command: Sequence[str],
    *,
    timeout: int,
    output: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Conformance:
    """Run `command` once over the cases of a claim and return the verdict.

    timeout: seconds. output: a new folder that keeps what the device wrote; without it nothing is
    kept. progress: told of judged cases, done and all. UsageError: no such cases, or a command that
    cannot be started. VectorError: the suite is damaged.
    """
    cases = claimed_cases(suite, claim)
    numbers = count(1)
    with tempfile.TemporaryDirectory(prefix="spikeref-", ignore_cleanup_errors=True) as made:
        folder = Path(made).resolve()
        view, listed = folder / "suite", folder / "cases.txt"
        write_view(suite, cases, view)
        listed.write_bytes(case_list([case.id for case in cases]))
        with _output_folder(output, folder / "out") as out:
            ended = run_device([*command, str(view), str(out), str(listed)], timeout)
            _restore(out)
            judgement = judge(suite, cases, out, lambda _: progress(next(numbers), len(cases)))
    return Conformance(
        suite=suite, claim=claim, command=tuple(command), ended=ended, judgement=judgement
    )


def _restore(out: Path) -> None:
    """Make `out` a folder again where a device removed it or put something else in its place."""
    if out.is_symlink() or not out.is_dir():
        out.unlink(missing_ok=True)
        out.mkdir()


@contextlib.contextmanager
def _output_folder(kept: Path | None, temporary: Path) -> Iterator[Path]:
    if kept is None:
        temporary.mkdir()
        yield temporary
        return
    with atomic_folder(kept) as folder:
        yield folder
