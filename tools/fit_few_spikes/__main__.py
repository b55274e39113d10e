"""`python -m tools.fit_few_spikes`: fit the FS neurons of HG-8 and write their constants."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

import spikeref
from tools.fit_few_spikes.fit import fitted
from tools.fit_few_spikes.targets import Target, targets

CONSTANTS = Path(spikeref.__file__).parent / "compiler" / "fitted_few_spikes.json"


def main() -> int:
    """Fit every piece, or some functions' with --only, and say what the errors are."""
    parser = argparse.ArgumentParser(prog="python -m tools.fit_few_spikes")
    parser.add_argument("--only", metavar="NAME", nargs="*", help="functions to fit; no file then")
    arguments = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for target in targets():
        if arguments.only is None or target.name in arguments.only:
            found.setdefault(target.name, {})[str(target.number)] = _entry(target)
    if arguments.only is None:
        CONSTANTS.write_text(_text(found), encoding="utf-8")
    return 0


def _entry(target: Target) -> dict[str, Any]:
    neuron, error = fitted(target)
    print(f"{target.name} {target.number}: {error:.1f} units", file=sys.stderr)
    return {
        "resets": neuron.resets,
        "thresholds": neuron.thresholds,
        "weights": neuron.weights,
        # Rounded up: it is a bound.
        "largest_error": math.ceil(error * 1000) / 1000,
    }


def _text(found: dict[str, dict[str, Any]]) -> str:
    """Return the file: one line a piece."""
    functions = []
    for name, pieces in found.items():
        lines = [f'  "{number}": {json.dumps(entry)}' for number, entry in pieces.items()]
        functions.append(f'"{name}": {{\n' + ",\n".join(lines) + "\n }")
    return "{\n " + ",\n ".join(functions) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
