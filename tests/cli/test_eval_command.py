"""`spikeref eval`: windows, multiple choice, and taking up what was finished."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from spikeref.evaluate import perplexity, scoring
from spikeref.evaluate.stretches import Stretch
from spikeref.model.any_model import AnyModel
from spikeref.trace.sinks import Sink
from tests.cli.command_line import Program

ITEMS = [
    {"query": "hello", "choices": ["you", "world of"], "gold": 1},
    {"ctx": "a", "endings": ["b", "c", "dd"], "label": "2"},
    {"query": [104, 101], "choices": [[108], [1, 2]], "gold": 0},
]


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in ITEMS))
    return path


@pytest.fixture
def long_text(tmp_path: Path) -> Path:
    path = tmp_path / "long.json"
    path.write_text(json.dumps([[(7 * i) % 288 for i in range(300)], [1, 2, 3]]))
    return path


@pytest.mark.parametrize("source", ["model", "checkpoint"])
def test_longer_text_than_positions(
    spikeref: Program, model: Path, checkpoint: Path, long_text: Path, source: str
) -> None:
    subject = model if source == "model" else checkpoint
    got = spikeref("eval", subject, "--tokens-file", long_text, "--json").json()
    assert (got["tokens"], got["window"], got["stride"]) == (299 + 2, 256, 128)
    options = ("--window", "256", "--stride", "128")
    assert got == spikeref("eval", subject, "--tokens-file", long_text, *options, "--json").json()
    smaller = spikeref("eval", subject, "--tokens-file", long_text, "--window", "64", "--json")
    assert (smaller.json()["tokens"], smaller.json()["stride"]) == (301, 32)
    assert smaller.json()["nll"] != got["nll"]
    shown = spikeref("eval", subject, "--tokens-file", long_text).out
    assert "over 301 tokens, in windows of 256 tokens with stride 128" in shown


def test_text_that_fits_has_no_window(spikeref: Program, model: Path, token_file: Path) -> None:
    got = spikeref("eval", model, "--tokens-file", token_file, "--json").json()
    assert (got["window"], got["stride"]) == (None, None)


def test_an_infinite_perplexity_is_null_in_json(
    spikeref: Program, model: Path, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perplexity, "LARGEST_MEAN_NLL", 0.0)
    got = spikeref("eval", model, "--tokens-file", token_file, "--json").json()
    assert got["perplexity"] is None
    assert got["nll"] > 0
    assert "perplexity inf" in spikeref("eval", model, "--tokens-file", token_file).out


@pytest.mark.parametrize("source", ["model", "checkpoint"])
def test_multiple_choice(
    spikeref: Program, model: Path, checkpoint: Path, items: Path, source: str
) -> None:
    subject = model if source == "model" else checkpoint
    called = spikeref("eval", subject, "--choices", items, "--json")
    assert (called.status, called.err) == (0, "")
    got = called.json()
    assert got["items"] == 3
    assert {got["acc"] * 3, got["acc_norm"] * 3} <= {0, 1, 2, 3}
    assert bool(got["firing_rate"]) == (source == "model")
    shown = spikeref("eval", subject, "--choices", items).out
    assert re.match(r"acc \d\.\d{4}, acc_norm \d\.\d{4} over 3 items\n", shown)


def test_a_bad_item_names_its_line(spikeref: Program, model: Path, items: Path) -> None:
    with items.open("a") as file:
        file.write('{"query": [1], "choices": [[288], [2]], "gold": 0}\n')
    assert "items.jsonl, line 4: token 288" in spikeref("eval", model, "--choices", items).refusal()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("--choices {items} --tokens-file {tokens}", "not allowed with"),
        ("--choices {items} --window 8", "--window: does not go with --choices"),
        ("--choices {items} --labels-file {items}", "--labels-file: does not go with --choices"),
        ("--tokens-file {tokens} --labels-file {tokens} --resume x", "--resume: does not go with"),
        ("--tokens-file {tokens} --resume {items}", "line 1"),
        ("", "--tokens-file --choices"),
    ],
)
def test_options_that_do_not_go_together(
    spikeref: Program, model: Path, items: Path, token_file: Path, options: str, why: str
) -> None:
    given = options.format(items=items, tokens=token_file).split()
    assert why in spikeref("eval", model, *given).refusal()


def stop_at(number: int) -> Callable[[AnyModel, Stretch, Sink], float]:
    """A model_nll that Ctrl-C reaches in call `number`, counted from 0."""
    real, calls = scoring.model_nll, []

    def stopping(model: AnyModel, stretch: Stretch, sink: Sink) -> float:
        calls.append(stretch)
        if len(calls) > number:
            raise KeyboardInterrupt
        return real(model, stretch, sink)

    return stopping


def test_an_interrupted_evaluation_goes_on(
    spikeref: Program,
    model: Path,
    long_text: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = ["eval", model, "--tokens-file", long_text, "--window", "64", "--json"]
    whole = spikeref(*arguments).json()
    ledger = tmp_path / "ledger"
    with monkeypatch.context() as patched:
        patched.setattr(scoring, "model_nll", stop_at(4))
        called = spikeref(*arguments, "--resume", ledger)
    assert (called.status, called.out) == (130, "")
    assert called.err == (
        f"spikeref eval: interrupted; 4 of 10 scored stretches are kept in {ledger}; the same"
        " command goes on from there\n"
    )
    with monkeypatch.context() as patched:
        # Six are missing; a seventh would be interrupted.
        patched.setattr(scoring, "model_nll", stop_at(6))
        assert spikeref(*arguments, "--resume", ledger).json() == whole
        # Other tokens, another window, another model: nothing is taken up.
        patched.setattr(scoring, "model_nll", stop_at(0))
        assert spikeref(*arguments, "--resume", ledger).json() == whole
        other = ["eval", model, "--tokens-file", long_text, "--window", "63", "--json"]
        called = spikeref(*other, "--resume", ledger)
        assert called.status == 130
        assert "; 0 of " in called.err


def test_choices_resume(spikeref: Program, model: Path, items: Path, tmp_path: Path) -> None:
    arguments = ["eval", model, "--choices", items, "--resume", tmp_path / "ledger", "--json"]
    first = spikeref(*arguments).json()
    assert len((tmp_path / "ledger").read_text().splitlines()) == 2 + 3 + 2
    assert spikeref(*arguments).json() == first


def test_the_baseline_resumes(
    spikeref: Program, checkpoint: Path, long_text: Path, tmp_path: Path
) -> None:
    arguments = [
        "eval",
        checkpoint,
        "--tokens-file",
        long_text,
        "--resume",
        tmp_path / "l",
        "--json",
    ]
    first = spikeref(*arguments).json()
    assert spikeref(*arguments).json() == first
