"""Traces of both systems at every level, written once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from spikeref.api import compile_model
from spikeref.engine.dense import DENSE
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.forward.tokens import token_array
from spikeref.model.any_model import AnyModel
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.trace.folder import trace_folder
from spikeref.trace.manifest import TRACE_LEVELS, TraceLevel
from spikeref.trace.reader import TraceFolder, read_trace
from spikeref.trace.records import InputRecord, Record
from tests.cli.command_line import Program
from tools.synthetic_checkpoint import PRESETS, write_checkpoint

TOKENS = (104, 105, 106)
FAULTY_NEURON = 5


@pytest.fixture
def spikeref(capsys: pytest.CaptureFixture[str]) -> Program:
    """The program, called in this process."""
    return Program(capsys)


def write_trace(
    path: Path,
    model: AnyModel,
    level: TraceLevel = "full",
    tokens: Sequence[int] = TOKENS,
    change: Callable[[Record], Record] = lambda record: record,
) -> TraceFolder:
    """Write the trace of a run of the dense engine and read it back."""
    given = token_array(tokens)
    with trace_folder(path, level, model, "dense") as sink:
        if isinstance(model, LasModel):
            las_forward(model, given, LasCache(model.config), LAS_DENSE, lambda r: sink(change(r)))
        else:
            cache = Cache(model.config.shape)
            forward(model, given, cache, DENSE, lambda record: sink(change(record)))
        sink.finish(list(tokens))
    return read_trace(path)


def one_more_spike(record: Record) -> Record:
    """Change a count of layer 1, o_input: token 1, its neuron FAULTY_NEURON."""
    if not isinstance(record, InputRecord) or (record.layer, record.op) != (1, "o_input"):
        return record
    counts = record.counts.copy()
    counts[1, FAULTY_NEURON] += 1 if counts[1, FAULTY_NEURON] < 7 else -1
    return replace(record, counts=counts)


@pytest.fixture(scope="session")
def sdllm(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: IntegerModel
) -> dict[str, TraceFolder]:
    """Traces of the tiny model by level, and `faulty` with one wrong count."""
    home = tmp_path_factory.mktemp("report-sdllm")
    made = {level: write_trace(home / level, tiny_model, level) for level in TRACE_LEVELS}
    return made | {"faulty": write_trace(home / "faulty", tiny_model, change=one_more_spike)}


@pytest.fixture(scope="session")
def las(
    tmp_path_factory: pytest.TempPathFactory, las_model: Callable[[str], LasModel]
) -> dict[str, TraceFolder]:
    """Traces of the LAS encoder by level."""
    home, model = tmp_path_factory.mktemp("report-las"), las_model("bert")
    return {level: write_trace(home / level, model, level) for level in TRACE_LEVELS}


@pytest.fixture(scope="session")
def twelve_layers(tmp_path_factory: pytest.TempPathFactory) -> TraceFolder:
    """A full trace of 32 tokens through twelve layers."""
    home = tmp_path_factory.mktemp("report-deep")
    shape = {**PRESETS["tiny-llama"], "num_hidden_layers": 12}
    model = compile_model(write_checkpoint(shape, home / "checkpoint", scale=0.1), home / "model")
    return write_trace(home / "trace", model, tokens=range(32))
