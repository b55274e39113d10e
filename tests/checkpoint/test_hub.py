import sys
from pathlib import Path
from types import ModuleType

import pytest

from spikeref.checkpoint.hub import resolve_source
from spikeref.errors import CheckpointError


def hub_that(answers: object) -> ModuleType:
    """A stand-in for huggingface_hub whose download answers or raises."""
    hub = ModuleType("huggingface_hub")

    def snapshot_download(name: str, allow_patterns: list[str]) -> object:
        assert name == "org/name"
        assert "*.safetensors" in allow_patterns
        if isinstance(answers, Exception):
            raise answers
        return answers

    hub.snapshot_download = snapshot_download  # type: ignore[attr-defined]
    return hub


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "org" / "name").mkdir(parents=True)
    assert resolve_source("org/name") == Path("org/name")
    assert resolve_source(tmp_path) == tmp_path


def test_a_path_that_does_not_exist_is_refused() -> None:
    for source in ("nowhere", "./a/b", "a/b/c", Path("org/name")):
        with pytest.raises(CheckpointError, match=r"no such folder$"):
            resolve_source(source)


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="is a file; give the folder"):
        resolve_source("model.safetensors")


def test_a_hub_name_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub_that(str(tmp_path)))
    assert resolve_source("org/name") == tmp_path


def test_a_failing_download_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = ConnectionError("cannot reach the server\nmore\nlines")
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub_that(fault))
    with pytest.raises(CheckpointError, match="ConnectionError: cannot reach the") as caught:
        resolve_source("org/name")
    assert "\n" not in str(caught.value)


def test_without_the_hub_library_a_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(CheckpointError, match="install huggingface_hub"):
        resolve_source("org/name")
