"""LAS in the dense engine on two layers of LLaMA-2-7B's shape, against PyTorch."""

from dataclasses import asdict

import numpy as np

from spikeref.engine.las_dense import LAS_DENSE
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.model.las_config import LasShape
from spikeref.trace.sinks import discard
from tools.bench.dense import SHAPE, TOKENS
from tools.bench.float_layers import ABSENT, float_layers
from tools.bench.plan import Measurement, Plan
from tools.bench.random_las_model import random_las_model
from tools.bench.report import Figure, Row, Target, Unmeasured
from tools.bench.timing import interleave, ratio, spread, timed

NAME = "las"
TARGET = Target(relation="<=", value=4.0)


def measure(plan: Plan) -> list[Row]:
    """Return the row `las`."""
    shape = LasShape(**asdict(SHAPE), token_types=0, classes=0)
    peer = float_layers(SHAPE, TOKENS, plan.threads)
    if peer is None:
        return [
            Row(
                name=NAME,
                figures=[Unmeasured(name="las / PyTorch", reason=ABSENT, target=TARGET)],
            )
        ]
    model = random_las_model(shape)
    tokens = np.arange(TOKENS, dtype=np.int64)

    def forward() -> None:
        las_forward(model, tokens, LasCache(model.config), LAS_DENSE, discard)

    calls = {"las": timed(forward), "float32": timed(peer)}
    seconds = interleave(calls, plan.rounds(7, 3))
    beside = {f"{name} s": spread(values).median for name, values in seconds.items()}
    figure = Figure(
        name="las / PyTorch float32",
        spread=ratio(seconds["las"], seconds["float32"]),
        target=TARGET,
        beside=beside,
    )
    return [Row(name=NAME, figures=[figure])]


MEASUREMENT = Measurement(rows={NAME: TARGET}, measure=measure)
