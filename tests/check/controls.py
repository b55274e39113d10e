"""Runs a control device over the small suite."""

import sys
from pathlib import Path
from typing import Any

from spikeref.check.conform import Conformance, conform
from spikeref.check.selection import Claim
from spikeref.vectors.reader import Suite

DEVICE = Path(__file__).with_name("control_device.py")


def command(kind: str, answers: Path) -> list[str]:
    """Return the command of a control device."""
    return [sys.executable, str(DEVICE), kind, str(answers)]


def run_control(kind: str, suite: Path, **options: Any) -> Conformance:
    """Run a control device; it has a minute unless `timeout` says otherwise."""
    given: dict[str, Any] = {"claim": Claim(), "timeout": 60} | options
    claim = given.pop("claim")
    return conform(Suite.open(suite), claim, command(kind, suite), **given)
