"""What every bench needs: the cases that fit the build, a clock, resets, loads, streams."""

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge
from prepare import Build, chosen_cases

from spikeref.arith.ties import Ties
from spikeref.cosim.scoreboard import Driver, Monitor, Scoreboard, Stalls
from spikeref.model.profile import Profile
from spikeref.neurons.counts import Encoding
from spikeref.vectors.case import Case
from spikeref.vectors.reader import Suite

DATA = {
    "enc": ("enc_potential", "enc_last"),
    "rng": ("rng_range",),
    "scl": ("scl_mantissa", "scl_exponent"),
    "cnt": ("cnt_count", "cnt_last"),
    "unf": ("unf_count", "unf_last"),
    "evt": ("evt_packet", "evt_last"),
    "acc": ("acc_packet", "acc_keep", "acc_last"),
    "sum": ("sum_value", "sum_last", "sum_fault"),
    "tok": ("tok_mantissa", "tok_exponent"),
    "res": ("res_sum", "res_last"),
    "out": ("out_value", "out_saturated", "out_last"),
    "lay": ("lay_potential", "lay_exponent", "lay_last"),
    "lay_out": ("lay_out_value", "lay_out_saturated", "lay_out_last", "lay_out_fault"),
}
"""Streams of spike_bench: prefix -> data signals."""

SIGNED = ("scl_exponent", "cnt_count", "sum_value", "out_value", "lay_out_value")
DRIVEN = ("enc", "unf", "acc", "tok", "res", "lay")
TAKEN = ("scl", "cnt", "evt", "sum", "out", "lay_out")

FAULTS = {"none": 0, "epoch": 1, "range": 2, "doubled": 3, "end": 4, "count": 5}

SEED = int(os.environ.get("STALLS", "1"))


def build() -> Build:
    """Return what the RTL was elaborated for."""
    bits, encoding, ratio, ties = os.environ["PROFILE"].split(",")
    return Build(
        profile=Profile(
            name="bench",
            weight_bits=8,
            act_bits=int(bits),
            kv_bits=int(bits),
            encoding=Encoding(encoding),
            clip_ratio=Fraction(ratio),
            ties=Ties(ties),
        ),
        neurons=int(os.environ["NEURONS"]),
        targets=int(os.environ["TARGETS"]),
    )


def cases(operation: str) -> list[Case]:
    """Return the cases of one operation; a bench must not pass because there are none."""
    suite = Suite.open(Path(os.environ["SUITE"]))
    found = list(chosen_cases(suite, build(), (operation,)))
    assert found, f"the suite has no case of {operation} for this build"
    return found


class Given:
    """The device under test, its streams, and the scoreboard."""

    def __init__(self, dut: Any, percent: int) -> None:
        """Put drivers and monitors on every stream; they pause in `percent` of the cycles."""
        self.dut = dut
        self.scoreboard = Scoreboard()
        self._percent = percent
        self._drivers = {
            prefix: Driver(dut, prefix, DATA[prefix], self._stalls(prefix)) for prefix in DRIVEN
        }

    def _stalls(self, prefix: str) -> Stalls:
        return Stalls(SEED + 1000 * sorted(DATA).index(prefix), self._percent)

    async def start(self) -> "Given":
        """Start clock and monitors, and reset."""
        cocotb.start_soon(Clock(self.dut.clk, 10, units="step").start())
        for name in ("load_row_valid", "load_channel_valid", "acc_continued"):
            getattr(self.dut, name).value = 0
        for name in ("unf_epoch", "acc_epoch", "neurons", "targets", "out_bits"):
            getattr(self.dut, name).value = 0
        self.dut.reset.value = 1
        await ClockCycles(self.dut.clk, 2)
        for prefix in (*TAKEN, "rng"):
            signed = [name for name in DATA[prefix] if name in SIGNED]
            Monitor(
                self.dut,
                prefix,
                DATA[prefix],
                self.scoreboard,
                signed=signed,
                stalls=self._stalls(prefix),
                takes=prefix != "rng",
            ).start()
        await self.reset()
        return self

    async def reset(self) -> None:
        """Reset for three cycles; whatever was expected is abandoned."""
        await FallingEdge(self.dut.clk)
        self.dut.reset.value = 1
        self.scoreboard.forget()
        await ClockCycles(self.dut.clk, 3)
        await FallingEdge(self.dut.clk)
        for prefix in DRIVEN:
            getattr(self.dut, f"{prefix}_valid").value = 0
        self.dut.reset.value = 0

    async def send(self, prefix: str, rows: Any) -> None:
        """Send beats, each a tuple in the order of DATA."""
        beats = [dict(zip(DATA[prefix], map(int, row), strict=True)) for row in rows]
        await self._drivers[prefix].send(beats)

    def expect(self, prefix: str, rows: Any, case: str) -> None:
        """Expect beats, each a tuple in the order of DATA."""
        beats = [dict(zip(DATA[prefix], map(int, row), strict=True)) for row in rows]
        self.scoreboard.expect(prefix, beats, case)

    async def settle(self, cycles: int = 200_000) -> None:
        """Wait until everything that is expected came."""
        for _ in range(cycles):
            if not self.scoreboard.pending:
                # A beat too many would come in the next cycles.
                await ClockCycles(self.dut.clk, 8)
                return
            await FallingEdge(self.dut.clk)
        self.scoreboard.finish()

    async def load_weights(self, weights: Any) -> None:
        """Load int8 [N, M] and set the sizes."""
        width = len(self.dut.load_weights) // int(os.environ["TARGETS"])
        self.dut.neurons.value, self.dut.targets.value = weights.shape
        for source, row in enumerate(weights.tolist()):
            word = sum((w % (1 << width)) << (width * m) for m, w in enumerate(row))
            await self.load_row(source, word)

    async def load_row(self, source: int, word: int) -> None:
        """Load one row of weights as a word."""
        await FallingEdge(self.dut.clk)
        self.dut.load_source.value = source
        self.dut.load_weights.value = word
        self.dut.load_row_valid.value = 1
        await FallingEdge(self.dut.clk)
        self.dut.load_row_valid.value = 0

    async def load_channels(self, mantissas: Any, exponents: Any, biases: Any) -> None:
        """Load the scale and bias of every target."""
        self.dut.targets.value = len(mantissas)
        rows = zip(mantissas.tolist(), exponents.tolist(), biases.tolist(), strict=True)
        for target, (mantissa, exponent, bias) in enumerate(rows):
            await FallingEdge(self.dut.clk)
            self.dut.load_target.value = target
            self.dut.load_mantissa.value = mantissa
            self.dut.load_exponent.value = exponent
            self.dut.load_bias.value = bias
            self.dut.load_channel_valid.value = 1
            await FallingEdge(self.dut.clk)
            self.dut.load_channel_valid.value = 0


def lasts(rows: int, columns: int) -> list[int]:
    """Return 1 for the last of every row, in row-major order."""
    return [int(i % columns == columns - 1) for i in range(rows * columns)]


def flat(array: Any) -> list[int]:
    """Return the elements of an array in row-major order."""
    return list(np.asarray(array).reshape(-1).tolist())
