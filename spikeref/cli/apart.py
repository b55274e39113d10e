"""What a command writes stays apart from what it reads and from what else it writes."""

import os
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from spikeref.errors import UsageError


def require_apart(outputs: Mapping[str, str | None], inputs: Mapping[str, str | None]) -> None:
    """Refuse outputs that would replace an input or each other; None: an option not given.

    Both map an option or argument to its path. UsageError: an output that is an input or lies in
    one, or two outputs of which one is the other or lies in it. Links are followed.
    """
    written, read = _real(outputs), _real(inputs)
    for option, path in written.items():
        for source, folder in read.items():
            _require_outside(
                f"{option} {outputs[option]}", path, f"{source} {inputs[source]}", folder
            )
    for one, other in combinations(written, 2):
        shown, beside = f"{one} {outputs[one]}", f"{other} {outputs[other]}"
        _require_outside(beside, written[other], shown, written[one])
        _require_outside(shown, written[one], beside, written[other])


def _real(paths: Mapping[str, str | None]) -> dict[str, Path]:
    # Not Path.resolve, which raises where links go round.
    return {name: Path(os.path.realpath(path)) for name, path in paths.items() if path is not None}


def _require_outside(shown: str, path: Path, other: str, folder: Path) -> None:
    if path == folder:
        raise UsageError(f"{shown}: is what {other} names, too; name another place")
    if path.is_relative_to(folder):
        raise UsageError(f"{shown}: lies in {other}; name a place outside it")
