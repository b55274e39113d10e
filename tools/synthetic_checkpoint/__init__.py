"""Checkpoints with random weights in the Hugging Face layout, for tests and benchmarks."""

from tools.synthetic_checkpoint.classic_presets import CLASSIC_PRESETS
from tools.synthetic_checkpoint.presets import PRESETS
from tools.synthetic_checkpoint.write import write_checkpoint

__all__ = ["CLASSIC_PRESETS", "PRESETS", "write_checkpoint"]
