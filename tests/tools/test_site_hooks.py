"""The site's Markdown: what a repository shows without an empty line, and what docstrings say."""

import pytest

from tools.site.contracts import set_apart
from tools.site.hooks import in_dialect, room


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("text:\n- a\n- b", "text:\n\n- a\n- b"),
        ("text:\n1. a\n   more\n2. b", "text:\n\n1. a\n   more\n2. b"),
        ("- a\n  more\n- b", "- a\n  more\n- b"),
        ("a year:\n1984. It ended.", "a year:\n1984. It ended."),
        ("text\n| a |\n|---|\n| b |", "text\n\n| a |\n|---|\n| b |"),
        ("<!-- begin -->\n    code", "<!-- begin -->\n\n    code"),
        ("```sh fails\nx\n- y\n```", "```sh\nx\n- y\n```"),
        ("~~~\ntext\n- a\n~~~", "~~~\ntext\n- a\n~~~"),
        ("````md\n```\ntext\n- a\n````", "````md\n```\ntext\n- a\n````"),
        ("    code\n    - code", "    code\n    - code"),
    ],
)
def test_blocks_begin_behind_an_empty_line(written: str, read: str) -> None:
    assert in_dialect(written) == read + "\n"
    assert in_dialect(read) == read + "\n"


def test_a_room_lists_its_modules() -> None:
    lines = room("neurons").splitlines()
    assert lines[0].startswith("Spiking neurons on integers")
    assert any(line.startswith("| `spikeref.neurons.counts` | ") for line in lines)
    assert not any("__init__" in line for line in lines)


def test_parameters_and_errors_are_set_apart() -> None:
    said = "Run it.\n\ntokens: ids (LAS). trace: a sink\nof records. UsageError for an encoder."
    paragraphs = [part.strip() for part in set_apart(said, {"tokens", "trace"}).split("\n\n")]
    assert [part for part in paragraphs if part] == [
        "Run it.",
        "`tokens`: ids (LAS).",
        "`trace`: a sink\nof records.",
        "UsageError for an encoder.",
    ]


def test_a_docstring_of_one_line_stays() -> None:
    assert set_apart("Return tokens: many.", {"tokens"}) == "Return tokens: many."
