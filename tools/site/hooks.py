"""What mkdocs.yml needs beside its plugins: paths, Markdown as it is written, clauses, formulas."""

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]

PAGES = (
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "spec/*.md", "conformance/*.md",
)  # fmt: skip
"""What the site shows beside the folder docs."""

CLAUSE = re.compile(r"^\*\*(?=([A-Z]+-\d+)\b)", re.MULTILINE)
"""Where a clause of the specification begins."""

MENTION = re.compile(r"\b[A-Z]+-\d+\b")

OPAQUE = re.compile(r"(<(a|code|pre|h[1-6]|script|style|svg)\b.*?</\2>|<[^>]*>)", re.DOTALL)
"""Elements in which no mention becomes a link, and tags."""

ROOM = re.compile(r"^<!-- room: (\w+) -->$", re.MULTILINE)

FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
LIST_ITEM = re.compile(r"^ {0,3}(?:[-*+]|\d+[.)]) ")
LIST_BEGIN = re.compile(r"^ {0,3}(?:[-*+]|1[.)]) ")

clause_pages: dict[str, str] = {}
"""The address of the page that holds each clause, from the site's root."""


def on_config(config: "MkDocsConfig") -> None:
    """Let a fence of the language `math` become MathML."""
    fences = config.mdx_configs.setdefault("pymdownx.superfences", {})
    fences["custom_fences"] = [{"name": "math", "class": "math", "format": formula}]


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Give every page the path that it has in the repository."""
    from mkdocs.structure.files import File

    docs = Path(config.docs_dir)
    for file in list(files):
        if file.src_dir == config.docs_dir:
            files.remove(file)
    found = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    found += [path for path in sorted(docs.rglob("*")) if path.is_file()]
    clause_pages.clear()
    for path in found:
        name = path.relative_to(ROOT).as_posix()
        file = File(name, str(ROOT), config.site_dir, use_directory_urls=False)
        files.append(file)
        if name.startswith("spec/"):
            for clause in CLAUSE.findall(path.read_text(encoding="utf-8")):
                clause_pages[clause] = file.url
    return files


def on_page_markdown(markdown: str, *, page: "Page", **_: Any) -> str:
    """Return a page in the dialect of Python-Markdown, with an anchor at each clause."""
    if page.file.src_uri.startswith("spec/"):
        markdown = CLAUSE.sub(r'<span id="\1" class="clause"></span>**', markdown)
    return in_dialect(ROOM.sub(lambda mark: room(mark[1]), markdown))


def on_page_content(html: str, *, page: "Page", **_: Any) -> str:
    """Return a page on which every mention of a clause leads there."""
    from mkdocs.utils import get_relative_url

    def link(mention: re.Match[str]) -> str:
        clause = mention[0]
        if clause not in clause_pages:
            return clause
        address = get_relative_url(clause_pages[clause], page.url)
        return f'<a class="clause" href="{address}#{clause}">{clause}</a>'

    # split gives text, an opaque part, the name of its element, text, …
    parts = OPAQUE.split(html)
    parts[::3] = [MENTION.sub(link, text) for text in parts[::3]]
    del parts[2::3]
    return "".join(parts)


def in_dialect(markdown: str) -> str:
    """Return Markdown as repositories show it in the form that Python-Markdown reads alike.

    A list, a table and what follows a comment may stand right behind a line of text there; here an
    empty line goes before. The words behind the language of a fence are dropped.
    """
    lines: list[str] = []
    fence = ""
    for line in markdown.splitlines():
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and line.strip() == mark[1]:
                fence = ""
        elif mark:
            fence = mark[1]
            line = re.sub(r"^(\s*[`~]+\w+) .*", r"\1", line)
        elif line.strip() and lines and lines[-1].strip() and _begins_a_block(lines, line):
            lines.append("")
        lines.append(line)
    return "\n".join(lines) + "\n"


def _begins_a_block(lines: list[str], line: str) -> bool:
    before = lines[-1]
    if before.startswith("<!--"):
        return True
    if line.startswith("|"):
        return not before.startswith("|")
    return bool(LIST_BEGIN.match(line)) and not _inside_a_list(lines)


def _inside_a_list(lines: list[str]) -> bool:
    """Whether the last paragraph began as a list item."""
    for line in reversed(lines):
        if not line.strip():
            return False
        if LIST_ITEM.match(line):
            return True
    return False


def room(name: str) -> str:
    """Return what a folder of spikeref is for, and a table of its modules, in Markdown."""
    folder = ROOT / "spikeref" / name
    lines = [_summary(folder / "__init__.py"), "", "| module | holds |", "|---|---|"]
    for path in sorted(folder.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if path.name == "__init__.py":
            if path.parent == folder:
                continue
            module = module.removesuffix(".__init__")
        lines.append(f"| `{module}` | {_summary(path).replace('|', '&#124;')} |")
    return "\n".join(lines)


def _summary(path: Path) -> str:
    """Return the first paragraph of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def formula(source: str, language: str, css_class: str, options: Any, md: Any, **_: Any) -> str:
    """Return a formula in LaTeX as MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert

    return f'<div class="{css_class}">{convert(source, display="block")}</div>'
