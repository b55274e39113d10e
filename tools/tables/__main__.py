"""`python -m tools.tables`: write the tables of the pages in docs/ that have one."""

import argparse
import sys
from importlib.resources import as_file
from pathlib import Path

from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.compare import table
from spikeref.cli.demo import shipped_model
from spikeref.cli.energy_output import paper_table
from spikeref.cli.shared import token_progress
from spikeref.energy.paper import paper_figures
from spikeref.energy.table import EnergyTable
from spikeref.evaluate.compare import Comparison, compare
from spikeref.evaluate.contenders import find_contenders
from spikeref.evaluate.fake_quantised import SCOPES
from spikeref.evaluate.spikellm import SPIKELLM
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.profile import DEFAULT_PROFILE, PROFILES
from tools.tables.hg_errors import hg_error_table
from tools.tables.page import with_table

DOCS = Path(__file__).parents[2] / "docs"
ASYMMETRIC = "sdllm-binary-w4a4kv4"
CONTENDERS = (
    *PROFILES,
    SPIKELLM,
    *(f"{profile}@{scope}" for profile in (DEFAULT_PROFILE, ASYMMETRIC) for scope in SCOPES),
    *(f"{DEFAULT_PROFILE}@clip{quantile}" for quantile in ("0.5", "0.6")),
)
"""Rows of the page on accuracy after that of float64."""
PAGES = ("accuracy", "energy", "hg-errors")


def main() -> int:
    """Write the tables, or with --check compare them; return 1 where one is not up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.tables")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    parser.add_argument("--page", choices=PAGES, help="one page (default: all)")
    arguments = parser.parse_args()
    pages = {"accuracy": accuracy_table, "energy": energy_table, "hg-errors": hg_error_table}
    old = []
    for name, made in pages.items():
        if arguments.page not in (None, name):
            continue
        page = DOCS / f"{name}.md"
        before = page.read_text(encoding="utf-8")
        after = with_table(before, made())
        if before != after:
            old.append(page)
            if not arguments.check:
                page.write_text(after, encoding="utf-8")
    if not arguments.check:
        return 0
    for page in old:
        print(f"{page}: run python -m tools.tables")
    if not old:
        print("up to date")
    return int(bool(old))


def energy_table() -> list[str]:
    """Return every printed figure of operations and energy beside the computed one, in Markdown."""
    return paper_table(paper_figures(EnergyTable()))


def accuracy_table() -> list[str]:
    """Return the comparison of all profiles on the shipped model's held-out tokens, in Markdown."""
    with as_file(shipped_model()) as source, Checkpoint.open(source) as checkpoint:
        sequences = read_sequences(source / "heldout.json")
        comparison = Comparison(checkpoint, sequences)
        total = comparison.tokens * (1 + len(CONTENDERS))
        comparison.progress = token_progress("tables", total)
        return table(list(compare(comparison, find_contenders(",".join(CONTENDERS)))))


if __name__ == "__main__":
    sys.exit(main())
