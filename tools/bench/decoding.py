"""Whether a cached step of decoding grows with the position only in its attention."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spikeref.engine.dense import DENSE
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.config import ModelShape
from spikeref.model.layers import IntegerModel
from spikeref.trace.records import Record
from spikeref.trace.sinks import discard
from tools.bench.plan import Measurement, Plan
from tools.bench.random_model import random_model
from tools.bench.report import Figure, Row, Target
from tools.bench.timing import interleave, ratio, spread

TARGET = Target(relation="<=", value=1.1)
EARLY = 16

SHAPE = ModelShape(
    vocab=1024,
    hidden=1024,
    intermediate=2816,
    layers=4,
    heads=16,
    kv_heads=4,
    head_dim=64,
    positions=1024,
    sliding_windows=(None, None, None, None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Seconds of one token's pass: in attention over the cache, and in everything else."""

    attention: float
    rest: float


class AttentionTimer:
    """A sink that adds up the time from a layer's last cached value to its attention record."""

    def __init__(self) -> None:
        """Start at zero."""
        self.seconds = 0.0
        self._began = 0.0

    def __call__(self, record: Record) -> None:
        """Note when attention begins, and add its time when it is done."""
        if record.op == "value_spikes":
            self._began = time.perf_counter()
        elif record.op == "attention":
            self.seconds += time.perf_counter() - self._began


def measure(plan: Plan) -> list[Row]:
    """Return the row `decode`: steps from position 16 against the last steps there are."""
    model, rounds = random_model(SHAPE), plan.rounds(21, 9)
    late = SHAPE.positions - rounds - 1
    calls = {"early": stepping(model, EARLY), "late": stepping(model, late)}
    steps = interleave(calls, rounds)
    rest = {name: [s.rest for s in taken] for name, taken in steps.items()}
    attention = {name: [s.attention for s in taken] for name, taken in steps.items()}
    figures = [
        Figure(
            name=f"{part}, position {late} on / position {EARLY} on",
            spread=ratio(seconds["late"], seconds["early"]),
            target=target,
            beside={f"{name} ms": 1000 * spread(s).median for name, s in seconds.items()},
        )
        for part, seconds, target in (
            ("all but attention", rest, TARGET),
            ("attention", attention, None),
        )
    ]
    return [Row(name="decode", figures=figures)]


def stepping(model: IntegerModel, position: int) -> Callable[[], Step]:
    """Fill a cache with `position` tokens; return a call that decodes one token more each time."""
    cache = Cache(model.config.shape)
    prompt = np.arange(position, dtype=np.int64) % model.config.shape.vocab
    forward(model, prompt, cache, DENSE, discard)
    token = np.zeros(1, dtype=np.int64)

    def step() -> Step:
        timer = AttentionTimer()
        start = time.perf_counter()
        forward(model, token, cache, DENSE, timer)
        return Step(attention=timer.seconds, rest=time.perf_counter() - start - timer.seconds)

    return step


MEASUREMENT = Measurement(rows={"decode": TARGET}, measure=measure)
