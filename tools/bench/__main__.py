"""Command line of the benchmark.

Example: python -m tools.bench --only dense,products --json bench.json
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from spikeref.errors import SpikerefError
from tools.bench import (
    checking,
    compile_rate,
    decoding,
    demo,
    dense,
    event_queue,
    las,
    memory,
    sparse_addition,
)
from tools.bench.child import ChildFailedError
from tools.bench.machine import core_count, describe_machine
from tools.bench.plan import Measurement, Plan
from tools.bench.report import Row, Unmeasured, report_json, row_lines, status

MEASUREMENTS: tuple[Measurement, ...] = (
    dense.MEASUREMENT,
    sparse_addition.MEASUREMENT,
    event_queue.MEASUREMENT,
    las.MEASUREMENT,
    compile_rate.MEASUREMENT,
    decoding.MEASUREMENT,
    demo.MEASUREMENT,
    memory.MEASUREMENT,
    checking.MEASUREMENT,
)
NAMES = tuple(name for measurement in MEASUREMENTS for name in measurement.rows)

FINE = 0
FAILED = 1

BUSY_LOAD = 0.5
"""With this much other work, a thread of BLAS sometimes has to wait for a core."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every row as it is done; 0, or 1 where one could not run to its end.

    A target that is missed is reported and changes nothing: other work on the machine can do it.
    """
    options = _parser().parse_args(arguments)
    machine = describe_machine()
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    if (machine["load"] or 0.0) > BUSY_LOAD:
        print(
            f"note: the machine is busy (load {machine['load']}); threads of one product wait for"
            " each other, so figures in wall time come out too large"
        )
    plan = Plan(quick=options.quick, threads=machine["blas_threads"] or core_count())
    rows: list[Row] = []
    for row in measured_rows(plan, options.only):
        rows.append(row)
        print("\n".join(row_lines(row)), flush=True)
    if options.json is not None:
        report = report_json(machine, rows, quick=options.quick)
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    failed = any(status(figure) == "failed" for row in rows for figure in row.figures)
    return FAILED if failed else FINE


def measured_rows(
    plan: Plan, only: Sequence[str], measurements: Sequence[Measurement] = MEASUREMENTS
) -> Iterator[Row]:
    """Yield the rows named in `only`; a measurement that fails gives rows that say so."""
    for measurement in measurements:
        wanted = {name: target for name, target in measurement.rows.items() if name in only}
        if not wanted:
            continue
        try:
            yield from (row for row in measurement.measure(plan) if row.name in wanted)
        except (ChildFailedError, SpikerefError, OSError, MemoryError) as fault:
            for name, target in wanted.items():
                why = str(fault) or type(fault).__name__
                figure = Unmeasured(name=name, reason=why, target=target, failed=True)
                yield Row(name=name, figures=[figure])


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in NAMES:
            raise argparse.ArgumentTypeError(f"{name!r} is unknown; known: {', '.join(NAMES)}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench",
        description="Speed and memory: medians, and in brackets the smallest and the largest.",
        epilog="example: python -m tools.bench --only dense,products --json bench.json",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report here too")
    parser.add_argument(
        "--only", type=_names, default=list(NAMES), metavar="NAME,NAME", help=", ".join(NAMES)
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and no `memory`")
    return parser


if __name__ == "__main__":
    sys.exit(main())
