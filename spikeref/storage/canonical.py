"""Canonical JSON, strict parsing of foreign JSON, and SHA-256 digests."""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import SpikerefError, UsageError


def canonical_json(value: object) -> bytes:
    """The one byte string that stands for `value`.

    Keys sorted by code point, no spaces, every character beyond ASCII escaped as \\uXXXX. Allowed
    are integers, strings, booleans, None, lists (tuples count as lists) and dictionaries with
    string keys. Floats have many spellings and are refused: UsageError names the place.
    """
    _refuse_foreign(value, "$")
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii")


def _refuse_foreign(value: object, where: str) -> None:
    match value:
        case None | bool() | int() | str():
            return
        case list() | tuple():
            for i, item in enumerate(value):
                _refuse_foreign(item, f"{where}[{i}]")
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise UsageError(f"canonical JSON: key {key!r} at {where} is not a string")
                _refuse_foreign(item, f"{where}.{key}")
        case _:
            raise UsageError(
                f"canonical JSON: {type(value).__name__} at {where} has no canonical form;"
                " use integers, strings, booleans, None, lists and dictionaries"
            )


def parse_json(data: bytes, where: str, error: type[SpikerefError]) -> Any:
    """Foreign JSON, read strictly: UTF-8, no duplicate keys, no NaN; floats become exact Decimals.

    Raises `error` with `where` at the front of its one line.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise error(f"{where}: key {twice!r} appears twice")
        return found

    def constant(name: str) -> NoReturn:
        raise error(f"{where}: {name} is not JSON")

    def integer(digits: str) -> int:
        # Readers disagree on whether -0 is an integer, so it is none here.
        if digits == "-0":
            raise error(f"{where}: -0 is not an integer")
        return int(digits)

    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=unique,
            parse_int=integer,
            parse_float=Decimal,
            parse_constant=constant,
        )
    except UnicodeDecodeError as fault:
        raise error(f"{where}: not UTF-8 at byte {fault.start}") from fault
    except RecursionError as fault:
        raise error(f"{where}: nested too deeply") from fault
    except (ValueError, ArithmeticError) as fault:
        raise error(f"{where}: not valid JSON ({_one_line(fault)})") from fault


def _one_line(fault: Exception) -> str:
    return " ".join(str(fault).split())[:200]


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data` in lower-case hex, 64 characters."""
    return hashlib.sha256(data).hexdigest()


def tensor_digest(array: NDArray[Any]) -> str:
    """SHA-256 over the elements of `array` (any shape), little-endian, in C order.

    Width and shape are not hashed: whoever hashes more than one tensor states them beside it.
    Raises UsageError for elements that are neither integers, floats nor booleans.
    """
    if array.dtype.kind not in "biuf":
        raise UsageError(f"elements of type {array.dtype} have no canonical bytes")
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(little.reshape(-1).view(np.uint8).data).hexdigest()
