"""The cocotb benches on both simulators, and the layer with a compiled model's own weights."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spikeref.cosim.export import export_package
from spikeref.cosim.results import BenchResults, read_results
from spikeref.model.layers import IntegerModel
from tests.hdl.tools import (
    CONSUMER,
    REPOSITORY,
    make,
    ran,
    require_module,
    require_simulator,
    spent,
)

BENCHES = {
    "encoder_gives_the_frozen_counts", "encoder_is_invariant_under_stalls",
    "encoder_forgets_a_row_at_reset", "token_scale_rounds_at_every_tie",
    "layer_keeps_events_that_wait", "unfold_gives_the_frozen_packets",
    "unfold_forgets_a_train_at_reset", "accumulator_gives_the_frozen_sums_and_refusals",
    "accumulator_commutes", "accumulator_detects_each_fault_of_delivery",
    "fifo_of_depth_one_keeps_the_end_marker", "silent_population_gives_zeros",
    "accumulator_adds_tiles", "accumulator_forgets_an_epoch_at_reset",
    "memories_may_hold_anything_at_first", "rescale_gives_the_frozen_outputs",
    "rescale_forgets_a_row_at_reset", "layer_gives_the_frozen_outputs",
    "layer_is_invariant_under_stalls", "layer_forgets_everything_at_reset",
}  # fmt: skip


def results_below(folder: Path) -> BenchResults:
    found = list(folder.rglob("results.xml"))
    assert len(found) == 1
    return read_results(found[0])


def note(simulator: str, results: BenchResults) -> None:
    for name in results.passed:
        ran[f"cocotb on {simulator}: {name.removeprefix('benches.')}"] += 1


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_benches(builds: Path, simulator: str) -> None:
    require_simulator(simulator)
    require_module("cocotb")
    made = make(builds, "cocotb", SIM=simulator)
    assert made.status == 0, made.output
    folder = builds / f"{simulator}-4-ternary-1-1-half-even-64x16"
    results = results_below(folder)
    assert results.failed == ()
    assert {name.rsplit(".", 1)[-1] for name in results.passed} == BENCHES
    note(simulator, results)


def test_layer_of_a_model_against_the_server(builds: Path, tiny_model: IntegerModel) -> None:
    """export-pkg gives package and memories, serve the golden results; 64 neurons, 64 targets."""
    require_simulator("icarus")
    require_module("cocotb")
    package = builds / "model"
    export_package(tiny_model, package, [1])
    start = time.monotonic()
    options = {
        "suite": tiny_model.folder,
        "package": package / "spikeref_pkg.sv",
        "build": builds / "with-model",
        "modules": "model",
        "neurons": 64,
        "targets": 64,
    }
    done = subprocess.run(
        [
            sys.executable,
            "run_cocotb.py",
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        cwd=CONSUMER,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    spent["icarus"] += round(1000 * (time.monotonic() - start))
    assert done.returncode == 0, done.stdout
    results = results_below(builds / "with-model")
    assert results.passed == ("benches.test_model.layer_of_a_model_agrees_with_the_server",)
    note("icarus", results)
