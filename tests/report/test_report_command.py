"""`spikeref report`: its options, its refusals, and what it leaves behind."""

import builtins
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spikeref.model.layers import IntegerModel
from spikeref.trace.reader import TraceFolder
from tests.cli.command_line import Program, names_below
from tests.trace.hand_made_trace import small_records, write


def test_it_writes_one_file(
    spikeref: Program, sdllm: dict[str, TraceFolder], tiny_model: IntegerModel, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "report.html"
    options = ["--layers", "1", "--token", "0", "--model-folder", tiny_model.folder, "--json"]
    called = spikeref("report", sdllm["full"].path, sdllm["faulty"].path, "-o", target, *options)
    assert (called.status, called.err) == (0, "")
    assert called.json() == {"file": str(target), "bytes": target.stat().st_size}
    assert names_below(tmp_path) == {"new", "new/report.html"}
    text = target.read_text(encoding="utf-8")
    assert "layer 1, token 0" in text
    assert "Rasters of layer 0" not in text


def test_a_page_of_twelve_layers_is_small(
    spikeref: Program, tmp_path: Path, twelve_layers: TraceFolder
) -> None:
    target = tmp_path / "report.html"
    layers = ",".join(str(layer) for layer in range(12))
    called = spikeref("report", twelve_layers.path, "-o", target, "--layers", layers)
    assert called.status == 0
    assert target.stat().st_size < 3 * 10**6


@pytest.fixture
def unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in an empty folder and require it empty."""
    monkeypatch.chdir(tmp_path)
    yield
    assert names_below(tmp_path) == set()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ("missing -o page.html", "missing: no such folder"),
        ("FULL missing -o page.html", "missing"),
        ("FULL OTHER -o page.html", "different models"),
        ("FULL", "-o"),
        ("FULL -o page.html --layers 2", "--layers: 2"),
        ("FULL -o page.html --layers=-1", "--layers: -1"),
        ("FULL -o page.html --layers x", "'x'"),
        ("FULL -o page.html --layers=", "''"),
        ("FULL -o page.html --token 3", "--token: 3"),
        ("FULL -o page.html --token=-1", "--token: -1"),
        ("DIGEST -o page.html --token 0", "level digest"),
        ("DIGEST -o page.html --layers 0", "level digest"),
        ("FULL -o page.html --model-folder missing", "missing"),
        ("OTHER -o page.html --model-folder MODEL", "another model"),
        ("FULL -o FULL", "is what TRACE"),
    ],
)
def test_one_line_names_the_culprit(
    spikeref: Program,
    sdllm: dict[str, TraceFolder],
    las: dict[str, TraceFolder],
    tiny_model: IntegerModel,
    options: str,
    culprit: str,
) -> None:
    known = {
        "FULL": sdllm["full"].path, "DIGEST": sdllm["digest"].path, "OTHER": las["full"].path,
        "MODEL": tiny_model.folder,
    }  # fmt: skip
    given = [known.get(word, word) for word in options.split()]
    assert culprit in spikeref("report", *given).refusal()


@pytest.mark.usefixtures("unchanged")
def test_without_matplotlib_one_line_says_how_to_get_it(
    spikeref: Program, sdllm: dict[str, TraceFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".")[0] == "matplotlib":
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name, *rest, **named)

    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    line = spikeref("report", sdllm["full"].path, "-o", "page.html").refusal()
    assert "pip install 'spikeref[plot]'" in line


def test_other_commands_do_not_load_matplotlib() -> None:
    code = "import sys, spikeref.cli; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_trace_of_part_of_a_run(
    spikeref: Program, tmp_path: Path, tiny_model: IntegerModel
) -> None:
    """Records of a single op still make a page, which says what it cannot tell."""
    folder = write(tmp_path / "trace", tiny_model, small_records())
    target = tmp_path / "report.html"
    assert spikeref("report", folder, "-o", target).status == 0
    text = target.read_text(encoding="utf-8")
    assert "lacks records of a whole run" in text
    assert "holds no record of a population" in text
