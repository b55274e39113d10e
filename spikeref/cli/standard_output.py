"""Standard output: text in any encoding, and readers that go."""

import io
import os
import sys

from spikeref.errors import UsageError


class ReaderGoneError(Exception):
    """Whoever read stdout has gone, which is their right; nothing more need be said."""


def escape_what_the_encoding_lacks() -> None:
    """Let stdout take any text: help has signs, and a model words, that an encoding may lack."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Print text at once, or raise ReaderGoneError; UsageError where stdout takes nothing."""
    try:
        print(text, flush=True)
    except BrokenPipeError as fault:
        _forget_stdout()
        raise ReaderGoneError from fault
    except OSError as fault:
        _forget_stdout()
        raise UsageError(f"standard output: cannot be written ({fault.strerror})") from fault


def _forget_stdout() -> None:
    """Let the interpreter's own flush at exit find something that takes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
