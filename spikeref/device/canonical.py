"""Canonical JSON (MODEL-5)."""

import json
import re
from typing import Any


def canonical_json(value: Any) -> bytes:
    """The canonical JSON of a value without floats; U+007F stands for itself, as no other does."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return re.sub(r"\\(?:u007f|.)", _delete_unescaped, text).encode()


def _delete_unescaped(escape: re.Match[str]) -> str:
    return "\x7f" if escape[0] == r"\u007f" else escape[0]
