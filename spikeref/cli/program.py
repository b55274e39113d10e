"""The `spikeref` program: its subcommands, its errors, its exit status."""

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from spikeref import __version__
from spikeref.cli import (
    ablate,
    calibrate,
    check,
    compare,
    compile,
    conform,
    demo,
    energy,
    evaluate,
    export_pkg,
    functions,
    mutants,
    report,
    run,
    serve,
    trace,
    vectors,
    widths,
)
from spikeref.cli.command import BAD_INPUT, Command, Interrupted, Outcome, add_subcommand
from spikeref.cli.standard_output import (
    ReaderGoneError,
    escape_what_the_encoding_lacks,
    json_text,
    say,
)
from spikeref.errors import SpikerefError

COMMANDS: tuple[Command, ...] = (
    demo.COMMAND,
    compile.COMMAND,
    run.COMMAND,
    evaluate.COMMAND,
    compare.COMMAND,
    ablate.COMMAND,
    calibrate.COMMAND,
    widths.COMMAND,
    functions.COMMAND,
    energy.COMMAND,
    trace.COMMAND,
    report.COMMAND,
    vectors.COMMAND,
    check.COMMAND,
    conform.COMMAND,
    mutants.COMMAND,
    export_pkg.COMMAND,
    serve.COMMAND,
)
INTERRUPTED = 130

LONGEST_REASON = 1000
"""Letters of a refusal: all of ours fit, with a path or two."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 (fine), 1 (does not conform), 2 (bad input) or 130 (Ctrl-C)."""
    escape_what_the_encoding_lacks()
    chosen = _parser().parse_args(arguments)
    command: Command = chosen.command
    if threading.current_thread() is threading.main_thread():
        # A request to end, as `timeout` sends it, cleans up as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        outcome = command.run(chosen)
        return _print(outcome, as_json=chosen.json)
    except (SpikerefError, OSError) as fault:
        return _refuse(command, str(fault))
    except KeyboardInterrupt as stop:
        kept = str(stop) if isinstance(stop, Interrupted) else "nothing unfinished was kept"
        print(f"spikeref {command.name}: interrupted; {kept}", file=sys.stderr)
        return INTERRUPTED
    except MemoryError:
        return _refuse(command, "out of memory; take fewer tokens or a smaller model")


def _refuse(command: Command, reason: str) -> int:
    # A path or a foreign library's message may hold line breaks; the contract is one line.
    print(f"spikeref {command.name}: {_shortened(' '.join(reason.split()))}", file=sys.stderr)
    return BAD_INPUT


def _shortened(reason: str) -> str:
    """Return a reason without its middle, where foreign text makes it too long to be read."""
    if len(reason) <= LONGEST_REASON:
        return reason
    half = LONGEST_REASON // 2
    return f"{reason[:half]} … {reason[-half:]}"


class _Parser(argparse.ArgumentParser):
    """Bad usage gets one line."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {_shortened(message)}; see {self.prog} --help", file=sys.stderr)
        sys.exit(BAD_INPUT)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="spikeref",
        description="Reference for spike-driven language models.",
        epilog=f"example: {demo.COMMAND.example}",
    )
    parser.add_argument("--version", action="version", version=f"spikeref {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = add_subcommand(commands, command.name, command.summary, command.example)
        command.configure(sub)
        _add_json(sub)
        sub.set_defaults(command=command)
    return parser


def _add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json to a command, or to each of its own subcommands."""
    nested = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    leaves = [leaf for action in nested for leaf in action.choices.values()] or [parser]
    for leaf in leaves:
        leaf.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def _print(outcome: Outcome, *, as_json: bool) -> int:
    """Show an outcome; return its status. UsageError: stdout takes nothing."""
    for note in outcome.notes:
        print(note, file=sys.stderr)
    if outcome.json or outcome.lines:
        # Else it is a server, which has said everything already.
        with contextlib.suppress(ReaderGoneError):
            say(json_text(outcome.json) if as_json else "\n".join(outcome.lines))
    return outcome.status
