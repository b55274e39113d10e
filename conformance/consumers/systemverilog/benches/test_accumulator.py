"""Accumulator: events in any order to sums; faults of delivery; split-K; reset in mid-train."""

from itertools import pairwise
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge
from numpy.typing import NDArray

from benches.given import FAULTS, Given, build, cases, flat, lasts
from spikeref.arith.generator import random_order
from spikeref.operations.table import run_operation
from spikeref.vectors.case import Case

EPOCH = 1 << 38
END = 1 << 37


def _packets(counts: NDArray[Any], epoch: int) -> list[int]:
    encoder = build().profile.encoder()
    parameters = {"bits": encoder.bits, "encoding": encoder.encoding.value, "epoch": epoch}
    found = run_operation("pack_events", parameters, {"counts": counts.astype(np.int16)})
    return flat(found["packets"])


async def _send(given: Given, packets: list[int]) -> None:
    """Send packets; a transfer without any is one beat that carries none."""
    keep = [1] * len(packets) or [0]
    words = packets or [0]
    await given.send("acc", zip(words, keep, lasts(1, len(words)), strict=True))


def _expect_sums(given: Given, sums: list[int], case: str) -> None:
    rows = zip(sums, lasts(1, len(sums)), [0] * len(sums), strict=True)
    given.expect("sum", rows, case)


def _expect_fault(given: Given, kind: str, case: str) -> None:
    given.expect("sum", [(0, 1, FAULTS[kind])], case)


def _of_one_population(case: Case) -> tuple[NDArray[Any], NDArray[Any], list[int]]:
    """Return counts [N], weights and sums of the first token of a sparse_add case."""
    assert case.outputs is not None
    return case.inputs["counts"][0], case.inputs["weights"], flat(case.outputs["y"][0])


def _firing() -> Case:
    """Return the sparse_add case whose first token fires most, so that there is much to lose."""
    return max(
        cases("sparse_add"), key=lambda one: int(np.abs(one.inputs["counts"][0]).sum(dtype=int))
    )


@cocotb.test()
async def accumulator_gives_the_frozen_sums_and_refusals(dut: Any) -> None:
    """Every integrate case: sums, or one beat with a fault where the case is refused."""
    given = await Given(dut, percent=30).start()
    for case in cases("integrate"):
        await given.load_weights(case.inputs["weights"])
        dut.acc_epoch.value = int(case.parameters["epoch"]) % (1 << 26)
        if case.outputs is None:
            # Which fault is found first is the device's own; that one is found is not.
            given.scoreboard.expect("sum", [{"sum_last": 1}], case.id)
        else:
            _expect_sums(given, flat(case.outputs["y"]), case.id)
        await _send(given, flat(case.inputs["packets"]))
        await given.settle()
        faulty = int(dut.accumulator.fault.value) != FAULTS["none"]
        assert faulty == (case.reject is not None), case.id
    given.scoreboard.finish()


