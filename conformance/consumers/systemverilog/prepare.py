"""Choose the cases of a suite that fit the RTL as it is built; write their list and the package.

    python prepare.py SUITE -o BUILD --bits 4 --ties half-even --ratio 1/1 --neurons 64 --targets 16

BUILD gets spikeref_pkg.sv, cases.list for the replay bench, and the rotated potentials of `linear`
cases. Status 1 where no case fits.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from spikeref.arith.ties import Ties
from spikeref.cosim.constants import profile_package
from spikeref.cosim.package import SYSTEMVERILOG_NAME, systemverilog_package
from spikeref.model.profile import Profile
from spikeref.neurons.counts import Encoding
from spikeref.operations.table import run_operation
from spikeref.vectors.case import Case
from spikeref.vectors.reader import Suite
from spikeref.vectors.tensors import tensor_bytes

OPERATIONS = (
    "encode",
    "unfold",
    "sparse_add",
    "tiled_add",
    "pack_events",
    "integrate",
    "rescale",
    "linear",
)
LARGEST_EXPONENT = 1 << 13
"""Exponents have 16 bits in the RTL, and three of them are summed."""

LARGEST_TENSOR = 1 << 16
"""Words of each memory of the replay bench."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What the RTL is elaborated for."""

    profile: Profile
    neurons: int
    targets: int


def main() -> int:
    """Write the build folder; print how many cases of each operation were chosen."""
    arguments = _arguments()
    build = Build(
        profile=Profile(
            name="bench",
            weight_bits=8,
            act_bits=arguments.bits,
            kv_bits=arguments.bits,
            encoding=Encoding(arguments.encoding),
            clip_ratio=Fraction(arguments.ratio),
            ties=Ties(arguments.ties),
        ),
        neurons=arguments.neurons,
        targets=arguments.targets,
    )
    folder = arguments.output.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    package = systemverilog_package(profile_package(build.profile))
    (folder / SYSTEMVERILOG_NAME).write_text(package)
    suite = Suite.open(arguments.suite)
    lines, chosen = [], Counter[str]()
    wanted = OPERATIONS if arguments.operation is None else (arguments.operation,)
    for case in chosen_cases(suite, build, wanted):
        lines.append(list_line(case, suite, folder))
        chosen[case.operation] += 1
    print(f"{len(lines)} cases: " + ", ".join(f"{name} {n}" for name, n in chosen.items()))
    if not lines:
        print("prepare: no case of the suite fits this build", file=sys.stderr)
        return 1
    # Last, so that make takes the folder as whole only when it is.
    (folder / "cases.list").write_text("".join(f"{line}\n" for line in lines))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="choose vectors for a build of the RTL")
    parser.add_argument("suite", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--encoding", default="ternary")
    parser.add_argument("--ratio", default="1/1")
    parser.add_argument("--ties", default="half-even")
    parser.add_argument("--neurons", type=int, default=64)
    parser.add_argument("--targets", type=int, default=16)
    parser.add_argument("--operation", choices=OPERATIONS)
    return parser.parse_args()


def chosen_cases(
    suite: Suite, build: Build, wanted: Collection[str] = OPERATIONS
) -> Iterator[Case]:
    """Yield the cases of the wanted operations that fit, in causal order."""
    for identity in suite.ids:
        # The plain twin tells most cases apart without parsing JSON.
        if operation_of(suite.folder(identity)) in wanted:
            case = suite.case(identity)
            if fits(case, build):
                yield case


def operation_of(folder: Path) -> str:
    """Return the operation that case.txt states."""
    for line in (folder / "case.txt").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition("=")
        if name == "operation":
            return value
    return ""


def fits(case: Case, build: Build) -> bool:
    """Return whether the RTL, as it is built, can take a case."""
    if case.reject not in (None, "delivery"):
        # Hardware is given parameters and values of its own widths.
        return False
    if not _parameters_fit(case, build.profile):
        return False
    neurons, targets = sizes(case)
    if not (neurons <= build.neurons and targets <= build.targets):
        return False
    if any(array.size > LARGEST_TENSOR for array in case.inputs.values()):
        return False
    exponents = [array for name, array in case.inputs.items() if name.endswith("exponent")]
    return all(np.abs(array.astype(np.int64)).max() < LARGEST_EXPONENT for array in exponents)


def _parameters_fit(case: Case, profile: Profile) -> bool:
    encoder, given = profile.encoder(), case.parameters
    expected = {
        "bits": encoder.bits,
        "encoding": encoder.encoding.value,
        "ties": encoder.ties.value,
    }
    if case.operation in ("encode", "linear") and encoder.encoding is not Encoding.TERNARY:
        return False
    if case.operation == "rescale":
        return given["ties"] == expected["ties"]
    if "ratio_n" in given and encoder.clip_ratio != Fraction(
        int(given["ratio_n"]), int(given["ratio_d"])
    ):
        return False
    return all(given[name] == value for name, value in expected.items() if name in given)


def sizes(case: Case) -> tuple[int, int]:
    """Return the source neurons and targets that a case needs."""
    given = case.inputs
    if "weights" in given:
        return given["weights"].shape[0], given["weights"].shape[1]
    if case.operation == "rescale":
        return 1, given["accumulator"].shape[1]
    name = "v" if case.operation == "encode" else "counts"
    return given[name].shape[-1], 1


def list_line(case: Case, suite: Suite, folder: Path) -> str:
    """Return operation, id, T, N, M, K, value, reject, path, extra; write the extra tensors."""
    neurons, targets = sizes(case)
    given, extra = case.inputs, "-"
    rows = {"encode": "v", "sparse_add": "counts", "rescale": "accumulator", "linear": "u"}
    tokens = given[rows[case.operation]].shape[0] if case.operation in rows else 1
    length = value = 0
    outputs = case.outputs or {}
    match case.operation:
        case "unfold":
            length = outputs["train"].shape[0]
        case "pack_events":
            length, value = outputs["packets"].shape[0], int(case.parameters["epoch"])
        case "integrate":
            length, value = given["packets"].shape[0], int(case.parameters["epoch"])
        case "tiled_add":
            length = given["edges"].shape[0]
        case "rescale":
            value = int(case.parameters["bits"])
        case "linear":
            value = int(case.parameters["output_bits"])
            extra = str(_write_potentials(case, folder))
        case _:
            pass
    place = suite.folder(case.id).resolve()
    reject = int(case.reject is not None)
    return (
        f"{case.operation} {case.id} {tokens} {neurons} {targets} {length} {value} {reject}"
        f" {place} {extra}"
    )


def _write_potentials(case: Case, folder: Path) -> Path:
    """Write what the layer takes in place of u: rotated potentials (OP-4, OP-5)."""
    names = ("bits", "encoding", "ratio_n", "ratio_d", "ties", "rotate")
    found = run_operation(
        "spiking_input",
        {name: case.parameters[name] for name in names},
        {name: case.inputs[name] for name in ("u", "exponent")},
    )
    place = folder / "linear" / case.id
    place.mkdir(parents=True, exist_ok=True)
    for name in ("potential", "exponent"):
        (place / f"{name}.mem").write_bytes(tensor_bytes(found[name], "i32", "mem"))
    return place


if __name__ == "__main__":
    sys.exit(main())
