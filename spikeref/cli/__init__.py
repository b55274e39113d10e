"""The command line: parse, call one stage, print."""

from spikeref.cli.program import main

__all__ = ["main"]
