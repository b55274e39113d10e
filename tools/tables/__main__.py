"""`python -m tools.tables`: write docs/accuracy.md's table from the shipped model."""

import argparse
import sys
from importlib.resources import as_file
from pathlib import Path

from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.compare import table
from spikeref.cli.demo import shipped_model
from spikeref.cli.shared import token_progress
from spikeref.evaluate.compare import compare_profiles
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.profile import PROFILES

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def main() -> int:
    """Write the table, or with --check compare it; return 1 where it is not up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.tables")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    arguments = parser.parse_args()
    before = PAGE.read_text(encoding="utf-8")
    after = with_table(before, accuracy_table())
    if arguments.check:
        print("up to date" if before == after else f"{PAGE}: run python -m tools.tables")
        return int(before != after)
    PAGE.write_text(after, encoding="utf-8")
    return 0


def accuracy_table() -> list[str]:
    """Return the comparison of all profiles on the shipped model's held-out tokens, in Markdown."""
    with as_file(shipped_model()) as source, Checkpoint.open(source) as checkpoint:
        sequences = read_sequences(source / "heldout.json")
        total = sum(len(sequence) for sequence in sequences) * len(PROFILES)
        progress = token_progress("tables", total)
        return table(compare_profiles(checkpoint, sequences, list(PROFILES.values()), progress))


def with_table(page: str, lines: list[str]) -> str:
    """Return the page with `lines` between the marks of its table; ValueError without both."""
    if BEGIN not in page or END not in page:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return "\n".join([head + BEGIN, *lines, END + tail])


if __name__ == "__main__":
    sys.exit(main())
