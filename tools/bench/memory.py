"""Peak memory of compiling and running a model of LLaMA-3.2-1B's shape."""

import shutil
import tempfile
from pathlib import Path

from tools.bench.child import spikeref_cost
from tools.bench.plan import Measurement, Plan
from tools.bench.report import Figure, Row, Target, Unmeasured
from tools.bench.timing import spread
from tools.synthetic_checkpoint import write_checkpoint

PRESET = "llama-3.2-1b"
TARGET = Target(relation="<", value=2048.0)
NEEDED_BYTES = 6 * 10**9
PROMPT = "1,2,3,4,5,6,7,8"
NEW_TOKENS = "4"


def measure(plan: Plan) -> list[Row]:
    """Return the row `memory`: peak resident memory of two commands, mapped files included."""
    if plan.quick:
        return [_unmeasured("skipped by --quick")]
    with tempfile.TemporaryDirectory() as name:
        free = shutil.disk_usage(name).free
        if free < NEEDED_BYTES:
            needed = f"{NEEDED_BYTES / 1e9:.0f} GB of disk needed"
            return [_unmeasured(f"{needed}, {free / 1e9:.1f} free")]
        model = str(Path(name) / "model")
        source = write_checkpoint(PRESET, Path(name) / "checkpoint")
        commands = {
            "compile": ("compile", str(source), "-o", model),
            "run, 8 tokens and 4 new": (
                "run", model, "--tokens", PROMPT, "--max-new-tokens", NEW_TOKENS,
            ),
        }  # fmt: skip
        costs = {command: spikeref_cost(*given) for command, given in commands.items()}
        stored = sum(path.stat().st_size for path in Path(model).iterdir()) / (1 << 20)
    figures = [
        Figure(
            name=f"peak of {command}, {PRESET}",
            spread=spread([cost.peak_mb]),
            unit="MB",
            target=TARGET,
            beside={"model on disk MB": stored, "wall s": cost.wall, "cpu s": cost.cpu},
        )
        for command, cost in costs.items()
    ]
    return [Row(name="memory", figures=figures)]


def _unmeasured(reason: str) -> Row:
    figure = Unmeasured(name=f"peak of compile and run, {PRESET}", reason=reason, target=TARGET)
    return Row(name="memory", figures=[figure])


MEASUREMENT = Measurement(rows={"memory": TARGET}, measure=measure)
