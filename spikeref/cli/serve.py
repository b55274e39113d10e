"""`spikeref serve`: golden results for a simulator, line by line."""

import argparse
import contextlib
import sys
from typing import Any

from spikeref.cli.command import Command, Outcome
from spikeref.cli.standard_output import ReaderGoneError, json_text, say
from spikeref.cosim.serve import serve
from spikeref.model.folder import load_model


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="folder of a compiled model")


def _run(arguments: argparse.Namespace) -> Outcome:
    # stdout belongs to the answers: there is nothing left to show at the end.
    with contextlib.suppress(ReaderGoneError):
        serve(load_model(arguments.model), sys.stdin.buffer, _answer)
    return Outcome(json={}, lines=[])


def _answer(reply: dict[str, Any]) -> None:
    # A simulator waits for the line, so it must not lie in a buffer.
    say(json_text(reply))


COMMAND = Command(
    name="serve",
    summary="lock-step for a simulator: JSON lines on stdin and stdout, tensors by path",
    example="spikeref serve ./model",
    configure=_configure,
    run=_run,
)
