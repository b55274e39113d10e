"""Nothing that a command writes replaces what it reads or what else it writes."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.command_line import Program
from tests.vectors.hand_made_suite import write


@pytest.fixture
def place(
    tmp_path: Path, model: Path, traces: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The current folder: a model, two traces, a suite, embeddings and a link to a trace."""
    shutil.copytree(model, tmp_path / "model")
    shutil.copytree(traces["dense"], tmp_path / "trace")
    shutil.copytree(traces["async"], tmp_path / "second")
    write(tmp_path / "suite")
    np.save(tmp_path / "rows.npy", np.zeros((2, 64)))
    (tmp_path / "link").symlink_to("trace")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.skipif(os.name != "posix", reason="needs links and `true`")
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("report trace -o trace/manifest.json", "lies in TRACE trace"),
        ("report trace -o link/manifest.json", "lies in TRACE trace"),
        ("report trace second -o second/page.html", "lies in TRACE2 second"),
        ("report trace -o model/config.json --model-folder model", "lies in --model-folder model"),
        ("trace export trace -o trace/manifest.json", "lies in DIR trace"),
        ("trace export trace -o link/events --format vcd", "lies in DIR trace"),
        ("conform suite --statement suite/suite.json -- true", "lies in DIR suite"),
        ("conform suite --junit suite/suite.json -- true", "lies in DIR suite"),
        ("conform suite --output suite/out -- true", "lies in DIR suite"),
        ("conform suite --junit one --statement ./one -- true", "is what --junit one names"),
        ("conform suite --junit new/one --output new -- true", "lies in --output new"),
        ("run model --embeddings rows.npy --output rows.npy", "is what --embeddings rows.npy"),
        ("run model --embeddings rows.npy --positions p.npy --output p.npy", "is what --positions"),
        ("run model --tokens-file rows.npy --output rows.npy", "is what --tokens-file rows.npy"),
        ("run model --tokens 1 --trace x.npy --output x.npy", "is what --trace x.npy names"),
        ("run model --tokens 1 --trace t --output t/l.npy", "lies in --trace t"),
        ("run model --tokens 1 --trace x.npy/t --output x.npy", "lies in --output x.npy"),
    ],
)
def test_an_output_in_the_way_is_refused(
    spikeref: Program, place: Path, arguments: str, reason: str
) -> None:
    before = contents(place)
    assert reason in spikeref(*arguments.split()).refusal()
    assert contents(place) == before


def test_outputs_beside_each_other_are_written(spikeref: Program, place: Path) -> None:
    given = ("run", "model", "--tokens", "1", "--trace", "new/t", "--output", "new/t.npy")
    assert spikeref(*given).status == 0
    assert {path.name for path in (place / "new").iterdir()} == {"t", "t.npy"}
