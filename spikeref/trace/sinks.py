"""Where records go: nowhere, into digests, into a list, or to several places."""

from collections.abc import Callable
from typing import TypeAlias

from spikeref.trace.canonical import Place, record_digests, trace_digest
from spikeref.trace.records import Record

Sink: TypeAlias = Callable[[Record], None]


def discard(record: Record) -> None:
    """Drop the record."""


def collect(into: list[Record]) -> Sink:
    """Return a sink that appends to `into`."""
    return into.append


def tee(*sinks: Sink) -> Sink:
    """Return a sink that passes each record to every one of `sinks`, in order."""

    def pass_on(record: Record) -> None:
        for sink in sinks:
            sink(record)

    return pass_on


class DigestSink:
    """Keeps 32 bytes a record; `digest` puts them in causal order."""

    def __init__(self) -> None:
        """Start with no record."""
        self.digests: dict[Place, bytes] = {}

    def __call__(self, record: Record) -> None:
        """Add the digests of all tokens of `record`."""
        self.digests.update(record_digests(record))

    def digest(self, model_digest: str, tokens: list[int]) -> str:
        """Return the digest of a whole trace over `tokens` (TRACE-5)."""
        return trace_digest(model_digest, tokens, self.digests)
