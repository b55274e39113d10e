"""The page is sound HTML, the same bytes for the same trace, and loads nothing."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.report.markup import Bar, Text, facts, paragraph, table
from spikeref.report.page import choose, page
from spikeref.trace.reader import TraceFolder, read_trace
from tests.report.reading import Element, read


@pytest.fixture(scope="module", params=["sdllm", "las"])
def text(
    request: pytest.FixtureRequest,
    tiny_model: IntegerModel,
    las_model: Callable[[str], LasModel],
) -> str:
    trace: TraceFolder = request.getfixturevalue(request.param)["full"]
    model = tiny_model if request.param == "sdllm" else las_model("bert")
    return page(trace, choose(trace, None, None), None, model)


def test_the_same_trace_gives_the_same_bytes(
    sdllm: dict[str, TraceFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sdllm["full"]
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    for file in first.path.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    # Neither the place of the trace nor a reader's own settings may show.
    import matplotlib

    pages = [page(first, choose(first, (0,), None), None, None)]
    with matplotlib.rc_context({"font.size": 20, "svg.hashsalt": "other"}):
        second = read_trace(copy)
        pages.append(page(second, choose(second, (0,), None), None, None))
    assert pages[0] == pages[1]


def test_nothing_is_loaded_and_nothing_runs(text: str) -> None:
    root = read(text)
    assert root.below("script") == root.below("link") == root.below("iframe") == []
    sources = re.findall(r'(?:href|src)="([^"]*)"', text)
    assert sources
    assert all(source.startswith(("#", "data:image/png;base64,")) for source in sources)
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"|http-equiv', "", text)


def test_names_are_unique_and_references_lead_somewhere(text: str) -> None:
    names = re.findall(r' id="([^"]*)"', text)
    assert len(names) == len(set(names))
    wanted = re.findall(r'(?:href="#|url\(#)([^")]+)', text)
    wanted += [n for v in re.findall(r'aria-(?:labelledby|describedby)="([^"]*)"', text)
               for n in v.split()]  # fmt: skip
    assert set(wanted) <= set(names)


def test_every_picture_tells_what_it_shows(text: str) -> None:
    pictures = read(text).below("svg")
    assert pictures
    for picture in pictures:
        assert picture.attributes["role"] == "img"
        title, description = picture.children[:2]
        assert (title.name, description.name) == ("title", "desc")
        assert picture.attributes["aria-labelledby"] == title.attributes["id"]
        assert picture.attributes["aria-describedby"] == description.attributes["id"]
        assert len(title.text()) > 10
        assert len(description.text()) > 40


def test_headings_stand_in_order(text: str) -> None:
    def levels(at: Element) -> list[int]:
        own = [int(at.name[1])] if re.fullmatch("h[1-6]", at.name) else []
        return own + [level for child in at.children for level in levels(child)]

    found = levels(read(text))
    assert found[0] == 1
    assert found.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(found))


def test_every_head_of_a_table_has_its_scope(text: str) -> None:
    root = read(text)
    assert root.below("html", lang="en")
    for made in root.below("table"):
        assert made.below("caption")[0].text()
        columns = made.below("th", scope="col")
        rows = made.below("th", scope="row")
        assert len(columns) + len(rows) == len(made.below("th"))
        for row in made.below("tbody")[0].below("tr"):
            assert len(row.children) == len(columns)


def test_words_are_escaped() -> None:
    evil = '<b>&"'
    for made in (
        paragraph(evil),
        facts([(evil, evil)]),
        table(evil, [evil, evil, evil], [[evil, evil, Text(words=evil)]]),
    ):
        assert "<b>" not in made
        assert "&lt;b&gt;" in made


def test_numbers_and_bars() -> None:
    made = table("c", ["a", "b", "c"], [["x", -1234567, Bar(part=1, whole=3)]])
    assert "<td>−1,234,567</td>" in made
    assert "--part:33%" in made
