"""How fast weight rows are added where neurons fire, beside the fastest additions NumPy has."""

import time

import numpy as np

from spikeref.engine.synchronous import SYNCHRONOUS
from tools.bench.plan import Measurement, Plan
from tools.bench.report import Figure, Row, Target
from tools.bench.spiking_population import (
    ENCODER,
    WIDTH,
    spikes_in,
    spiking_counts,
    square_synapses,
)
from tools.bench.timing import interleave, ratio, spread, timed

TARGET = Target(relation=">=", value=4.0)
TOKENS = 8
CACHED = 1 << 15
"""Terms of the peer's addition: two int16 arrays of 64 KB stay in a core's cache."""


def measure(plan: Plan) -> list[Row]:
    """Return the row `sparse-add`; processor time is counted, so the rate is that of one core."""
    counts, synaptic = spiking_counts(TOKENS), square_synapses()
    additions = spikes_in(counts) * WIDTH
    total, term = np.zeros(CACHED, dtype=np.int16), np.ones(CACHED, dtype=np.int16)

    def add_spikes() -> None:
        SYNCHRONOUS.project(counts, synaptic, ENCODER)

    def add_cached() -> None:
        for _ in range(additions // CACHED):
            np.add(total, term, out=total)

    calls = {
        "sparse": timed(add_spikes, time.process_time),
        "cached": timed(add_cached, time.process_time),
    }
    seconds = interleave(calls, plan.rounds(15, 5))
    rates = [additions / s / 1e9 for s in seconds["sparse"]]
    figures = [
        Figure(
            name="additions a second and core",
            spread=spread(rates),
            unit="G/s",
            target=TARGET,
            beside={
                "firing rate": spikes_in(counts) / (counts.size * ENCODER.train_length),
                "np.add on cached int16 G/s": additions / spread(seconds["cached"]).median / 1e9,
            },
        ),
        Figure(
            name="time / as many np.add on cached int16",
            spread=ratio(seconds["sparse"], seconds["cached"]),
        ),
    ]
    return [Row(name="sparse-add", figures=figures)]


MEASUREMENT = Measurement(rows={"sparse-add": TARGET}, measure=measure)
