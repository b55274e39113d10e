"""Runs a device's command, with a limit, and ends what it leaves behind."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from spikeref.errors import UsageError

TAIL_BYTES = 2000
_DRAIN_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a device ended."""

    status: int | None
    """Exit status; negative for a signal; None where its time ran out."""
    timeout: int
    """The limit in seconds."""
    tail: str
    """The end of what it wrote to stderr, printable."""

    @property
    def fault(self) -> str | None:
        """Why a run that ended so cannot pass; None where it ended with status 0."""
        if self.status is None:
            return f"the device did not end within {self.timeout} s and was killed"
        if self.status < 0:
            return f"the device was ended by signal {-self.status}"
        return f"the device ended with status {self.status}" if self.status else None


def run_device(command: Sequence[str], timeout: int) -> Ended:
    """Run a command in a process group of its own, without input, for at most `timeout` seconds.

    Whatever is left of the group afterwards, also when the caller is interrupted, is killed.
    UsageError: the command cannot be started.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as fault:
        raise UsageError(f"{command[0]}: cannot be started ({fault})") from None
    tail = bytearray()
    assert process.stderr is not None
    reader = threading.Thread(target=_keep_tail, args=(process.stderr, tail), daemon=True)
    reader.start()
    status: int | None = None
    try:
        status = process.wait(timeout)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _kill_group(process.pid)
        process.wait()
    # A child that left the group may keep the pipe open; its words are not waited for.
    reader.join(_DRAIN_SECONDS)
    return Ended(status=status, timeout=timeout, tail=_printable(bytes(tail)))


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _keep_tail(stream: IO[bytes], tail: bytearray) -> None:
    with stream:
        while chunk := os.read(stream.fileno(), 1 << 16):
            tail += chunk
            del tail[:-TAIL_BYTES]


def _printable(data: bytes) -> str:
    text = data.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text).strip()
