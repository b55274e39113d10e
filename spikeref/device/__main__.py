"""`python -m spikeref.device SUITE OUT LIST`: a device in the sense of CONF-7."""

import sys
from collections.abc import Sequence
from pathlib import Path

from .operations.table import run
from .suite_files import read_case, write_outputs, write_refusal
from .tensor import Refusal


def main(arguments: Sequence[str]) -> int:
    """Run the listed cases of a suite; return the exit status."""
    if len(arguments) != 3:
        print("usage: python -m spikeref.device SUITE OUT LIST", file=sys.stderr)
        return 2
    suite_folder, out_folder, listed = map(Path, arguments)
    for identity in listed.read_text("ascii").splitlines():
        case = read_case(suite_folder, identity)
        try:
            outputs = run(case.operation, case.parameters, case.inputs, suite_folder / "model")
        except Refusal as refusal:
            write_refusal(out_folder / identity, refusal)
        else:
            write_outputs(out_folder / identity, outputs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
