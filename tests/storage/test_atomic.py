import errno
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from spikeref.errors import UsageError
from spikeref.storage.atomic import atomic_file, atomic_folder


def fill(target: Path, stop: BaseException | None = None) -> None:
    """Write a folder with a file and a folder in it, and stop there."""
    with atomic_folder(target) as writing:
        (writing / "a").write_text("1")
        (writing / "sub").mkdir()
        (writing / "sub" / "b").write_text("2")
        if stop is not None:
            raise stop


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with atomic_folder(target) as writing:
        (writing / "a").write_text("1")
        (writing / "sub").mkdir()
        assert not target.exists()
        assert writing.parent == tmp_path
    assert (target / "a").read_text() == "1"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_may_be_the_target(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with atomic_folder(target) as writing:
        (writing / "a").write_text("1")
    assert (target / "a").exists()


def test_parents_are_made_and_removed_with_a_failure(tmp_path: Path) -> None:
    target = tmp_path / "x" / "y" / "out"
    with pytest.raises(RuntimeError, match="stop"), atomic_folder(target):
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []
    with atomic_folder(target):
        pass
    assert target.is_dir()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_stops_the_writing_leaves_nothing(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    with pytest.raises(stop):
        fill(tmp_path / "out", stop())
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_an_existing_empty_folder(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(KeyboardInterrupt):
        fill(target, KeyboardInterrupt())
    assert list(tmp_path.iterdir()) == [target]
    assert list(target.iterdir()) == []


def test_an_occupied_folder_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("1")
    with (
        pytest.raises(UsageError, match="exists and is not empty; remove it or name a new"),
        atomic_folder(tmp_path / "out"),
    ):
        pytest.fail("the block ran")
    assert (tmp_path / "out" / "mine").read_text() == "1"


def test_an_empty_name_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the current folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^'': is the current folder"), atomic_folder(""):
        pytest.fail("the block ran")


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("1")
    with pytest.raises(UsageError, match="not a folder"), atomic_folder(tmp_path / "out"):
        pytest.fail("the block ran")


def test_a_file_in_place_of_a_parent_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("1")
    with pytest.raises(UsageError, match="a file is in the way"), atomic_folder(tmp_path / "x/out"):
        pytest.fail("the block ran")


def test_the_current_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="current folder"), atomic_folder("."):
        pytest.fail("the block ran")


def test_a_folder_filled_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "out"

    def race() -> None:
        with atomic_folder(target):
            fill(target)

    with pytest.raises(UsageError, match="meanwhile"):
        race()
    assert (target / "sub" / "b").read_text() == "2"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("make", [atomic_folder, atomic_file])
@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space left in"),
        (RuntimeError("IoError(Os { code: 28, message: No space left on device })"), "no space"),
        (OSError(errno.EROFS, "Read-only file system"), "permission denied"),
        (PermissionError(errno.EACCES, "Permission denied"), "permission denied"),
    ],
)
def test_the_disks_faults_become_one_line(
    tmp_path: Path,
    make: Callable[[Path], AbstractContextManager[Path]],
    fault: Exception,
    what: str,
) -> None:
    with pytest.raises(UsageError, match=what) as caught, make(tmp_path / "out"):
        raise fault
    assert str(tmp_path / "out") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_faults_elsewhere_pass_unchanged(tmp_path: Path) -> None:
    elsewhere = PermissionError(errno.EACCES, "Permission denied", "/elsewhere/source")
    with pytest.raises(PermissionError), atomic_folder(tmp_path / "in" / "out"):
        raise elsewhere


def test_a_name_that_is_too_long_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name is too long"), atomic_folder(tmp_path / ("x" * 300)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_appears_whole_and_replaces_the_old(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    with atomic_file(target) as writing:
        writing.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_ctrl_c_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")

    def stopped() -> None:
        with atomic_file(target) as writing:
            writing.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder; name a file"), atomic_file(tmp_path):
        pytest.fail("the block ran")
