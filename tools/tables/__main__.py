"""`python -m tools.tables`: write the tables of docs/accuracy.md and docs/hg-errors.md."""

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
from tools.tables.hg_errors import hg_error_table
from tools.tables.page import with_table

DOCS = Path(__file__).parents[2] / "docs"


def main() -> int:
    """Write the tables, or with --check compare them; return 1 where one is not up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.tables")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    arguments = parser.parse_args()
    changed = []
    for path, made in (
        (DOCS / "accuracy.md", accuracy_table),
        (DOCS / "hg-errors.md", hg_error_table),
    ):
        before = path.read_text(encoding="utf-8")
        after = with_table(before, made())
        if before != after:
            changed.append(path)
            if not arguments.check:
                path.write_text(after, encoding="utf-8")
    if not arguments.check:
        return 0
    for path in changed:
        print(f"{path}: run python -m tools.tables")
    if not changed:
        print("up to date")
    return int(bool(changed))


def accuracy_table() -> list[str]:
    """Return the comparison of all profiles on the shipped model's held-out tokens, in Markdown."""
    with as_file(shipped_model()) as source, Checkpoint.open(source) as checkpoint:
        sequences = read_sequences(source / "heldout.json")
        total = sum(len(sequence) for sequence in sequences) * len(PROFILES)
        progress = token_progress("tables", total)
        return table(compare_profiles(checkpoint, sequences, list(PROFILES.values()), progress))


if __name__ == "__main__":
    sys.exit(main())
