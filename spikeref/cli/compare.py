"""`spikeref compare`: profiles of one checkpoint in one table."""

import argparse
from dataclasses import asdict

from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.command import Command, Outcome
from spikeref.cli.shared import token_progress
from spikeref.evaluate.compare import ComparisonRow, compare_profiles
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.any_profile import find_any_profile
from spikeref.model.profile import PROFILES


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="checkpoint folder")
    parser.add_argument("--tokens-file", required=True, metavar="FILE", help="JSON token ids")
    parser.add_argument(
        "--profiles", default=",".join(PROFILES), metavar="A,B", help="names, separated by commas"
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    profiles = [find_any_profile(name) for name in arguments.profiles.split(",")]
    sequences = read_sequences(arguments.tokens_file)
    total = sum(len(sequence) for sequence in sequences) * len(profiles)
    with Checkpoint.open(arguments.source) as checkpoint:
        rows = compare_profiles(checkpoint, sequences, profiles, token_progress("compare", total))
    return Outcome(json={"rows": [asdict(row) for row in rows]}, lines=table(rows))


def table(rows: list[ComparisonRow]) -> list[str]:
    """Return the rows as a Markdown table."""
    head = "| profile | bits w/a/kv | D | firing rate | perplexity | ÷ float64 | additions, J |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for row in rows:
        rate = "" if row.firing_rate is None else f"{row.firing_rate:.3f}"
        energy = "" if row.energy_j is None else f"{row.energy_j:.2e}"
        lines.append(
            f"| {row.profile} | {row.bits or ''} | {row.train_length or ''} | {rate} |"
            f" {row.perplexity:.4f} | {row.ratio:.4f} | {energy} |"
        )
    return lines


COMMAND = Command(
    name="compare",
    summary="perplexity, firing rate and energy of several profiles beside float64",
    example="spikeref compare ./checkpoint --tokens-file heldout.json"
    " --profiles sdllm-w4a4kv4,rtn-w4a4kv4",
    configure=_configure,
    run=_run,
)
