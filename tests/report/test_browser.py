"""The page in a browser: it renders, its console is silent, phones show it, all can read it."""

from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from spikeref.model.any_model import AnyModel
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.report.page import choose, page
from spikeref.report.pictures import NEGATIVE, POSITIVE
from spikeref.trace.reader import TraceFolder
from tests.report.browser import Browser, accessibility_rules, find_browser
from tests.report.reading import read

PHONE = 390
"""CSS pixels."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return find_browser(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module", params=["sdllm", "las", "digest"])
def written(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    sdllm: dict[str, TraceFolder],
    las: dict[str, TraceFolder],
    tiny_model: IntegerModel,
    las_model: Callable[[str], LasModel],
) -> Path:
    """A page of each system, and one of a trace without spikes."""
    traces: dict[str, tuple[TraceFolder, TraceFolder | None, AnyModel | None]] = {
        "sdllm": (sdllm["full"], sdllm["faulty"], tiny_model),
        "las": (las["full"], None, las_model("bert")),
        "digest": (sdllm["digest"], sdllm["digest"], None),
    }
    trace, second, model = traces[request.param]
    path = tmp_path_factory.mktemp("page") / f"{request.param}.html"
    path.write_text(page(trace, choose(trace, None, None), second, model), encoding="utf-8")
    return path


def test_it_renders_and_says_nothing_on_the_console(browser: Browser, written: Path) -> None:
    document, console = browser.document(written)
    assert console == []
    # What the browser has made of it is what was written, picture by picture.
    given, made = read(written.read_text(encoding="utf-8")), read(document)
    for name in ("section", "h2", "h3", "figure", "svg", "image", "text", "table", "td", "th"):
        assert len(made.below(name)) == len(given.below(name))
    assert [h.text() for h in made.below("h2")] == [h.text() for h in given.below("h2")]


def test_the_console_check_finds_what_it_looks_for(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<!DOCTYPE html><title>x</title><script>nothing()</script>")
    assert browser.document(page)[1]
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    page.write_text(
        f'<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<title>x</title><img src="other.png" alt="x">'
    )
    assert browser.document(page)[1]


def test_spikes_can_be_seen(browser: Browser, written: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.png"
    browser.picture(written, target, 1280, 4000)
    seen = np.round(matplotlib.image.imread(target)[..., :3] * 255).astype(int)
    for colour in (POSITIVE, NEGATIVE):
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        points = np.count_nonzero((seen == wanted).all(axis=-1))
        # A raster has thousands of them; a note has its bar in the colour of negative spikes.
        assert (points > 5000) == (written.stem != "digest")


MEASURE = """
const wide = document.documentElement.scrollWidth;
const sizes = [...document.querySelectorAll("p, dd, dt, th, td, a, figcaption")].map(
  e => parseFloat(getComputedStyle(e).fontSize));
const scale = svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
const drawn = [...document.querySelectorAll("svg text")].map(
  e => parseFloat(getComputedStyle(e).fontSize) * scale(e.closest("svg")));
const outside = [...document.querySelectorAll("main > section > *, figure, svg")].filter(
  e => e.getBoundingClientRect().right > innerWidth).length;
return {wide, inner: innerWidth, text: Math.min(...sizes), drawn: Math.min(99, ...drawn), outside};
"""


def test_it_is_readable_at_the_width_of_a_phone(browser: Browser, written: Path) -> None:
    """Nothing leaves the screen but the tables, which scroll; no letter is tiny."""
    seen = browser.answer(written, MEASURE, PHONE)
    assert seen["inner"] == PHONE
    assert seen["wide"] <= PHONE
    assert seen["outside"] == 0
    assert seen["text"] >= 13
    assert seen["drawn"] >= 9


@pytest.mark.parametrize("width", [None, PHONE])
def test_it_passes_an_accessibility_check(
    browser: Browser, written: Path, width: int | None
) -> None:
    script = f"{accessibility_rules()}\nconst found = await axe.run(document);"
    told = """return {
      passes: found.passes.map(rule => rule.id),
      violations: found.violations.map(
        rule => rule.id + ": " + rule.nodes.map(node => node.html.slice(0, 200)).join(" | ")),
    };"""
    found = browser.answer(written, script + told, width)
    assert found["violations"] == []
    assert {"color-contrast", "document-title", "html-has-lang", "region"} <= set(found["passes"])
    if written.stem != "digest":
        assert "svg-img-alt" in found["passes"]


def test_the_accessibility_check_finds_what_it_looks_for(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        '<!DOCTYPE html><html><head></head><body><svg role="img"></svg>'
        '<p style="color: #eee; background: #fff">pale</p></body></html>'
    )
    script = f"{accessibility_rules()}\nreturn (await axe.run(document)).violations.map(r => r.id);"
    found = set(browser.answer(page, script))
    assert {"color-contrast", "svg-img-alt", "html-has-lang", "document-title"} <= found
