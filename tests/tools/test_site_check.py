"""The check of a built site, on sites made by hand."""

from pathlib import Path

import pytest

from tools.site.check import faults, main

CLEAN = (
    '<link rel="stylesheet" href="a.css"><p id="here"><a href="#here">x</a>'
    '<a href="b/c.html#there">y</a><a href="https://example.org/">z</a>'
)


def built(folder: Path, page: str, style: str = "p { background: url(i.svg) }") -> Path:
    (folder / "b").mkdir()
    (folder / "index.html").write_text(page)
    (folder / "a.css").write_text(style)
    (folder / "i.svg").write_text("<svg/>")
    (folder / "b" / "c.html").write_text('<h1 id="there"><a href="../index.html">back</a></h1>')
    return folder


def test_a_site_of_its_own_files_is_clean(tmp_path: Path) -> None:
    assert list(faults(built(tmp_path, CLEAN))) == []
    assert main([str(tmp_path)]) == 0


@pytest.mark.parametrize(
    "element",
    [
        '<script src="https://example.org/x.js"></script>',
        '<script src="//example.org/x.js"></script>',
        '<link rel="stylesheet" href="https://example.org/x.css">',
        '<link rel="preconnect" href="https://example.org">',
        '<img src="HTTP://example.org/x.png">',
        '<img srcset="i.svg 1x, https://example.org/x.png 2x">',
        '<iframe src="https://example.org/"></iframe>',
        '<style>@import "https://example.org/x.css";</style>',
        '<p style="background: url(https://example.org/x.png)">',
        '<svg><image href="https://example.org/x.png"/></svg>',
    ],
)
def test_what_comes_from_elsewhere_is_found(tmp_path: Path, element: str) -> None:
    (found,) = faults(built(tmp_path, CLEAN + element))
    assert found.startswith("index.html: loads ")
    assert main([str(tmp_path)]) == 1


def test_a_style_sheet_is_read_too(tmp_path: Path) -> None:
    style = "@font-face { src: url('https://example.org/x.woff2') }"
    assert list(faults(built(tmp_path, CLEAN, style))) == [
        "a.css: loads https://example.org/x.woff2"
    ]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("d.html", "which is not there"),
        ("b/c.html#here", "whose anchor is not there"),
        ("#there", "whose anchor is not there"),
        ("../elsewhere.html", "which is not there"),
        ("file:///x", "an unknown scheme"),
    ],
)
def test_a_dead_link_is_found(tmp_path: Path, address: str, why: str) -> None:
    site = built(tmp_path, f'{CLEAN}<a href="{address}">dead</a>')
    assert list(faults(site)) == [f"index.html: links {address}, {why}"]


def test_an_empty_folder_is_no_site(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 1
