"""How many weights a core compiles in a second, beside merely reading and widening them."""

import tempfile
import time
from pathlib import Path

import numpy as np

from spikeref.checkpoint.layout import all_shapes
from spikeref.checkpoint.reader import Checkpoint
from tools.bench.child import spikeref_cost
from tools.bench.plan import Measurement, Plan
from tools.bench.report import Figure, Row, Target
from tools.bench.timing import interleave, ratio, spread, timed
from tools.synthetic_checkpoint import PRESETS, write_checkpoint

TARGET = Target(relation=">=", value=20.0)

ONE_LAYER = {
    **PRESETS["llama-2-7b"],
    "num_hidden_layers": 1,
    "vocab_size": 512,
    "max_position_embeddings": 512,
}
"""One decoder layer of LLaMA-2-7B; the vocabulary is cut so that the layer is what counts."""

ROWS_AT_A_TIME = 64


def measure(plan: Plan) -> list[Row]:
    """Return the row `compile`: user and system time of the whole command, its start included."""
    with tempfile.TemporaryDirectory() as folder:
        source = write_checkpoint(ONE_LAYER, Path(folder) / "checkpoint")
        with Checkpoint.open(source) as checkpoint:
            weights = checkpoint.parameters
        numbers = iter(range(1000))

        def compile_layer() -> float:
            target = Path(folder) / f"model-{next(numbers)}"
            return spikeref_cost("compile", str(source), "-o", str(target)).cpu

        calls = {
            "compile": compile_layer,
            "read": timed(lambda: read_weights(source), time.process_time),
        }
        # A warm-up of one long run would add a third to the time and change nothing.
        seconds = interleave(calls, plan.rounds(3, 1), warm_up=False)
    rate = [weights / s / 1e6 for s in seconds["compile"]]
    figures = [
        Figure(
            name="weights a second and core",
            spread=spread(rate),
            unit="M/s",
            target=TARGET,
            beside={f"{side} cpu s": spread(s).median for side, s in seconds.items()},
        ),
        Figure(
            name="cpu time / reading and widening alone",
            spread=ratio(seconds["compile"], seconds["read"]),
        ),
    ]
    return [Row(name="compile", figures=figures)]


def read_weights(source: Path) -> None:
    """Read every matrix of a checkpoint in blocks of rows and widen it to float64."""
    with Checkpoint.open(source) as checkpoint:
        for name, shape in dict(all_shapes(checkpoint.layout)).items():
            if len(shape) == 2:
                for _, rows in checkpoint.iter_row_blocks(name, ROWS_AT_A_TIME):
                    rows.astype(np.float64)


MEASUREMENT = Measurement(rows={"compile": TARGET}, measure=measure)
