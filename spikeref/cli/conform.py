"""`spikeref conform`: run somebody's implementation over a suite."""

import argparse
import contextlib
from pathlib import Path

from spikeref import __version__
from spikeref.check.conform import Conformance, conform
from spikeref.check.consistent import consistent_with
from spikeref.check.junit import junit_xml
from spikeref.check.kill_matrix import shipped_matrix
from spikeref.check.report import by_requirement, judgement_json, judgement_lines
from spikeref.check.statement import statement_bytes, verdict, versions
from spikeref.cli.apart import require_apart
from spikeref.cli.claims import add_claim_options, claim_of
from spikeref.cli.command import FAILED, FINE, Command, Outcome
from spikeref.cli.shared import step_progress
from spikeref.errors import UsageError
from spikeref.storage.atomic import atomic_file
from spikeref.vectors.reader import Suite

DEFAULT_TIMEOUT = 600
LONGEST_TIMEOUT = 1 << 20


def _configure(parser: argparse.ArgumentParser) -> None:
    # argparse does not show the two dashes, without which the device's options would be ours.
    parser.usage = "spikeref conform [options] DIR -- COMMAND [ARGUMENT ...]"
    parser.add_argument("suite", metavar="DIR", help="suite folder")
    add_claim_options(parser)
    parser.add_argument(
        "--timeout",
        type=int,
        default=DEFAULT_TIMEOUT,
        metavar="SECONDS",
        help="end the device after so long (default %(default)s)",
    )
    parser.add_argument("--output", metavar="DIR", help="keep what the device wrote")
    parser.add_argument("--junit", metavar="FILE", help="write JUnit XML")
    parser.add_argument("--statement", metavar="FILE", help="write the statement, JSON")
    parser.add_argument(
        "command_line",
        metavar="COMMAND",
        # All that follows is the device's, further dashes too.
        nargs=argparse.PARSER,
        help="the device; SUITE, OUT and LIST are appended (CONF-7)",
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    if not 1 <= arguments.timeout <= LONGEST_TIMEOUT:
        raise UsageError(f"--timeout {arguments.timeout}: 1 to {LONGEST_TIMEOUT} seconds")
    require_apart(
        outputs={
            "--output": arguments.output,
            "--junit": arguments.junit,
            "--statement": arguments.statement,
        },
        inputs={"DIR": arguments.suite},
    )
    suite = Suite.open(arguments.suite)
    with contextlib.ExitStack() as files:
        # Opened first: a file that cannot be written is no reason to run a device for minutes.
        junit = _file(files, arguments.junit)
        statement = _file(files, arguments.statement)
        done = conform(
            suite,
            claim_of(arguments),
            _command(arguments.command_line),
            timeout=arguments.timeout,
            output=None if arguments.output is None else Path(arguments.output),
            progress=step_progress("judge", "case"),
        )
        if junit is not None:
            junit.write_bytes(junit_xml(done))
        if statement is not None:
            statement.write_bytes(statement_bytes(done, __version__))
    return _outcome(done)


def _command(words: list[str]) -> list[str]:
    """Return the device's command without the dashes before it, which argparse may leave there."""
    return words[1:] if words[0] == "--" and words[1:] else words


def _file(files: contextlib.ExitStack, path: str | None) -> Path | None:
    return None if path is None else files.enter_context(atomic_file(path))


def _outcome(done: Conformance) -> Outcome:
    suspects = consistent_with(shipped_matrix(), done.judgement)
    fault = done.ended.fault
    lines = judgement_lines(done.judgement, suspects)
    if fault is not None:
        lines = [] if not done.judgement.failures else lines
        lines = [f"fail: {fault}", *(f"  {line}" for line in done.ended.tail.splitlines()), *lines]
    return Outcome(
        json={
            "verdict": verdict(done),
            **judgement_json(done.judgement, suspects),
            "by_requirement": by_requirement(done.judgement),
            "class": done.claim.case_class,
            "where": {name: list(values) for name, values in done.claim.where.items()},
            "root_digest": done.suite.manifest.root_digest,
            "versions": versions(done, __version__),
            "fault": fault,
            "stderr": done.ended.tail,
        },
        lines=lines,
        status=FINE if done.passes else FAILED,
    )


COMMAND = Command(
    name="conform",
    summary="run somebody's implementation over a suite",
    example="spikeref conform conformance/core --class encoder -- ./device --fast",
    configure=_configure,
    run=_run,
)
