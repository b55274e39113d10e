"""Links, tables and emphasis of the pages, as they stand in the repository."""

import re
import subprocess

import pytest

from tests.documents.pages import ROOT, pages, prose_of, text_of

LINK = re.compile(r"\]\(([^)\s]+)\)")
ROW = re.compile(r"^\|.*\|$")
EMPHASIS = re.compile(r"(?<!\w)_(?=[^\s_]).*?(?<=\S)_(?!\w)", re.DOTALL)
"""Underscores that Markdown may take for emphasis; the pages use asterisks."""


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_to_a_file_of_the_repository(page: str) -> None:
    for address in LINK.findall(prose_of(page)):
        path, _, anchor = address.partition("#")
        assert not anchor, f"{address}: no test looks at anchors; link the page"
        target = ((ROOT / page).parent / path).resolve()
        assert target.is_file(), address
        assert target.is_relative_to(ROOT), address


@pytest.mark.parametrize("page", pages())
def test_every_row_of_a_table_has_the_cells_of_its_head(page: str) -> None:
    cells = 0
    for number, line in enumerate(text_of(page).splitlines(), 1):
        if not ROW.match(line):
            cells = 0
            continue
        found = len(re.findall(r"(?<!\\)\|", line)) - 1
        cells = cells or found
        assert found == cells, f"{page}:{number}"


@pytest.mark.parametrize("page", pages())
def test_no_index_is_taken_for_emphasis(page: str) -> None:
    """`X^(T)_c = X_{c}` would lose its underscores; `X_c^(T)` keeps them."""
    for paragraph in prose_of(page).split("\n\n"):
        assert not EMPHASIS.search(paragraph)


def test_git_knows_what_the_pages_show() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "docs", "spec"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for page in pages():
        if page.startswith(("docs/", "spec/")):
            assert page in listed.stdout.splitlines(), page
