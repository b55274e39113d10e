"""Wall time, processor time and peak memory of one command, run by a launcher of its own.

A process starts with the peak memory of the one that started it, so the launcher, which imports
next to nothing, stands between the benchmark and the command.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass


class ChildFailedError(Exception):
    """A command ended with another status than 0; its last line on stderr says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildCost:
    """What a command took."""

    wall: float
    """Seconds from start to end."""
    cpu: float
    """Seconds of user and system time, over all its threads."""
    peak_mb: float
    """Largest resident memory in MB of 2^20 bytes, mapped files included."""


def spikeref_cost(*arguments: str) -> ChildCost:
    """Run `spikeref` with these arguments and return its cost; ChildFailedError if it fails."""
    command = [sys.executable, "-m", "spikeref", *arguments]
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench.child", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing on stderr"]
        raise ChildFailedError(f"spikeref {arguments[0]} failed: {said[-1]}")
    return ChildCost(**json.loads(done.stdout))


def main(command: Sequence[str]) -> int:
    """Run `command`, print its cost as JSON, and return its status."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, ended, usage = os.wait4(child.pid, 0)
    cost = ChildCost(
        wall=time.perf_counter() - start,
        cpu=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10)),
    )
    child.returncode = os.waitstatus_to_exitcode(ended)
    print(json.dumps(asdict(cost)))
    return min(abs(child.returncode), 255)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