@cocotb.test()
async def accumulator_commutes(dut: Any) -> None:
    """Sorted, reversed and shuffled events, the end marker first, in the middle and last."""
    given = await Given(dut, percent=30).start()
    counts, weights, sums = _of_one_population(_firing())
    await given.load_weights(weights)
    dut.acc_epoch.value = 9
    *events, end = _packets(counts, 9)
    shuffled = [events[i] for i in random_order(7, len(events)).tolist()]
    for name, order in (("sorted", events), ("reversed", events[::-1]), ("shuffled", shuffled)):
        for place in (0, len(order) // 2, len(order)):
            _expect_sums(given, sums, f"{name}, end marker at {place}")
            await _send(given, [*order[:place], end, *order[place:]])
            await given.settle()
    given.scoreboard.finish()


@cocotb.test()
async def accumulator_detects_each_fault_of_delivery(dut: Any) -> None:
    """Every fault is named, and the epoch after it is clean (EVENT-6, ENG-8)."""
    given = await Given(dut, percent=0).start()
    case = _firing()
    counts, weights, sums = _of_one_population(case)
    await given.load_weights(weights)
    dut.acc_epoch.value = 3
    packets = _packets(counts, 3)
    *events, end = packets
    steps = build().profile.encoder().train_length
    faults = [
        ("dropped first", [*events[1:], end], "count"),
        ("dropped last", [*events[:-1], end], "count"),
        ("doubled", [*events, events[0], end], "doubled"),
        ("doubled and another dropped", [*events[:-1], events[0], end], "doubled"),
        ("added", [*events, 3 * EPOCH | (steps - 1) << 28 | counts.size, end], "range"),
        ("step too large", [*events, 3 * EPOCH | steps << 28, end], "range"),
        ("of the next epoch", [*events[:-1], events[-1] + EPOCH, end], "epoch"),
        ("end of another epoch", [*events, end - EPOCH], "epoch"),
        ("no end", events, "end"),
        ("second end", [end, *events, end], "end"),
        ("end counts one more", [*events, end + 1], "count"),
        ("end counts one less", [*events, end - 1], "count"),
        ("nothing", [], "end"),
    ]
    for name, sent, kind in faults:
        _expect_fault(given, kind, name)
        await _send(given, sent)
        await given.settle()
        _expect_sums(given, sums, f"after {name}")
        await _send(given, packets)
        await given.settle()
    given.scoreboard.finish()


@cocotb.test()
async def fifo_of_depth_one_keeps_the_end_marker(dut: Any) -> None:
    """The queue is full with the last event while the end marker is offered, and held there."""
    given = await Given(dut, percent=0).start()
    _, weights, _ = _of_one_population(_firing())
    await given.load_weights(weights)
    counts = np.zeros(len(weights), dtype=np.int16)
    counts[-1] = 1
    for epoch in range(4):
        dut.acc_epoch.value = epoch
        _expect_sums(given, flat(weights[-1]), f"epoch {epoch}")
        # Without a pause the end marker is offered in the cycle in which the event leaves.
        await _send(given, _packets(counts, epoch))
        await given.settle()
    given.scoreboard.finish()


@cocotb.test()
async def silent_population_gives_zeros(dut: Any) -> None:
    """An end marker alone, after an epoch that left sums behind."""
    given = await Given(dut, percent=0).start()
    counts, weights, sums = _of_one_population(_firing())
    await given.load_weights(weights)
    dut.acc_epoch.value = 0
    for sent, expected in ((counts, sums), (counts * 0, [0] * len(sums))):
        _expect_sums(given, expected, "silent after loud")
        await _send(given, _packets(sent, 0))
        await given.settle()
    given.scoreboard.finish()


@cocotb.test()
async def accumulator_adds_tiles(dut: Any) -> None:
    """Split-K: each tile alone, then all tiles into the same sums, the all-zero tile too."""
    given = await Given(dut, percent=30).start()
    for case in cases("tiled_add"):
        assert case.outputs is not None
        await given.load_weights(case.inputs["weights"])
        edges, partial = flat(case.inputs["edges"]), case.outputs["partial"]
        for together in (False, True):
            for p, (first, stop) in enumerate(pairwise(edges)):
                dut.acc_continued.value = int(together and p > 0)
                dut.acc_epoch.value = p
                counts = np.zeros_like(case.inputs["counts"])
                counts[first:stop] = case.inputs["counts"][first:stop]
                sums = partial[: p + 1].sum(axis=0, dtype=np.int64) if together else partial[p]
                _expect_sums(given, flat(sums), f"{case.id}, tile {p}")
                await _send(given, _packets(counts, p))
                await given.settle()
        dut.acc_continued.value = 0
    given.scoreboard.finish()


@cocotb.test()
async def accumulator_forgets_an_epoch_at_reset(dut: Any) -> None:
    """Reset after half the events, and while sums leave; then the same epoch anew."""
    given = await Given(dut, percent=0).start()
    counts, weights, sums = _of_one_population(_firing())
    await given.load_weights(weights)
    dut.acc_epoch.value = 5
    packets = _packets(counts, 5)
    half = packets[: len(packets) // 2]
    await given.send("acc", zip(half, [1] * len(half), [0] * len(half), strict=True))
    await given.reset()
    _expect_sums(given, sums, "after half an epoch")
    await _send(given, packets)
    await given.settle()
    await _send_without_taking(given, packets)
    await given.reset()
    _expect_sums(given, sums, "after sums that were not taken")
    await _send(given, packets)
    await given.settle()
    given.scoreboard.finish()


async def _send_without_taking(given: Given, packets: list[int]) -> None:
    given.scoreboard.expect("sum", [{}] * int(given.dut.targets.value), "abandoned")
    await _send(given, packets)
    await FallingEdge(given.dut.clk)
    await ClockCycles(given.dut.clk, 1)


@cocotb.test()
async def memories_may_hold_anything_at_first(dut: Any) -> None:
    """One source and one target of unknown memories: no unknown bit may reach a sum."""
    given = await Given(dut, percent=0).start()
    dut.neurons.value, dut.targets.value = build().neurons, 1
    await given.load_row(2, 5)
    dut.acc_epoch.value = 0
    counts = np.zeros(build().neurons, dtype=np.int16)
    counts[2] = 3
    _expect_sums(given, [15], "one row loaded")
    await _send(given, _packets(counts, 0))
    await given.settle()
    given.scoreboard.finish()
