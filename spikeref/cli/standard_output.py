"""Standard output: text in any encoding, JSON of finite numbers, and readers that go."""

import io
import json
import math
import os
import sys
from typing import Any

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


def json_text(value: dict[str, Any]) -> str:
    """Return an object as JSON on one line; null for infinities and NaN, which JSON lacks."""
    return json.dumps(_with_nulls(value), allow_nan=False)


def _with_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_nulls(member) for name, member in value.items()}
        case list() | tuple():
            return [_with_nulls(member) for member in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def _forget_stdout() -> None:
    """Let the interpreter's own flush at exit find something that takes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
