"""The `spikeref` program: its subcommands, its errors, its exit status."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from spikeref import __version__
from spikeref.cli import calibrate, compare, compile, demo, evaluate, run, trace, widths
from spikeref.cli.command import BAD_INPUT, Command, Outcome
from spikeref.errors import SpikerefError

COMMANDS: tuple[Command, ...] = (
    demo.COMMAND,
    compile.COMMAND,
    run.COMMAND,
    evaluate.COMMAND,
    compare.COMMAND,
    calibrate.COMMAND,
    widths.COMMAND,
    trace.COMMAND,
)
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 (fine), 1 (does not conform), 2 (bad input) or 130 (Ctrl-C)."""
    chosen = _parser().parse_args(arguments)
    command: Command = chosen.command
    try:
        outcome = command.run(chosen)
        _print(outcome, as_json=chosen.json)
    except SpikerefError as fault:
        print(f"spikeref {command.name}: {fault}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"spikeref {command.name}: interrupted; nothing unfinished was kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read stdout has gone; writing to it again at exit would only complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MemoryError:
        print(f"spikeref {command.name}: out of memory", file=sys.stderr)
        return BAD_INPUT
    return outcome.status if "outcome" in locals() else 0


class _Parser(argparse.ArgumentParser):
    """Bad usage gets one line."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(BAD_INPUT)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="spikeref", description="Reference for spike-driven language models.")
    parser.add_argument("--version", action="version", version=f"spikeref {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name,
            help=command.summary,
            description=command.summary,
            epilog=f"example: {command.example}",
        )
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


def _print(outcome: Outcome, *, as_json: bool) -> None:
    for note in outcome.notes:
        print(note, file=sys.stderr)
    if as_json:
        print(json.dumps(outcome.json))
    else:
        print("\n".join(outcome.lines))
    sys.stdout.flush()
