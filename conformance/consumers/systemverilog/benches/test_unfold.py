"""Unfold: counts to address events in order of step, then source."""

from typing import Any

import cocotb

from benches.given import Given, cases, flat, lasts
from spikeref.vectors.case import Case


async def _unfold(given: Given, case: Case) -> None:
    counts, outputs = case.inputs["counts"], case.outputs
    assert outputs is not None
    packets = flat(outputs["packets"])
    given.dut.unf_epoch.value = int(case.parameters["epoch"]) % (1 << 26)
    given.expect("evt", zip(packets, lasts(1, len(packets)), strict=True), case.id)
    await given.send("unf", zip(flat(counts), lasts(1, counts.size), strict=True))
    await given.settle()


@cocotb.test()
async def unfold_gives_the_frozen_packets(dut: Any) -> None:
    """Every case, with pauses."""
    given = await Given(dut, percent=40).start()
    for case in cases("pack_events"):
        await _unfold(given, case)
    given.scoreboard.finish()


@cocotb.test()
async def unfold_forgets_a_train_at_reset(dut: Any) -> None:
    """Reset while the events of a row leave; the next end marker counts its own row only."""
    given = await Given(dut, percent=0).start()
    case = max(cases("pack_events"), key=lambda one: one.inputs["counts"].size)
    counts = case.inputs["counts"]
    given.dut.evt_ready.value = 0
    assert case.outputs is not None
    epoch = int(case.parameters["epoch"])
    given.dut.unf_epoch.value = epoch % (1 << 26)
    packets = flat(case.outputs["packets"])
    given.expect("evt", zip(packets, lasts(1, len(packets)), strict=True), "before the reset")
    await given.send("unf", zip(flat(counts), lasts(1, counts.size), strict=True))
    while given.scoreboard.compared.get("evt", 0) < len(packets) // 2:
        await cocotb.triggers.FallingEdge(dut.clk)
    await given.reset()
    await _unfold(given, case)
    given.scoreboard.finish()
