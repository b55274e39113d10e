"""What the event queue costs over walking the virtual steps."""

import time
from collections.abc import Callable

from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.events import Arrival, Shuffled, Sorted
from spikeref.engine.products import Engine
from spikeref.engine.synchronous import SYNCHRONOUS
from tools.bench.plan import Measurement, Plan
from tools.bench.report import Figure, Row, Target
from tools.bench.spiking_population import ENCODER, spiking_counts, square_synapses
from tools.bench.timing import interleave, ratio, spread, timed

TARGET = Target(relation="<=", value=4.0)
ARRIVALS: dict[str, Arrival] = {"sorted": Sorted(), "shuffled": Shuffled(1)}


def measure(plan: Plan) -> list[Row]:
    """Return the row `async/sync`: one token through 4096 x 4096 synapses, in processor time."""
    counts, synaptic = spiking_counts(1), square_synapses()
    engines: dict[str, Engine] = {"sync": SYNCHRONOUS}
    engines |= {name: asynchronous(arrival) for name, arrival in ARRIVALS.items()}

    def projecting(engine: Engine) -> Callable[[], object]:
        return lambda: engine.project(counts, synaptic, ENCODER)

    calls = {name: timed(projecting(engine), time.process_time) for name, engine in engines.items()}
    seconds = interleave(calls, plan.rounds(31, 11))
    figures = [
        Figure(
            name=f"async, {name} arrival / sync",
            spread=ratio(seconds[name], seconds["sync"]),
            target=TARGET,
            beside={f"{side} ms": 1000 * spread(seconds[side]).median for side in (name, "sync")},
        )
        for name in ARRIVALS
    ]
    return [Row(name="async/sync", figures=figures)]


MEASUREMENT = Measurement(rows={"async/sync": TARGET}, measure=measure)
