"""`python -m tools.site.check FOLDER`: no page loads from another host, and no link is dead."""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {
    ("script", "src"), ("img", "src"), ("img", "srcset"), ("source", "src"), ("source", "srcset"),
    ("iframe", "src"), ("embed", "src"), ("object", "data"), ("audio", "src"), ("video", "src"),
    ("video", "poster"), ("track", "src"), ("input", "src"), ("image", "href"),
    ("image", "xlink:href"), ("use", "href"), ("use", "xlink:href"),
}  # fmt: skip
"""Attributes from which a browser fetches by itself; `link` is looked at by its relation."""

READ_ONLY_RELATIONS = frozenset({"canonical", "alternate", "next", "prev", "author", "license"})
"""What a `link` may point to without being fetched."""

OUTSIDE = re.compile(r"^\s*(?:https?:|ftp:|//)", re.IGNORECASE)
STYLE_ADDRESS = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""", re.IGNORECASE)

BY_SERVERS_ONLY = "404.html"
"""The page whose links begin at a server's root."""


@dataclass(slots=True)
class Page:
    """What one page loads, where it leads and what can be led to."""

    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        self.page.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        if tag == "link" and not READ_ONLY_RELATIONS & set(given.get("rel", "").lower().split()):
            self.page.loads.append(given.get("href", ""))
        for name, value in given.items():
            if (tag, name) in LOADING:
                split = value.split(",") if name == "srcset" else [value]
                self.page.loads += [part.split()[0] for part in split if part.strip()]
            elif name == "style":
                self.page.loads += style_addresses(value)

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.page.loads += style_addresses(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False


def style_addresses(text: str) -> list[str]:
    """Return every address that a style sheet fetches."""
    return [address or imported for address, imported in STYLE_ADDRESS.findall(text)]


def read_page(text: str) -> Page:
    """Return what a page of HTML loads and links."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.page


def faults(folder: Path) -> Iterator[str]:
    """Yield a line for each address of another host that is fetched, and each dead link."""
    pages = {
        path.relative_to(folder).as_posix(): read_page(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
    }
    if not pages:
        yield f"{folder}: no page there; build the site first"
    for name, page in pages.items():
        for address in page.loads:
            if OUTSIDE.match(address):
                yield f"{name}: loads {address}"
            elif name != BY_SERVERS_ONLY and (dead := _dead(folder, pages, name, address)):
                yield f"{name}: loads {address}, {dead}"
        for address in page.links:
            if not OUTSIDE.match(address) and name != BY_SERVERS_ONLY:
                dead = _dead(folder, pages, name, address)
                if dead:
                    yield f"{name}: links {address}, {dead}"
    for path in sorted(folder.rglob("*.css")) + sorted(folder.rglob("*.svg")):
        for address in style_addresses(path.read_text(encoding="utf-8")):
            if OUTSIDE.match(address):
                yield f"{path.relative_to(folder).as_posix()}: loads {address}"


def _dead(folder: Path, pages: dict[str, Page], name: str, address: str) -> str:
    """Return what is wrong with an address inside the site; nothing if it leads somewhere."""
    parts = urlsplit(address)
    if parts.scheme:
        return "" if parts.scheme in {"data", "mailto"} else "an unknown scheme"
    target = (folder / name).parent / unquote(parts.path) if parts.path else folder / name
    target = target.resolve()
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(folder.resolve()) or not target.is_file():
        return "which is not there"
    anchor = unquote(parts.fragment)
    page = pages.get(target.relative_to(folder.resolve()).as_posix())
    if anchor and (page is None or anchor not in page.anchors):
        return "whose anchor is not there"
    return ""


def main(arguments: list[str] | None = None) -> int:
    """Print every fault; return 1 where there is one."""
    parser = argparse.ArgumentParser(prog="python -m tools.site.check")
    parser.add_argument("folder", type=Path, help="where the site was built")
    folder = parser.parse_args(arguments).folder
    found = list(faults(folder))
    for line in found:
        print(line)
    if not found:
        print(f"{folder}: loads nothing from elsewhere, and every link leads somewhere")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
