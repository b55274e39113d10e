"""What interrupted work had finished: JSON lines that later work takes up."""

import contextlib
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from spikeref.errors import UsageError
from spikeref.storage.canonical import canonical_json, parse_json, sha256_hex

Entry: TypeAlias = int | str
"""Number or name of what was finished."""

_DIGESTED = re.compile(rb'(.*), "sha256": "([0-9a-f]{64})"\}')


def ledger_key(members: dict[str, Any]) -> str:
    """Return the digest of everything that a result depends on: integers, strings, lists of them.

    Whatever changes, the key changes, so that results of other inputs are never taken up.
    """
    return sha256_hex(canonical_json(members))


class Ledger:
    """Finished items of one work, in a file that may hold those of others beside them.

    A line is {"key": …, "item": …, "result": {…}, "sha256": …}, complete once its line break is
    written; the digest is that of the same line without it.
    """

    def __init__(self, file: io.TextIOWrapper, key: str, held: dict[Entry, dict[str, Any]]) -> None:
        """Use `open_ledger`."""
        self._file = file
        self._key = key
        self._held = held
        self.taken = len(held)
        """How many items the file held at the start."""

    @property
    def kept(self) -> int:
        """How many items the file holds now."""
        return len(self._held)

    def get(self, item: Entry) -> dict[str, Any] | None:
        """Return the result of an item, its floats as they were."""
        return self._held.get(item)

    def put(self, item: Entry, result: dict[str, Any]) -> None:
        """Write the result of an item, at once; UsageError for a float that is not finite."""
        try:
            stated = json.dumps({"key": self._key, "item": item, "result": result}, allow_nan=False)
        except ValueError as fault:
            raise UsageError(
                f"{self._file.name}: the result of {item} is not finite and cannot be kept; go on"
                " without --resume"
            ) from fault
        self._file.write(f'{stated[:-1]}, "sha256": "{sha256_hex(stated.encode("ascii"))}"}}\n')
        self._file.flush()
        self._held[item] = result


@contextlib.contextmanager
def open_ledger(path: str | Path, key: str) -> Iterator[Ledger]:
    """Open a ledger file, made where there is none, for the work with that key.

    A last line without line break, which an interruption left, is dropped. UsageError: a file that
    is no ledger, one with a line that does not match its digest or has none, as those of earlier
    versions, and one that cannot be read or written.
    """
    path = Path(path)
    held: dict[Entry, dict[str, Any]] = {}
    try:
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(), start=1):
            item, owner, result = _parsed(line, f"{path}, line {number}")
            if owner == key:
                held[item] = result
        if content and not whole and not content.startswith(b'{"key"'):
            raise UsageError(f"{path}: holds no finished work; name another file")
        file = path.open("a", encoding="utf-8")
        if len(whole) < len(content):
            file.truncate(len(whole))
    except OSError as fault:
        raise UsageError(f"{path}: cannot be used ({fault.strerror})") from fault
    with file:
        yield Ledger(file, key, held)


def _parsed(line: bytes, where: str) -> tuple[Entry, str, dict[str, Any]]:
    if not line.startswith(b'{"key"'):
        raise UsageError(f"{where}: is no line of finished work; name another file")
    # The digest comes first: only what was written here is known to be of a harmless form.
    digested = _DIGESTED.fullmatch(line)
    if digested is None:
        raise UsageError(
            f"{where}: has no digest, as lines of earlier versions; delete the file, or name"
            " another, to begin anew"
        )
    stated = digested[1] + b"}"
    if sha256_hex(stated) != digested[2].decode("ascii"):
        raise UsageError(
            f"{where}: is damaged, its digest does not match; delete the line, or name another"
            " file, to begin anew"
        )
    match parse_json(stated, where, UsageError):
        case {"key": str(key), "item": int(item) | str(item), "result": dict(result)}:
            return item, key, _with_floats(result)
        case _:
            raise UsageError(f"{where}: is no line of finished work; name another file")


def _with_floats(value: Any) -> Any:
    """Return JSON whose exact decimals are the floats again that were written."""
    match value:
        case Decimal():
            return float(value)
        case list():
            return [_with_floats(one) for one in value]
        case dict():
            return {name: _with_floats(one) for name, one in value.items()}
        case _:
            return value
