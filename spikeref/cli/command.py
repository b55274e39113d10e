"""What a command is, and what it gives back: data that the one printer shows."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Parser = TypeVar("Parser", bound=argparse.ArgumentParser)

FINE = 0
FAILED = 1
"""A comparison failed or something does not conform."""
BAD_INPUT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a command: its JSON object, its lines for people, its exit status.

    Of the JSON object's numbers, null is printed for those that are not finite.
    """

    json: dict[str, Any]
    lines: list[str]
    status: int = FINE
    notes: list[str] = field(default_factory=list)
    """Lines for stderr that are true whatever the format of stdout."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in a command that kept something; its text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One subcommand of `spikeref`."""

    name: str
    summary: str
    example: str
    """Shown under --help; it runs as it stands."""
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Outcome]


def add_subcommand(
    actions: "argparse._SubParsersAction[Parser]", name: str, summary: str, example: str
) -> Parser:
    """Add a parser whose --help shows the summary and the example."""
    return actions.add_parser(
        name,
        help=summary,
        description=summary,
        # Raw, so that a long example stays one line that can be pasted.
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
