"""Compilations that were stopped: what stays, what is taken up, and that the target is whole."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.any_compile import compile_any
from spikeref.errors import HeadroomError, UsageError
from spikeref.model.any_profile import find_any_profile
from spikeref.model.folder import load_model
from tools.synthetic_checkpoint import write_checkpoint

LAYERS = 2


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint("tiny-llama", tmp_path_factory.mktemp("resuming") / "c", scale=0.1)


def stop_after(shards: int, fault: type[BaseException]) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done == shards:
            raise fault

    return progress


def compiled(
    source: Path,
    target: Path,
    profile: str = "sdllm-w4a4kv4",
    *,
    version: str | None = "1",
    acc_bits: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> str:
    with Checkpoint.open(source) as checkpoint:
        return compile_any(
            checkpoint,
            target,
            find_any_profile(profile),
            acc_bits=acc_bits,
            resume=version,
            progress=progress,
        )


def unfinished(place: Path) -> list[Path]:
    return sorted(place.glob(".model.unfinished-*"))


def stopped(source: Path, place: Path, profile: str = "sdllm-w4a4kv4") -> Path:
    """Stop after two of three shards; return the folder that was kept."""
    with pytest.raises(KeyboardInterrupt):
        compiled(source, place / "model", profile, progress=stop_after(2, KeyboardInterrupt))
    assert not (place / "model").exists()
    (kept,) = unfinished(place)
    assert len(list(kept.glob("*.safetensors"))) == 2
    return kept


@pytest.mark.parametrize("profile", ["sdllm-w4a4kv4", "quarot-w4a4kv4", "las"])
def test_what_was_finished_is_taken_up(source: Path, tmp_path: Path, profile: str) -> None:
    expected = compiled(source, tmp_path / "whole", profile, version=None)
    kept = stopped(source, tmp_path, profile)
    times = {path.name: path.stat().st_mtime_ns for path in kept.glob("*.safetensors")}
    assert compiled(source, tmp_path / "model", profile) == expected
    assert unfinished(tmp_path) == []
    made, whole = tmp_path / "model", tmp_path / "whole"
    assert load_model(made).digest == expected
    assert {p.name for p in made.iterdir()} == {p.name for p in whole.iterdir()}
    for path in whole.iterdir():
        assert (made / path.name).read_bytes() == path.read_bytes()
    # Taken, not written again.
    assert {name: (made / name).stat().st_mtime_ns for name in times} == times


@pytest.mark.parametrize("damage", ["flip", "cut", "missing"])
def test_a_damaged_shard_is_made_again(source: Path, tmp_path: Path, damage: str) -> None:
    expected = compiled(source, tmp_path / "whole", version=None)
    kept = stopped(source, tmp_path)
    shard = kept / "model-00002-of-00003.safetensors"
    content = bytearray(shard.read_bytes())
    match damage:
        case "flip":
            content[-50] ^= 1
            shard.write_bytes(content)
        case "cut":
            shard.write_bytes(content[:-100])
        case _:
            shard.unlink()
    assert compiled(source, tmp_path / "model") == expected
    assert load_model(tmp_path / "model").digest == expected


def test_other_work_takes_nothing_up(source: Path, tmp_path: Path) -> None:
    """Another profile, version, width or checkpoint has another folder."""
    kept = stopped(source, tmp_path)
    other = write_checkpoint("tiny-llama", tmp_path / "other", scale=0.1, seed=1)
    works = (
        (source, "rtn-w4a4kv4", "1", None),
        (source, "sdllm-w4a4kv4", "2", None),
        (source, "sdllm-w4a4kv4", "1", 40),
        (other, "sdllm-w4a4kv4", "1", None),
    )
    for given, profile, version, acc_bits in works:
        expected = compiled(given, tmp_path / "whole", profile, version=None)
        found = compiled(given, tmp_path / "model", profile, version=version, acc_bits=acc_bits)
        assert found == expected
        assert unfinished(tmp_path) == [kept]
        shutil.rmtree(tmp_path / "whole")
        shutil.rmtree(tmp_path / "model")


def test_a_torn_line_is_no_shard(source: Path, tmp_path: Path) -> None:
    expected = compiled(source, tmp_path / "whole", version=None)
    finished = stopped(source, tmp_path) / "finished.jsonl"
    finished.write_bytes(finished.read_bytes()[:-9])
    assert compiled(source, tmp_path / "model") == expected


def test_stopped_before_the_first_shard_nothing_is_kept(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spikeref.model.writer.save_file", stop)
    with pytest.raises(KeyboardInterrupt):
        compiled(source, tmp_path / "below" / "model")
    assert list(tmp_path.iterdir()) == []


def test_bad_input_keeps_nothing(source: Path, tmp_path: Path) -> None:
    with pytest.raises(HeadroomError):
        compiled(source, tmp_path / "model", acc_bits=5)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_what_was_finished(source: Path, tmp_path: Path) -> None:
    class FullError(OSError):
        def __init__(self) -> None:
            super().__init__(28, "No space left on device")

    with pytest.raises(UsageError, match="no space left"):
        compiled(source, tmp_path / "model", progress=stop_after(2, FullError))
    assert len(unfinished(tmp_path)) == 1
    assert compiled(source, tmp_path / "model") == compiled(source, tmp_path / "whole")


def test_a_target_that_is_taken_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "file").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        compiled(source, tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_finished_line_tells_what_its_shard_holds(source: Path, tmp_path: Path) -> None:
    lines = (stopped(source, tmp_path) / "finished.jsonl").read_text().splitlines()
    assert [json.loads(line)["item"] for line in lines] == [1, 2]
    tensors = json.loads(lines[1])["result"]["tensors"]
    assert tensors["layers.0.q.weights"]["shape"] == [64, 64]
