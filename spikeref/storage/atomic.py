"""Folders and files that appear whole or not at all.

Everything is written under a temporary name beside the target, then renamed. Whatever stops the
writing, Ctrl-C included, removes the temporary and the parent folders made for it.
"""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from spikeref.errors import UsageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """A temporary folder to write into; it becomes `path` when the block ends without exception.

    `path` must not exist or be an empty folder, else UsageError. A full disk or missing
    permission, at any point, is a UsageError naming `path`; other exceptions pass unchanged.
    """
    target = Path(path).resolve()
    with _explained(target, _shown(path)):
        _check_free(target, _shown(path))
        with _beside(target) as temporary:
            temporary.mkdir()
            yield temporary
            if target.is_dir():
                target.rmdir()
            temporary.rename(target)


@contextlib.contextmanager
def kept_folder(
    path: str | Path, key: str, keep: Callable[[BaseException], bool]
) -> Iterator[Path]:
    """A hidden folder beside `path` to go on with; it becomes `path` when the block ends well.

    Its name holds `key`, so that the same work finds it again. Whatever stops the block leaves it
    there if `keep` says so of the exception, and else removes it. Otherwise as `atomic_folder`.
    """
    target = Path(path).resolve()
    with _explained(target, _shown(path)):
        _check_free(target, _shown(path))
        made = [parent for parent in target.parents if not parent.exists()]
        kept = target.with_name(f".{target.name[:100]}.unfinished-{key}")
        try:
            kept.mkdir(parents=True, exist_ok=True)
            yield kept
            if target.is_dir():
                target.rmdir()
            kept.rename(target)
        except BaseException as fault:
            if not keep(fault):
                _remove(kept, made)
            raise


@contextlib.contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """A temporary file name to write to; it replaces `path` when the block ends without exception.

    `path` may be a file, which is then replaced, but not a folder, device or pipe (UsageError). A
    full disk or missing permission is a UsageError naming `path`; other exceptions pass unchanged.
    """
    target = Path(path).resolve()
    with _explained(target, _shown(path)):
        if target.is_dir():
            raise UsageError(f"{path}: is a folder; name a file")
        if target.exists() and not target.is_file():
            raise UsageError(f"{path}: is a device or a pipe, which would be replaced; name a file")
        with _beside(target) as temporary:
            yield temporary
            temporary.replace(target)


def _shown(path: str | Path) -> str:
    """Return the path as it was given, visible even if it is empty."""
    return str(path) or "''"


def _check_free(target: Path, shown: str) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise UsageError(f"{shown}: exists and is not a folder; name a new folder")
    if any(target.iterdir()):
        raise UsageError(f"{shown}: exists and is not empty; remove it or name a new folder")
    if target == Path.cwd():
        raise UsageError(f"{shown}: is the current folder; name a new folder")


@contextlib.contextmanager
def _explained(target: Path, shown: str) -> Iterator[None]:
    try:
        yield
    except Exception as fault:
        reason = _reason(fault, target)
        if reason is None:
            raise
        raise UsageError(f"{shown}: cannot be written, {reason}") from fault


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    made = [parent for parent in target.parents if not parent.exists()]
    temporary = target.with_name(f".{target.name[:100]}.partial-{secrets.token_hex(6)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
    except BaseException:
        _remove(temporary, made)
        raise


def _remove(temporary: Path, made: list[Path]) -> None:
    if temporary.is_dir():
        shutil.rmtree(temporary, ignore_errors=True)
    with contextlib.suppress(OSError):
        temporary.unlink(missing_ok=True)
    for parent in made:
        with contextlib.suppress(OSError):
            parent.rmdir()


def _reason(fault: Exception, target: Path) -> str | None:
    """Why writing failed, where the disk or its permissions are to blame."""
    if not isinstance(fault, OSError):
        # The safetensors library wraps the system's error in its own.
        wrapped = any(sign in str(fault) for sign in ("No space left", "File too large"))
        return _full(target) if wrapped else None
    # NumPy reports a short write without an error number.
    if fault.errno in _FULL or (fault.errno is None and " written" in str(fault)):
        return _full(target)
    ours = fault.filename is None or _below(fault.filename, target.parent)
    if ours and fault.errno in _FORBIDDEN:
        return f"permission denied in {target.parent}; choose another place"
    if ours and isinstance(fault, FileExistsError | NotADirectoryError):
        return f"a file is in the way ({fault.filename}); choose another place"
    if fault.errno == errno.ENAMETOOLONG:
        return "the name is too long"
    if ours and fault.errno in (errno.ENOTEMPTY, errno.EBUSY):
        return "something else wrote there meanwhile; name a new folder"
    return None


def _full(target: Path) -> str:
    return f"no space left in {target.parent}; free some or choose another place"


def _below(filename: object, folder: Path) -> bool:
    return isinstance(filename, str | os.PathLike) and (
        Path(filename).resolve().is_relative_to(folder) or folder.is_relative_to(filename)
    )
