from pathlib import Path

import pytest

from spikeref.errors import TokenError
from spikeref.evaluate.token_files import read_sequences


@pytest.mark.parametrize(
    ("text", "sequences"),
    [
        ("[1, 2, 3]", [[1, 2, 3]]),
        ("[7]", [[7]]),
        ("[[1, 2], [3]]", [[1, 2], [3]]),
        ("[[0]]", [[0]]),
        (" [\n[ 5 ,6 ]\n]\n", [[5, 6]]),
        ("[-1, 99999999999999999999]", [[-1, 99999999999999999999]]),
    ],
)
def test_sequences(tmp_path: Path, text: str, sequences: list[list[int]]) -> None:
    """Ids out of range are the model's to refuse: a file does not know its vocabulary."""
    path = tmp_path / "tokens.json"
    path.write_text(text)
    assert read_sequences(path) == sequences
    assert read_sequences(str(path)) == sequences


@pytest.mark.parametrize(
    "text",
    [
        "[]", "[[]]", "[[1], []]", "[1, [2]]", "[[1], 2]", "[[[1]]]", "{}", '{"tokens": [1]}',
        "3", "null", '"1 2"', "[true]", "[[false]]", "[1.0]", "[[1, 2.5]]", '["1"]', "[null]",
        "[1e3]",
    ],
)  # fmt: skip
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(text)
    with pytest.raises(TokenError) as caught:
        read_sequences(path)
    message = str(caught.value)
    assert message == f"{path}: a list of token ids, or a list of such lists, is needed"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not valid JSON"),
        (b"[1, 2", "not valid JSON"),
        (b"[1] [2]", "not valid JSON"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[-0]", "-0 is not an integer"),
        (b"[\xff]", "not UTF-8 at byte 1"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" + b"1" * 5000 + b"]", "not valid JSON"),
        (b'{"a": 1, "a": 2}', "appears twice"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(content)
    with pytest.raises(TokenError, match=what) as caught:
        read_sequences(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.json", tmp_path):
        with pytest.raises(TokenError, match="cannot be read"):
            read_sequences(path)
