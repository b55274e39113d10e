"""Token files: a JSON list of token ids, or a list of such lists."""

from pathlib import Path

from spikeref.errors import TokenError
from spikeref.storage.canonical import parse_json


def read_sequences(path: str | Path) -> list[list[int]]:
    """Return the independent sequences of a token file; TokenError says what is wrong with it."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise TokenError(f"{path}: cannot be read ({fault.strerror})") from fault
    value = parse_json(content, str(path), TokenError)
    if isinstance(value, list) and value and all(type(v) is int for v in value):
        return [value]
    if not isinstance(value, list) or not value or not all(_is_sequence(v) for v in value):
        raise TokenError(f"{path}: a list of token ids, or a list of such lists, is needed")
    return value


def _is_sequence(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(type(v) is int for v in value)
