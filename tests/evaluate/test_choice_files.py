"""Files of multiple-choice items: both spellings, and a line for each fault."""

import json
from pathlib import Path

import pytest

from spikeref.errors import TokenError
from spikeref.evaluate.choice_files import read_choices


def written(folder: Path, text: str) -> Path:
    path = folder / "items.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def test_both_spellings(tmp_path: Path) -> None:
    lines = [
        {"query": "a", "choices": ["b", "cd"], "gold": 1, "id": 7},
        {"ctx": "é", "endings": ["x", "y", "z"], "label": "2", "activity_label": "q"},
        {"query": [], "choices": [[1], [2, 3]], "gold": 0},
    ]
    text = "\n\n".join(json.dumps(line) for line in lines) + "\r\n"
    items = read_choices(written(tmp_path, text))
    assert [item.query for item in items] == ["a", "é", ()]
    assert [item.choices for item in items] == [("b", "cd"), ("x", "y", "z"), ((1,), (2, 3))]
    assert [item.gold for item in items] == [1, 2, 0]
    assert [item.where.rpartition(", ")[2] for item in items] == ["line 1", "line 3", "line 5"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not valid JSON"),
        ("[1]", "a JSON object is needed"),
        ('{"choices": ["a", "b"], "gold": 0}', "has no 'query'"),
        ('{"query": "a", "gold": 0}', "has no 'choices'"),
        ('{"query": "a", "choices": ["a", "b"]}', "has no 'gold'"),
        ('{"ctx": "a", "endings": ["a", "b"]}', "has no 'label'"),
        ('{"query": 1, "choices": ["a", "b"], "gold": 0}', "query: text or a list"),
        ('{"query": [1.5], "choices": ["a", "b"], "gold": 0}', "query: text or a list"),
        ('{"query": [true], "choices": ["a", "b"], "gold": 0}', "query: text or a list"),
        ('{"query": "a", "choices": "ab", "gold": 0}', "choices: a list of at least two"),
        ('{"query": "a", "choices": ["a"], "gold": 0}', "choices: a list of at least two"),
        ('{"query": "a", "choices": ["a", 1], "gold": 0}', "choices, number 1: text or a list"),
        ('{"query": "a", "choices": ["a", [1]], "gold": 0}', "all choices must be text, or all"),
        ('{"query": "a", "choices": ["a", ""], "gold": 0}', "a choice is empty"),
        ('{"query": "a", "choices": [[], [1]], "gold": 0}', "a choice is empty"),
        ('{"query": "a", "choices": ["a", "b"], "gold": 2}', "gold: 2 given; 0 to 1"),
        ('{"query": "a", "choices": ["a", "b"], "gold": -1}', "gold: -1 given"),
        ('{"query": "a", "choices": ["a", "b"], "gold": true}', "gold: True given"),
        ('{"query": "a", "choices": ["a", "b"], "gold": "b"}', "gold: 'b' given"),
        ('{"query": "a", "choices": ["a", "\\ud800"], "gold": 0}', "half of a surrogate"),
    ],
)
def test_one_line_names_the_line(tmp_path: Path, line: str, why: str) -> None:
    fine = '{"query": "a", "choices": ["b", "c"], "gold": 0}'
    with pytest.raises(TokenError) as refused:
        read_choices(written(tmp_path, f"{fine}\n{line}\n{fine}\n"))
    assert "items.jsonl, line 2" in str(refused.value)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_no_items(tmp_path: Path, text: str) -> None:
    with pytest.raises(TokenError, match="holds no item"):
        read_choices(written(tmp_path, text))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="cannot be read"):
        read_choices(tmp_path / "missing.jsonl")
