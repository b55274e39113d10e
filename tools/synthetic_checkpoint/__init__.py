"""Checkpoints with random weights in the Hugging Face layout, for tests and benchmarks."""

from tools.synthetic_checkpoint.presets import PRESETS
from tools.synthetic_checkpoint.write import write_checkpoint

__all__ = ["PRESETS", "write_checkpoint"]
