"""A page read as its readers' programs read it: elements, their names, their texts."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})


@dataclass(slots=True)
class Element:
    """An element with its attributes and all text below it."""

    name: str
    attributes: dict[str, str]
    parent: "Element | None"
    children: "list[Element]" = field(default_factory=list)
    own_text: list[str] = field(default_factory=list)

    def below(self, name: str, **attributes: str) -> "list[Element]":
        """Return every element of a name below this one, in order, with these attributes."""
        found = []
        for child in self.children:
            if child.name == name and attributes.items() <= child.attributes.items():
                found.append(child)
            found += child.below(name, **attributes)
        return found

    def text(self) -> str:
        """Return what stands in it, its children's included, with single spaces."""
        words = [*self.own_text, *(child.text() for child in self.children)]
        return " ".join(" ".join(words).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.at = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(made)
        if tag not in VOID:
            self.at = made

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(made)

    def handle_endtag(self, tag: str) -> None:
        assert self.at.name == tag, f"<{self.at.name}> is closed by </{tag}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.own_text.append(data)


def read(page: str) -> Element:
    """Return the page as a tree; every element must be closed in its turn."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.name}> is not closed"
    return reader.root


def section_of(root: Element, title: str) -> Element:
    """Return the section under a heading."""
    return next(s for s in root.below("section") if s.below("h2")[0].text() == title)


def rows_of(root: Element, caption: str) -> dict[str, list[str]]:
    """Return the cells of a table by the heads of its rows."""
    table = next(t for t in root.below("table") if t.below("caption")[0].text() == caption)
    return {
        row.below("th")[0].text(): [cell.text() for cell in row.below("td")]
        for row in table.below("tbody")[0].below("tr")
    }
