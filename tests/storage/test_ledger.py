"""Ledgers: what is finished survives, what is half written does not, inputs never mix."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from spikeref.errors import UsageError
from spikeref.evaluate.comparison_rows import ComparisonRow, row_from_members
from spikeref.evaluate.scoring import Score, score_model
from spikeref.evaluate.stretches import Stretch
from spikeref.model.layers import IntegerModel
from spikeref.storage.ledger import ledger_key, open_ledger

STRETCHES = [
    Stretch(tokens=(1, 2, 3), first=1),
    Stretch(tokens=(4, 5, 6, 7), first=2),
    Stretch(tokens=(8, 9), first=1),
]


def test_what_was_put_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with open_ledger(path, "a") as ledger:
        assert (ledger.taken, ledger.get(0)) == (0, None)
        ledger.put(0, {"nll": 0.1})
        ledger.put(2, {"nll": 1e-300})
    with open_ledger(path, "a") as ledger:
        assert (ledger.taken, ledger.kept) == (2, 2)
        assert [ledger.get(0), ledger.get(2)] == [{"nll": 0.1}, {"nll": 1e-300}]
        assert ledger.get(1) is None


def test_a_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger", "a") as ledger:
        ledger.put(3, {"nll": 2.5})
        line = json.loads((tmp_path / "ledger").read_text())
    stated = {"key": "a", "item": 3, "result": {"nll": 2.5}}
    digest = hashlib.sha256(json.dumps(stated).encode()).hexdigest()
    assert line == stated | {"sha256": digest}


def test_a_result_that_is_not_finite_is_refused_and_the_rest_kept(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger", "a") as ledger:
        ledger.put(0, {"nll": 1.5})
        with pytest.raises(UsageError, match="the result of 1 is not finite"):
            ledger.put(1, {"nll": float("inf")})
    with open_ledger(tmp_path / "ledger", "a") as again:
        assert (again.get(0), again.get(1)) == ({"nll": 1.5}, None)


def test_keys_share_a_file_without_mixing(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    for key, value in (("a", 1), ("b", 2)):
        with open_ledger(path, key) as ledger:
            assert ledger.taken == 0
            ledger.put(0, {"n": value})
    for key, value in (("a", 1), ("b", 2)):
        with open_ledger(path, key) as ledger:
            assert ledger.get(0) == {"n": value}


@pytest.mark.parametrize("cut", range(1, 38))
def test_a_torn_line_is_dropped(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "ledger"
    with open_ledger(path, "a") as ledger:
        ledger.put(0, {"n": 1})
        whole = path.read_bytes()
        ledger.put(1, {"n": 2})
    path.write_bytes(path.read_bytes()[: len(whole) + cut])
    with open_ledger(path, "a") as ledger:
        assert ledger.taken == 1
        ledger.put(1, {"n": 3})
    with open_ledger(path, "a") as ledger:
        assert [ledger.get(0), ledger.get(1)] == [{"n": 1}, {"n": 3}]


@pytest.mark.parametrize(
    "content", [b"a letter", b"a letter\n", b"[1]\n", b'{"key": "a"}\n', b'{"key": 1}\n', b"\xff\n"]
)
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="letter"), open_ledger(path, "a"):
        pass
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"nll": 2.5', b'"nll": 2.6'),
        (b'"item": 3', b'"item": 4'),
        (b'"key": "a"', b'"key": "b"'),
        (b'{"nll": 2.5}', b"{}"),
        (b'"nll": 2.5', b'"nll": ' + b"[" * 600 + b"]" * 600),
        (b'"sha256": "', b'"sha256": "0'),
        (b', "sha256": "', b', "sha": "'),
    ],
)
def test_a_changed_line_is_refused(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = tmp_path / "ledger"
    with open_ledger(path, "a") as ledger:
        ledger.put(3, {"nll": 2.5})
    content = path.read_bytes().replace(old, new)
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"ledger, line 1: .*begin anew"), open_ledger(path, "a"):
        pass
    assert path.read_bytes() == content


def test_a_line_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_text('{"key": "a", "item": 3, "result": {"nll": 2.5}}\n')
    with (
        pytest.raises(UsageError, match=r"earlier versions; .* begin anew"),
        open_ledger(path, "a"),
    ):
        pass


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"nll": [], "firing": {}, "additions": {}},
        {"nll": 1.0, "firing": 0, "additions": {}},
        {"nll": 1.0, "firing": {"qkv": []}, "additions": {}},
        {"nll": 1.0, "firing": {"qkv": [1, "2"]}, "additions": {}},
        {"nll": 1.0, "firing": {}, "additions": {"q": 0.5}},
    ],
)
def test_a_result_of_another_form_is_refused(
    tiny_model: IntegerModel, tmp_path: Path, result: dict[str, object]
) -> None:
    with open_ledger(tmp_path / "ledger", "a") as ledger:
        ledger.put(0, result)
        with pytest.raises(UsageError, match=r"stretch 0 .*begin anew"):
            score_model(tiny_model, STRETCHES, ledger=ledger)


@pytest.mark.parametrize(
    "change",
    [
        {"ratio": None},
        {"perplexity": []},
        {"kind": "other"},
        {"firing_rates": {"qkv": "1"}},
        {"macs": 0.5},
        {"more": 1},
    ],
)
def test_a_row_of_another_form_is_refused(change: dict[str, object]) -> None:
    row = ComparisonRow(profile="p", kind="integer", perplexity=2.0, ratio=1.5, macs=7)
    assert row_from_members(asdict(row)) == row
    for members in (asdict(row) | change, {"profile": "p"}, {}):
        with pytest.raises(UsageError, match="begin anew"):
            row_from_members(members)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be used"), open_ledger(tmp_path, "a"):
        pass


def test_every_member_changes_the_key() -> None:
    keys = {ledger_key(m) for m in ({"a": 1}, {"a": 2}, {"b": 1}, {"a": "1"}, {"a": 1, "b": 1})}
    assert len(keys) == 5


def test_a_stopped_scoring_goes_on_where_it_stopped(
    tiny_model: IntegerModel, tmp_path: Path
) -> None:
    whole = score_model(tiny_model, STRETCHES)
    told: list[int] = []

    def stop_after_two(tokens: int) -> None:
        told.append(tokens)
        if len(told) == 2:
            raise KeyboardInterrupt

    path = tmp_path / "ledger"
    with pytest.raises(KeyboardInterrupt), open_ledger(path, "a") as ledger:
        score_model(tiny_model, STRETCHES, stop_after_two, ledger)
    with open_ledger(path, "a") as ledger:
        assert ledger.taken == 2
        assert score_model(tiny_model, STRETCHES, ledger=ledger) == whole
    # Not computed again: what the file says is believed.
    with open_ledger(path, "a") as ledger:
        ledger.put(1, {"nll": 7.0, "firing": {"mean": [1, 2]}, "additions": {"q": 3}})
        again = score_model(tiny_model, STRETCHES, ledger=ledger)
    assert again == [
        whole[0],
        Score(nll=7.0, firing={"mean": (1, 2)}, additions={"q": 3}),
        whole[2],
    ]
