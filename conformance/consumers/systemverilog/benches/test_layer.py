"""The whole spiking linear layer, from rotated potentials to outputs."""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from benches.given import Given, build, cases, flat, lasts
from spikeref.arith.generator import random_words, seed_of
from spikeref.operations.table import run_operation
from spikeref.vectors.case import Case


def potentials(case: Case) -> tuple[list[int], list[int]]:
    """Return the rotated potentials [T·N] of a linear case, and the exponent of each."""
    names = ("bits", "encoding", "ratio_n", "ratio_d", "ties", "rotate")
    found = run_operation(
        "spiking_input",
        {name: case.parameters[name] for name in names},
        {name: case.inputs[name] for name in ("u", "exponent")},
    )
    width = found["potential"].shape[1]
    return flat(found["potential"]), flat(found["exponent"].repeat(width))


async def load(given: Given, case: Case) -> None:
    """Load weights, channels and the output width of a case."""
    await given.load_weights(case.inputs["weights"])
    channels = ("channel_mantissa", "channel_exponent", "bias")
    await given.load_channels(*(case.inputs[name] for name in channels))
    given.dut.out_bits.value = int(case.parameters["output_bits"])


async def run(given: Given, case: Case) -> None:
    """Send all rows back to back and expect all outputs."""
    assert case.outputs is not None
    outputs = case.outputs["output"]
    for value, last in zip(flat(outputs), lasts(*outputs.shape), strict=True):
        beat = {"lay_out_value": value, "lay_out_last": last, "lay_out_fault": 0}
        given.scoreboard.expect("lay_out", [beat], case.id)
    v, exponents = potentials(case)
    rows = zip(v, exponents, lasts(*case.inputs["u"].shape), strict=True)
    await given.send("lay", rows)
    await given.settle()


@cocotb.test()
async def layer_gives_the_frozen_outputs(dut: Any) -> None:
    """Every case, rows back to back: a scale of the row before or after would show."""
    given = await Given(dut, percent=0).start()
    for case in cases("linear"):
        await load(given, case)
        await run(given, case)
    given.scoreboard.finish()


@cocotb.test()
async def layer_is_invariant_under_stalls(dut: Any) -> None:
    """The case with most rows, with pauses on every stream."""
    given = await Given(dut, percent=60).start()
    case = max(cases("linear"), key=lambda one: one.inputs["u"].shape[0])
    await load(given, case)
    await run(given, case)
    given.scoreboard.finish()


def _busy() -> Case:
    """Return a case of few neurons and all targets: a row fires before the last one has left."""
    size, rows, neurons = build(), 4, 4
    encoder = size.profile.encoder()
    words = random_words(seed_of("spikeref/hdl/busy"), rows * neurons).view(np.int64)
    weights = random_words(seed_of("spikeref/hdl/weights"), neurons * size.targets)
    inputs = {
        "u": (words >> 49).reshape(rows, neurons),
        "exponent": np.array([-20, -25, -22, -30], dtype=np.int32),
        "weights": (weights % np.uint64(15)).astype(np.int8).reshape(neurons, -1) - np.int8(7),
        "channel_mantissa": np.arange(40_000, 40_000 + size.targets, dtype=np.uint16),
        "channel_exponent": np.full(size.targets, -20, dtype=np.int16),
        "bias": np.arange(size.targets, dtype=np.int64) << 16,
    }
    parameters: dict[str, int | str] = {
        "bits": encoder.bits,
        "encoding": encoder.encoding.value,
        "ratio_n": encoder.clip_ratio.numerator,
        "ratio_d": encoder.clip_ratio.denominator,
        "ties": encoder.ties.value,
        "rotate": 0,
        "output_bits": 32,
    }
    return Case(
        id="busy",
        operation="linear",
        case_class="linear",
        mode="teacher-forced",
        provenance="random",
        requirements=("OP-8",),
        comment="events wait while sums leave",
        parameters=parameters,
        inputs=inputs,
        outputs=run_operation("linear", parameters, inputs),
    )


@cocotb.test()
async def layer_keeps_events_that_wait(dut: Any) -> None:
    """Sums leave slowly while the events of the next row press into the queue of depth 1."""
    given = await Given(dut, percent=60).start()
    case = _busy()
    await load(given, case)
    await run(given, case)
    given.scoreboard.finish()


@cocotb.test()
async def layer_forgets_everything_at_reset(dut: Any) -> None:
    """Reset at many moments: while a row fills, is encoded, unfolded, summed and rescaled."""
    given = await Given(dut, percent=0).start()
    case = max(cases("linear"), key=lambda one: one.inputs["u"].shape[0])
    await load(given, case)
    v, exponents = potentials(case)
    rows = list(zip(v, exponents, lasts(*case.inputs["u"].shape), strict=True))
    width = case.inputs["u"].shape[1]
    for cycles in (1, width // 2, width + 1, width + 2, 2 * width + 3, 3 * width, 7 * width):
        given.scoreboard.expect("lay_out", [{}] * len(rows), "abandoned")
        sending = cocotb.start_soon(given.send("lay", rows))
        await ClockCycles(dut.clk, cycles)
        sending.kill()
        dut.lay_valid.value = 0
        await given.reset()
        await run(given, case)
    given.scoreboard.finish()
