"""What the command line asks of one training run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

Architecture = Literal["llama", "gpt2", "bert"]


@dataclass(frozen=True)
class Run:
    """Where the files go, how long to train on how many stories, and the unfinished run's file."""

    architecture: Architecture
    out: Path
    steps: int
    stories: int
    checkpoint: Path
    resume: bool

    def command(self) -> str:
        """Return the command that repeats the run."""
        chosen = "" if self.architecture == "llama" else f" --architecture {self.architecture}"
        return (
            f"python -m tools.train_shipped_model{chosen} --out {self.out.as_posix()}"
            f" --steps {self.steps} --stories {self.stories} --threads {torch.get_num_threads()}"
        )
