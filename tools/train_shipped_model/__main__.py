"""Command line: generate the text, train the model, write the files."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import torch

from tools.train_shipped_model.build_bert import build_bert
from tools.train_shipped_model.build_gpt2 import build_gpt2
from tools.train_shipped_model.build_llama import build_llama
from tools.train_shipped_model.run import Architecture, Run


@dataclass(frozen=True)
class Recipe:
    """What makes a model, and its usual number of updates and of stories."""

    build: Callable[[Run], str]
    steps: int
    stories: int


RECIPES: dict[Architecture, Recipe] = {
    "llama": Recipe(build_llama, 2000, 29_000),
    "gpt2": Recipe(build_gpt2, 3000, 48_000),
    "bert": Recipe(build_bert, 2000, 64_000),
}


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.train_shipped_model",
        description="Train the shipped story model, or a model that only tests use.",
    )
    parser.add_argument(
        "--architecture",
        choices=get_args(Architecture),
        default="llama",
        help="llama is the shipped model",
    )
    parser.add_argument("--out", type=Path, required=True, help="directory of the model's files")
    parser.add_argument("--steps", type=int, help="updates of the optimiser")
    parser.add_argument("--stories", type=int, help="training stories to generate")
    parser.add_argument("--threads", type=int, default=1, help="threads of the training loop")
    parser.add_argument(
        "--checkpoint", type=Path, help="file that holds the state of an unfinished run"
    )
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint")
    return parser.parse_args()


def main() -> None:
    """Run the command line."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    architecture: Architecture = arguments.architecture
    recipe = RECIPES[architecture]
    usual = Path(tempfile.gettempdir()) / f"train_shipped_model_{architecture}.pt"
    run = Run(
        architecture=architecture,
        out=arguments.out,
        steps=recipe.steps if arguments.steps is None else arguments.steps,
        stories=recipe.stories if arguments.stories is None else arguments.stories,
        checkpoint=arguments.checkpoint or usual,
        resume=arguments.resume,
    )
    print(recipe.build(run))


if __name__ == "__main__":
    main()
