"""A checkpoint, its compiled model, token files and two traces, made once."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from spikeref.api import compile_model, run
from spikeref.engine.choice import EngineName
from spikeref.model.folder import load_model
from spikeref.model.layers import IntegerModel
from spikeref.trace.folder import trace_folder
from spikeref.trace.records import InputRecord, Record
from tests.cli.command_line import FAULTY_NEURON, Program
from tools.synthetic_checkpoint import write_checkpoint


@pytest.fixture
def spikeref(capsys: pytest.CaptureFixture[str]) -> Program:
    """The program, called in this process."""
    return Program(capsys)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of width 64, 288 token ids, 256 positions, a byte-level tokenizer."""
    return write_checkpoint("tiny-llama", tmp_path_factory.mktemp("cli") / "checkpoint", scale=0.1)


@pytest.fixture(scope="session")
def model(checkpoint: Path) -> Path:
    """The checkpoint compiled under the default profile."""
    folder = checkpoint.with_name("model")
    compile_model(checkpoint, folder)
    return folder


@pytest.fixture(scope="session")
def token_file(checkpoint: Path) -> Path:
    """Two sequences, together with six tokens to score."""
    path = checkpoint.with_name("tokens.json")
    path.write_text(json.dumps([[104, 101, 108, 108, 111], [7, 8]]))
    return path


@pytest.fixture(scope="session")
def traces(checkpoint: Path, model: Path) -> dict[str, Path]:
    """Trace folders of tokens [104, 105]: of two engines, one with a wrong count, of two models."""
    home = checkpoint.parent
    other = compile_model(
        write_checkpoint("tiny-llama", home / "other", scale=0.1, seed=1), home / "other-model"
    )
    mine = load_model(model)
    return {
        "dense": _write_trace(home / "trace-dense", mine, "dense"),
        "async": _write_trace(home / "trace-async", mine, "async"),
        "faulty": _write_trace(home / "trace-faulty", mine, "dense", _with_one_more_spike),
        "other": _write_trace(home / "trace-other", other, "dense"),
    }


def _write_trace(
    path: Path,
    model: IntegerModel,
    engine: EngineName,
    change: Callable[[Record], Record] = lambda record: record,
) -> Path:
    with trace_folder(path, "counts", model, engine) as writer:
        done = run(model, [104, 105], engine=engine, trace=lambda record: writer(change(record)))
        writer.finish(done.tokens)
    return path


def _with_one_more_spike(record: Record) -> Record:
    """Raise a count of layer 1, o_input: token 1, its neuron FAULTY_NEURON."""
    if not isinstance(record, InputRecord) or (record.layer, record.op) != (1, "o_input"):
        return record
    counts = record.counts.copy()
    counts[1, FAULTY_NEURON] += 1 if counts[1, FAULTY_NEURON] < 7 else -1
    return replace(record, counts=counts)
