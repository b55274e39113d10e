"""The pages of the documentation, and what they show."""

import re
from pathlib import Path

from tools.site.hooks import PAGES

ROOT = Path(__file__).parents[2]


def pages() -> list[str]:
    """Return every page by its path in the repository."""
    found = [path for pattern in (*PAGES, "docs/**/*.md") for path in ROOT.glob(pattern)]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose_of(page: str) -> str:
    """Return a page without its code: neither fences, nor indented blocks, nor spans."""
    text = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^ {4}.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)
