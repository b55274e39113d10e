"""`spikeref check`: what a device wrote against golden vectors, or a trace against a trace."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spikeref.check.consistent import consistent_with
from spikeref.check.judge import judge
from spikeref.check.kill_matrix import shipped_matrix
from spikeref.check.report import judgement_json, judgement_lines
from spikeref.check.selection import claimed_cases
from spikeref.cli.claims import add_claim_options, claim_of
from spikeref.cli.command import FAILED, FINE, Command, Outcome
from spikeref.cli.shared import case_progress
from spikeref.cli.trace import divergence_lines
from spikeref.errors import TraceError, UsageError
from spikeref.trace.diff import first_divergence
from spikeref.trace.manifest import MANIFEST_NAME
from spikeref.trace.reader import read_trace
from spikeref.vectors.reader import Suite


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expected", metavar="EXPECTED", help="suite folder, or trace folder")
    parser.add_argument("got", metavar="GOT", help="folder that a device wrote, or trace folder")
    add_claim_options(parser)


def _run(arguments: argparse.Namespace) -> Outcome:
    expected, got = Path(arguments.expected), Path(arguments.got)
    if not got.is_dir():
        raise UsageError(f"{got}: is not a folder; give the folder that the device wrote")
    if (expected / MANIFEST_NAME).is_file():
        return _check_trace(arguments, expected, got)
    suite = Suite.open(expected)
    cases = claimed_cases(suite, claim_of(arguments))
    judgement = judge(suite, cases, got, case_progress("check", len(cases)))
    suspects = consistent_with(shipped_matrix(), judgement)
    return Outcome(
        json={
            "verdict": "fail" if judgement.failures else "pass",
            **judgement_json(judgement, suspects),
            "class": arguments.case_class,
            "root_digest": suite.manifest.root_digest,
        },
        lines=judgement_lines(judgement, suspects),
        status=FAILED if judgement.failures else FINE,
    )


def _check_trace(arguments: argparse.Namespace, expected: Path, got: Path) -> Outcome:
    if arguments.where or arguments.case_class != "full":
        raise UsageError(f"{expected}: is a trace, which has no classes; leave the options out")
    golden = read_trace(expected)
    try:
        found = first_divergence(golden, read_trace(got))
    except TraceError as fault:
        # What a device wrote is judged, not refused, however damaged.
        return _trace_outcome({"reason": str(fault)}, [f"fail: {fault}"])
    if found is None:
        line = f"pass: {len(golden)} records, trace digest {golden.manifest.trace_digest}"
        return _trace_outcome(None, [line])
    return _trace_outcome(asdict(found), ["fail", *divergence_lines(found)])


def _trace_outcome(divergence: dict[str, Any] | None, lines: list[str]) -> Outcome:
    """Return the outcome of comparing two traces, which are one case."""
    return Outcome(
        json={
            "verdict": "pass" if divergence is None else "fail",
            "cases": 1,
            "passed": int(divergence is None),
            "failed": int(divergence is not None),
            "missing": 0,
            "failures": [] if divergence is None else [divergence],
            "first_divergence": divergence,
            "consistent_with": [],
        },
        lines=lines,
        status=FINE if divergence is None else FAILED,
    )


COMMAND = Command(
    name="check",
    summary="compare a device's output with golden vectors, or two traces",
    example="spikeref check conformance/core device-output",
    configure=_configure,
    run=_run,
)
