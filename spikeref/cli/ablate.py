"""`spikeref ablate`: time steps, levels and neurons of LAS varied on one checkpoint."""

import argparse
from dataclasses import asdict

from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.command import Command, Outcome
from spikeref.cli.shared import token_progress
from spikeref.errors import UsageError
from spikeref.evaluate.ablation import (
    PAPER_LEVELS,
    AblationRow,
    ablate,
    level_curve,
    variations,
)
from spikeref.evaluate.classification import read_labels
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.any_profile import find_any_profile
from spikeref.model.las_profile import LAS_PROFILES, LasProfile


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="checkpoint folder")
    parser.add_argument("--tokens-file", required=True, metavar="FILE", help="JSON token ids")
    parser.add_argument(
        "--labels-file", metavar="FILE", help="class ids: accuracy instead of perplexity"
    )
    parser.add_argument(
        "--profile",
        default="las",
        help=f"one of {', '.join(LAS_PROFILES)} (default %(default)s)",
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    profile = find_any_profile(arguments.profile)
    if not isinstance(profile, LasProfile):
        raise UsageError(f"--profile: {profile.name} is not a profile of LAS")
    sequences = read_sequences(arguments.tokens_file)
    labels = None
    if arguments.labels_file is not None:
        labels = read_labels(arguments.labels_file, len(sequences))
    runs = len(list(variations(profile)))
    progress = token_progress("ablate", runs * sum(len(sequence) for sequence in sequences))
    with Checkpoint.open(arguments.source) as checkpoint:
        rows = ablate(checkpoint, sequences, labels, profile, progress)
    curve = level_curve(profile)
    score = "perplexity" if labels is None else "accuracy"
    return Outcome(
        json={
            "rows": [{**asdict(row), "scored_by": score} for row in rows],
            "level_curve": [
                {"levels": n, "relative_spikes": found, "paper": paper}
                for (n, found), paper in zip(curve, PAPER_LEVELS, strict=True)
            ],
        },
        lines=[*table(rows, score), "", *curve_table(curve)],
    )


def table(rows: list[AblationRow], score: str) -> list[str]:
    """Return the rows as a Markdown table; spikes relative to the first row."""
    lines = [
        f"| varied | T | n | thresholds | {score} | spikes a neuron | relative | energy ratio |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.kind} | {row.steps} | {row.levels} | {row.thresholds} | {row.score:.4f} |"
        f" {row.spikes_per_neuron:.3f} |"
        f" {row.spikes_per_neuron / rows[0].spikes_per_neuron:.3f} | {row.energy_ratio:.4f} |"
        for row in rows
    ]
    return lines


def curve_table(curve: list[tuple[int, float]]) -> list[str]:
    """Return relative spike counts of normal inputs beside those that the paper implies."""
    lines = ["| n | spikes of normal inputs, relative | implied by Table 5 |", "|---|---|---|"]
    lines += [
        f"| {n} | {found:.3f} | {paper:.3f} |"
        for (n, found), paper in zip(curve, PAPER_LEVELS, strict=True)
    ]
    return lines


COMMAND = Command(
    name="ablate",
    summary="time steps, levels and neurons of LAS varied on one checkpoint",
    example="spikeref ablate ./checkpoint --tokens-file heldout.json",
    configure=_configure,
    run=_run,
)
