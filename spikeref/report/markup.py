"""HTML from small pure functions; whatever is no Markup is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NewType, TypeAlias

Markup = NewType("Markup", str)
"""HTML that may stand in a page as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A cell of words; other cells are figures, which stand flush right."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A cell that shows a share of a whole: 0 <= part <= whole, 0 < whole."""

    part: int
    whole: int


Cell: TypeAlias = str | int | Text | Bar


def joined(parts: Sequence[Markup]) -> Markup:
    """Return pieces of HTML, each on a line of its own."""
    return Markup("\n".join(parts))


def paragraph(words: str, kind: str | None = None) -> Markup:
    """Return a paragraph; kind: its class in the style sheet."""
    attribute = "" if kind is None else f' class="{escape(kind)}"'
    return Markup(f"<p{attribute}>{escape(unbroken(words))}</p>")


def section(ident: str, title: str, *parts: Markup) -> Markup:
    """Return a section under a heading of the second level."""
    head = f'<section aria-labelledby="{ident}">\n<h2 id="{ident}">{escape(title)}</h2>'
    return joined([Markup(head), *parts, Markup("</section>")])


def heading(title: str) -> Markup:
    """Return a heading of the third level, for a part of a section."""
    return Markup(f"<h3>{escape(title)}</h3>")


def figure(picture: Markup, title: str, caption: str) -> Markup:
    """Return a picture with its title and caption."""
    words = f"<strong>{escape(title)}</strong> {escape(unbroken(caption))}"
    return Markup(f"<figure>\n{picture}\n<figcaption>{words}</figcaption>\n</figure>")


def unbroken(words: str) -> str:
    """Keep a percent sign on the line of its figure."""
    return words.replace(" %", "\N{NO-BREAK SPACE}%")


def gallery(figures: Sequence[Markup]) -> Markup:
    """Return figures side by side, as many as there is room for."""
    return joined([Markup('<div class="gallery">'), *figures, Markup("</div>")])


def facts(pairs: Sequence[tuple[str, str]]) -> Markup:
    """Return a list of names and what they stand for."""
    rows = [f"<dt>{escape(name)}</dt><dd>{escape(unbroken(value))}</dd>" for name, value in pairs]
    return joined([Markup("<dl>"), *map(Markup, rows), Markup("</dl>")])


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Markup:
    """Return a table whose first column heads its rows, in a frame that scrolls where it must."""
    heads = "".join(map(_head, columns, rows[0]))
    lines = [
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(caption)}">',
        f"<table>\n<caption>{escape(caption)}</caption>",
        f"<thead>\n<tr>{heads}</tr>\n</thead>\n<tbody>",
        *(_row(row) for row in rows),
        "</tbody>\n</table>\n</div>",
    ]
    return joined([Markup(line) for line in lines])


def _head(name: str, below: Cell) -> str:
    """Return the head of a column, flush as what stands below it."""
    kind = "" if isinstance(below, str | int) else ' class="text"'
    return f'<th scope="col"{kind}>{escape(name)}</th>'


def _row(row: Sequence[Cell]) -> str:
    first, *others = row
    head = first.words if isinstance(first, Text) else str(first)
    cells = "".join(_cell(cell) for cell in others)
    return f'<tr><th scope="row">{escape(head)}</th>{cells}</tr>'


def _cell(cell: Cell) -> str:
    match cell:
        case Text(words=words):
            return f'<td class="text">{escape(words)}</td>'
        case Bar(part=part, whole=whole):
            # What it shows stands in figures beside it.
            width = 100 * part // whole
            return f'<td aria-hidden="true"><i class="bar" style="--part:{width}%"></i></td>'
        case int():
            return f"<td>{grouped(cell)}</td>"
        case str():
            return f"<td>{escape(cell)}</td>"


def grouped(number: int) -> str:
    """Return digits in groups of three, behind a sign as wide as they are: −1,234."""
    return f"{number:,}".replace("-", "−")
