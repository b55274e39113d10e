"""Driver, Monitor and Scoreboard of ready/valid streams, for cocotb benches.

cocotb is imported by the coroutines that need it, never by importing this module, and is no
dependency of spikeref. A stream is a bundle of signals of one module, PREFIX_valid and
PREFIX_ready, and data signals under their own names:

    bench = Scoreboard()
    bench.expect("count", [{"count": 3, "count_last": 0}, …])
    Monitor(dut, "count", ("count", "count_last"), bench, stalls=Stalls(seed=1)).start()
    await Driver(dut, "potential", ("potential", "potential_last")).send([…])
    bench.finish()

Beats are compared in order, as signed or unsigned numbers, at the first difference the bench fails.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any

from spikeref.arith.generator import random_words
from spikeref.errors import SpikerefError

Beat = Mapping[str, int]


class BenchError(SpikerefError, AssertionError):
    """A device under test gave something else than was expected."""


class Scoreboard:
    """What each stream must give, in order; every beat that comes is compared at once."""

    def __init__(self) -> None:
        """Expect nothing."""
        self._expected: dict[str, deque[tuple[str, Beat]]] = {}
        self.compared: dict[str, int] = {}
        """Beats compared on each stream."""

    def expect(self, stream: str, beats: Iterable[Beat], case: str = "") -> None:
        """Append beats to what a stream must give; `case` is named where one differs."""
        self._expected.setdefault(stream, deque()).extend((case, dict(beat)) for beat in beats)

    def forget(self) -> None:
        """Drop what is expected: a reset abandoned it."""
        self._expected.clear()

    def receive(self, stream: str, beat: Beat) -> None:
        """Compare one beat; BenchError at a difference or where nothing more was expected."""
        waiting = self._expected.get(stream)
        number = self.compared.get(stream, 0)
        if not waiting:
            raise BenchError(f"{stream}: beat {number} {dict(beat)} came, none was expected")
        case, expected = waiting.popleft()
        differing = [name for name in expected if beat.get(name) != expected[name]]
        if differing:
            name = differing[0]
            raise BenchError(
                f"{stream}: beat {number} {f'of {case} ' if case else ''}differs:"
                f" {name} expected {expected[name]}, got {beat.get(name)}"
            )
        self.compared[stream] = number + 1

    @property
    def pending(self) -> dict[str, int]:
        """Beats that have still to come, by stream."""
        return {stream: len(beats) for stream, beats in self._expected.items() if beats}

    def finish(self) -> int:
        """Return the beats compared; BenchError if one is missing or nothing was compared."""
        for stream, beats in self._expected.items():
            if beats:
                case = beats[0][0]
                raise BenchError(f"{stream}: {len(beats)} beats missing, the first of {case!r}")
        total = sum(self.compared.values())
        if total == 0:
            raise BenchError("scoreboard: nothing was compared; the bench has no stimulus")
        return total


class Stalls:
    """Random pauses of one side of a stream, from the generator of the specification (ARITH-10)."""

    def __init__(self, seed: int, percent: int = 50) -> None:
        """Pause in about `percent` of the cycles; the same seed pauses in the same ones."""
        self._words = cycle(random_words(seed, 4096).tolist())
        self._percent = percent

    def pauses(self) -> bool:
        """Return whether to pause in the next cycle."""
        return int(next(self._words)) % 100 < self._percent


NEVER = Stalls(0, 0)


class Driver:
    """Puts beats on a stream, on the falling edge, and keeps each until it is taken."""

    def __init__(
        self,
        dut: Any,
        prefix: str,
        names: Sequence[str],
        stalls: Stalls = NEVER,
        clock: str = "clk",
    ) -> None:
        """Drive dut.PREFIX_valid and the data signals `names`."""
        self._clock = getattr(dut, clock)
        self._valid = getattr(dut, f"{prefix}_valid")
        self._ready = getattr(dut, f"{prefix}_ready")
        self._data = {name: getattr(dut, name) for name in names}
        self._stalls = stalls
        self._valid.value = 0

    async def send(self, beats: Iterable[Beat]) -> None:
        """Send beats one after the other; return when the last one was taken."""
        from cocotb.triggers import FallingEdge, RisingEdge

        await FallingEdge(self._clock)
        for beat in beats:
            while self._stalls.pauses():
                await FallingEdge(self._clock)
            for name, signal in self._data.items():
                signal.value = beat[name]
            self._valid.value = 1
            while True:
                await RisingEdge(self._clock)
                taken = bool(self._ready.value)
                await FallingEdge(self._clock)
                if taken:
                    break
            self._valid.value = 0


class Monitor:
    """Takes the beats of a stream, stalling at random, and hands them to the scoreboard.

    It also holds the stream to its rules: no unknown bit under valid, and a beat that was not
    taken stays as it is.
    """

    def __init__(
        self,
        dut: Any,
        prefix: str,
        names: Sequence[str],
        scoreboard: Scoreboard,
        *,
        signed: Sequence[str] = (),
        stalls: Stalls = NEVER,
        clock: str = "clk",
        reset: str = "reset",
        takes: bool = True,
    ) -> None:
        """Watch dut.PREFIX_valid; drive dut.PREFIX_ready too where `takes`."""
        self._clock, self._reset = getattr(dut, clock), getattr(dut, reset)
        self._valid = getattr(dut, f"{prefix}_valid")
        self._ready = getattr(dut, f"{prefix}_ready")
        self._data = {name: getattr(dut, name) for name in names}
        self._prefix, self._scoreboard, self._stalls = prefix, scoreboard, stalls
        self._signed, self._takes = frozenset(signed), takes

    def start(self) -> Any:
        """Run until the test ends; return the task."""
        import cocotb

        return cocotb.start_soon(self._run())

    async def _run(self) -> None:
        from cocotb.triggers import FallingEdge, RisingEdge

        held: Beat | None = None
        while True:
            if self._takes:
                self._ready.value = int(not self._stalls.pauses())
            await RisingEdge(self._clock)
            if int(self._reset.value):
                held = None
            elif self._bit(self._valid, "valid"):
                beat = {name: self._number(name) for name in self._data}
                if held is not None and held != beat:
                    raise BenchError(f"{self._prefix}: {held} became {beat} before it was taken")
                held = beat
                if self._bit(self._ready, "ready"):
                    held = None
                    self._scoreboard.receive(self._prefix, beat)
            elif held is not None:
                raise BenchError(f"{self._prefix}: valid fell before {held} was taken")
            await FallingEdge(self._clock)

    def _bit(self, signal: Any, name: str) -> bool:
        if not signal.value.is_resolvable:
            raise BenchError(f"{self._prefix}_{name}: is {signal.value.binstr}")
        return bool(signal.value)

    def _number(self, name: str) -> int:
        value = self._data[name].value
        if not value.is_resolvable:
            raise BenchError(f"{name}: {value.binstr} under {self._prefix}_valid")
        return int(value.signed_integer if name in self._signed else value.integer)
