"""`python -m tools.kill_matrix`: write the kill matrix of the core suite, and the smoke suite."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from spikeref.check.kill_matrix import MATRIX_NAME, KillMatrix, matrix_json
from spikeref.suite.catalogue import core_cases
from spikeref.suite.cover import smoke_cases
from spikeref.suite.kill import kill_matrix
from spikeref.suite.mutants import MUTANTS
from spikeref.vectors.reader import Suite
from spikeref.vectors.writer import write_suite

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "spikeref" / "check" / "data" / MATRIX_NAME
PUBLISHED = ROOT / "conformance" / MATRIX_NAME
SMOKE = ROOT / "spikeref" / "suite" / "data" / "smoke.txt"


def main() -> int:
    """Write the files, or with --check compare them; return 1 where one is not up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.kill_matrix")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    arguments = parser.parse_args()
    with core_suite() as suite:
        wanted = frozen_files(suite, matrix_of(suite))
    if arguments.check:
        stale = [path for path, data in wanted.items() if not up_to_date(path, data)]
        print(
            "\n".join(f"{path}: run python -m tools.kill_matrix" for path in stale) or "up to date"
        )
        return int(bool(stale))
    for path, data in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return 0


@contextmanager
def core_suite() -> Iterator[Suite]:
    """Generate the core suite in a temporary folder."""
    with TemporaryDirectory() as folder:
        write_suite(Path(folder), "core", core_cases())
        yield Suite.open(folder)


def matrix_of(suite: Suite) -> KillMatrix:
    """Run every mutant on a suite."""
    cases = [suite.case(identity) for identity in suite.ids]
    return kill_matrix(cases, MUTANTS, suite.manifest.suite_version, suite.manifest.root_digest)


def frozen_files(suite: Suite, matrix: KillMatrix) -> Mapping[Path, bytes]:
    """Return the content of each file that follows from a matrix of the core suite."""
    classes = {identity: suite.case_manifest(identity).case_class for identity in suite.ids}
    smoke = "".join(f"{identity}\n" for identity in smoke_cases(matrix, classes))
    data = matrix_json(matrix)
    return {SHIPPED: data, PUBLISHED: data, SMOKE: smoke.encode()}


def up_to_date(path: Path, data: bytes) -> bool:
    """Whether a file has this content."""
    return path.is_file() and path.read_bytes() == data


if __name__ == "__main__":
    sys.exit(main())
