"""Build spike_bench for one simulator and run the cocotb benches on it.

    python run_cocotb.py --sim icarus --suite SUITE --package PACKAGE.sv --build BUILD

PACKAGE.sv was made by prepare.py or by spikeref export-pkg. Status 1 where a bench fails, crashes,
or ran no test: a simulator's own status says nothing of that.
"""

import argparse
import os
import re
import shutil
import sys
from pathlib import Path

from cocotb.runner import get_runner

from spikeref.cosim.results import read_results

HERE = Path(__file__).resolve().parent
MODULES = ("encoder", "unfold", "accumulator", "rescale", "layer")
ARGUMENTS = {
    "icarus": ["-g2012"],
    "verilator": [
        "--x-initial", "unique", "--x-assign", "unique", "-Wno-fatal", "-Wno-WIDTH", "-O1",
    ],
}  # fmt: skip


def main() -> int:
    """Build, run, and judge the results file."""
    parser = argparse.ArgumentParser(description="run the cocotb benches")
    parser.add_argument("--sim", choices=tuple(ARGUMENTS), default="icarus")
    parser.add_argument("--suite", type=Path, required=True, help="vectors, or a model")
    parser.add_argument("--rtl", type=Path, default=HERE / "rtl")
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--stalls", default="1")
    parser.add_argument("--neurons", type=int, default=64)
    parser.add_argument("--targets", type=int, default=16)
    parser.add_argument("--modules", default=",".join(MODULES))
    parser.add_argument("--waves", action="store_true")
    arguments = parser.parse_args()
    package = arguments.package.resolve()
    simulation = arguments.build.resolve() / "cocotb"
    simulation.mkdir(parents=True, exist_ok=True)
    runner = get_runner(arguments.sim)
    sizes = {"NEURONS": arguments.neurons, "TARGETS": arguments.targets}
    sources = [package, *sorted(arguments.rtl.resolve().glob("*.sv"))]
    runner.build(
        verilog_sources=[*sources, HERE / "bench" / "spike_bench.sv"],
        hdl_toplevel="spike_bench",
        parameters=sizes,
        build_args=ARGUMENTS[arguments.sim],
        build_dir=simulation / "build",
        always=True,
        waves=arguments.waves,
    )
    modules = [f"benches.test_{name}" for name in arguments.modules.split(",")]
    results = simulation / "results.xml"
    results.unlink(missing_ok=True)
    # Below pytest the runner would judge for itself, and not by what this script promises.
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    path = os.pathsep.join(filter(None, [str(HERE), *sys.path]))
    try:
        runner.test(
            hdl_toplevel="spike_bench",
            test_module=",".join(modules),
            build_dir=simulation / "build",
            test_dir=simulation,
            results_xml=str(results),
            waves=arguments.waves,
            extra_env={
                "PYTHONPATH": path,
                "SUITE": str(arguments.suite.resolve()),
                "STALLS": arguments.stalls,
                "PROFILE": _profile(package),
                "PACKAGE": str(package),
                "PYTHON": sys.executable,
                **{name: str(size) for name, size in sizes.items()},
            },
        )
    except SystemExit as fault:
        print(f"cocotb: the simulator ended with {fault}", file=sys.stderr)
    found = read_results(results)
    print(f"cocotb on {arguments.sim}: {len(found.passed)} passed, {len(found.failed)} failed")
    for name in found.failed:
        print(f"FAIL bench={name}")
    return int(not found.conforms)


def _profile(package: Path) -> str:
    """Return bits, encoding, ratio and ties as the package states them."""
    text = package.read_text()

    def value(name: str) -> int:
        found = re.search(rf"localparam int {name} = (\d+);", text)
        if found is None:
            sys.exit(f"{package}: does not state {name}")
        return int(found[1])

    encoding = ("ternary", "binary")[value("ENCODING")]
    ties = ("half-even", "half-up")[value("TIES")]
    ratio = f"{value('CLIP_RATIO_N')}/{value('CLIP_RATIO_D')}"
    return f"{value('ACT_BITS')},{encoding},{ratio},{ties}"


if __name__ == "__main__":
    if shutil.which("make") is None:
        sys.exit("run_cocotb: make is needed")
    sys.exit(main())
