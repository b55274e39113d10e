"""The site builds without a warning, needs no network, and holds what it should."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import spikeref
from tests.documents.pages import ROOT, pages, text_of
from tools.site.check import faults

NEEDED = ("mkdocs", "material", "mkdocstrings", "latex2mathml", "pymdownx")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"the extra docs is not installed ({', '.join(missing)})")
    target = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(target)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return target


def built(site: Path, page: str) -> str:
    name = page.replace("README.md", "index.html").replace(".md", ".html")
    return (site / name).read_text(encoding="utf-8")


def test_nothing_comes_from_elsewhere_and_no_link_is_dead(site: Path) -> None:
    assert list(faults(site)) == []


def test_every_page_is_there(site: Path) -> None:
    for page in pages():
        title = text_of(page).splitlines()[0].removeprefix("# ")
        assert title.split("`")[0] in built(site, page), page


def test_every_public_name_has_an_anchor(site: Path) -> None:
    page = built(site, "docs/reference/python.md")
    for name in spikeref.__all__:
        assert f'id="spikeref.{name}"' in page, name


def test_formulas_are_mathml(site: Path) -> None:
    assert built(site, "docs/las-guide.md").count("<math ") == 2


def test_a_clause_can_be_linked(site: Path) -> None:
    assert 'id="NEUR-3"' in built(site, "spec/18-las-neurons.md")
    assert 'href="../spec/18-las-neurons.html#NEUR-3"' in built(site, "docs/las-guide.md")
