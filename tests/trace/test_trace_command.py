import argparse
import json
from pathlib import Path

import pytest
from hand_made_trace import given_linear, small_records, write

from spikeref.cli.command import FAILED, FINE, Outcome
from spikeref.cli.trace import COMMAND
from spikeref.errors import UsageError
from spikeref.model.layers import IntegerModel


def run(*arguments: str) -> Outcome:
    parser = argparse.ArgumentParser()
    COMMAND.configure(parser)
    outcome = COMMAND.run(parser.parse_args(arguments))
    assert json.loads(json.dumps(outcome.json)) == outcome.json
    return outcome


@pytest.fixture
def folder(tmp_path: Path, tiny_model: IntegerModel) -> str:
    return str(write(tmp_path / "trace", tiny_model, small_records()))


def test_show(folder: str) -> None:
    outcome = run("show", folder)
    assert outcome.status == FINE
    assert outcome.json["firing"][0]["firing_rate"] == 20 / 48
    assert "raster" not in outcome.json


def test_show_with_raster(folder: str) -> None:
    outcome = run("show", folder, "--token", "1", "--neurons", "1:3")
    assert outcome.json["raster"] == {
        "token": 1,
        "layer": 0,
        "op": "qkv_input",
        "first_neuron": 1,
        "train_length": 8,
        "counts": [7, -8],
    }
    assert outcome.lines[-1] == "2 --------   -8"


@pytest.mark.parametrize("neurons", ["", "5", "a:b", "1:2:3"])
def test_neurons_must_be_a_range(folder: str, neurons: str) -> None:
    with pytest.raises(UsageError, match="A:B"):
        run("show", folder, "--neurons", neurons)


def test_diff_of_equal_traces(folder: str) -> None:
    outcome = run("diff", folder, folder)
    assert outcome.json == {"equal": True, "first_divergence": None}
    assert outcome.status == FINE


def test_diff_of_different_traces(folder: str, tmp_path: Path, tiny_model: IntegerModel) -> None:
    changed = small_records()
    changed[1] = given_linear(0, 0, [40, -49])
    other = str(write(tmp_path / "other", tiny_model, changed))
    outcome = run("diff", folder, other)
    assert outcome.status == FAILED
    assert not outcome.json["equal"]
    assert outcome.json["first_divergence"] == {
        "token": 0,
        "layer": 0,
        "op": "q",
        "missing": None,
        "field": "accumulator",
        "index": 1,
        "step": None,
        "expected": -50,
        "got": -49,
    }
    assert outcome.lines == [
        "first divergence: token 0, layer 0, q",
        "accumulator, element 1: expected -50, got -49",
    ]


def test_diff_says_which_trace_lacks_a_record(
    folder: str, tmp_path: Path, tiny_model: IntegerModel
) -> None:
    other = str(write(tmp_path / "other", tiny_model, small_records()[:-1]))
    assert run("diff", folder, other).lines[-1] == "the record is missing from GOT"
    assert run("diff", other, folder).lines[-1] == "the record is missing from EXPECTED"


def test_export(folder: str, tmp_path: Path) -> None:
    target = str(tmp_path / "events.jsonl")
    outcome = run("export", folder, "-o", target)
    assert outcome.json == {"file": target, "format": "jsonl", "populations": 4, "events": 26}
    assert len(Path(target).read_text().splitlines()) == 26
    packed = run("export", folder, "-o", target, "--format", "packed")
    assert packed.json["format"] == "packed"
    assert Path(target).stat().st_size == 8 * (26 + 4)
