"""Waves of a trace, read back with pyvcd's own reader."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spikeref.cli import main
from spikeref.cosim.vcd import export_vcd
from spikeref.engine.dense import DENSE
from spikeref.errors import UsageError
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.layers import IntegerModel
from spikeref.trace.folder import trace_folder
from spikeref.trace.populations import find_population
from spikeref.trace.reader import read_trace
from tests.hdl.tools import require_module

TOKENS = [256, 72, 105]


@pytest.fixture(autouse=True)
def pyvcd() -> None:
    require_module("vcd")


Spike = tuple[int, int, int, int]
"""Token, step, neuron, polarity."""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory, tiny_model: IntegerModel) -> Path:
    folder = tmp_path_factory.mktemp("vcd") / "trace"
    with trace_folder(folder, "counts", tiny_model, "dense") as sink:
        forward(tiny_model, np.array(TOKENS), Cache(tiny_model.config.shape), DENSE, sink)
        sink.finish(TOKENS)
    return folder


def spikes_of(path: Path) -> Iterator[tuple[int, Spike]]:
    """Yield (time, spike) from the changes of a VCD file."""
    from vcd.reader import TokenKind, tokenize

    names: dict[str, str] = {}
    values: dict[str, int] = {}
    time: int | None = None
    with path.open("rb") as file:
        for one in tokenize(file):
            if one.kind is TokenKind.VAR:
                names[one.var.id_code] = one.var.reference
            elif one.kind is TokenKind.CHANGE_TIME:
                if time is not None:
                    for now in range(time, one.time_change):
                        yield from ((now, spike) for spike in snapshot(values))
                time = one.time_change
            elif one.kind is TokenKind.CHANGE_VECTOR:
                values[names[one.vector_change.id_code]] = int(one.vector_change.value)


def snapshot(values: dict[str, int]) -> Iterator[Spike]:
    for name, code in values.items():
        if name.startswith("neuron") and code:
            polarity = {1: 1, 3: -1}[code]
            yield values["token"], values["step"], int(name.removeprefix("neuron")), polarity


def by_hand(trace: Path, layer: int, op: str, tokens: list[int]) -> list[tuple[int, Spike]]:
    """s_d = sign(c) for d <= |c| (ENC-5), at time k·D + d − 1."""
    spikes = []
    for k, token in enumerate(tokens):
        population = find_population(read_trace(trace), token, layer, op)
        length = population.train.steps
        for neuron, count in enumerate(population.counts.tolist()):
            spikes += [
                (k * length + d - 1, (token, d, neuron, 1 if count > 0 else -1))
                for d in range(1, abs(count) + 1)
            ]
    return sorted(spikes)


@pytest.mark.parametrize(("layer", "op"), [(0, "qkv_input"), (1, "down_input"), (1, "key_spikes")])
def test_waves_hold_every_spike(trace: Path, tmp_path: Path, layer: int, op: str) -> None:
    path = tmp_path / "waves.vcd"
    done = export_vcd(read_trace(trace), path, layer, op)
    expected = by_hand(trace, layer, op, [0, 1, 2])
    assert sorted(spikes_of(path)) == expected
    assert (done.populations, done.events) == (3, len(expected))
    assert len(expected) > 100


def test_one_token_starts_at_time_0(trace: Path, tmp_path: Path) -> None:
    path = tmp_path / "waves.vcd"
    export_vcd(read_trace(trace), path, 1, "o_input", [2])
    assert sorted(spikes_of(path)) == by_hand(trace, 1, "o_input", [2])


def test_the_file_names_model_and_is_reproducible(
    trace: Path, tmp_path: Path, tiny_model: IntegerModel
) -> None:
    for name in ("a", "b"):
        export_vcd(read_trace(trace), tmp_path / name, 0, "qkv_input")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert tiny_model.digest in (tmp_path / "a").read_text()


def test_the_command(trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "w.vcd")
    command = ["trace", "export", str(trace), "--format", "vcd", "-o", path]
    assert main([*command, "--layer", "1", "--op", "gate_up_input", "--token", "1"]) == 0
    events = len(by_hand(trace, 1, "gate_up_input", [1]))
    assert capsys.readouterr().out == f"{path}: {events} events of 1 populations\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "vcd", "--layer", "7"], "layer 7"),
        (["--format", "vcd", "--token", "-1"], "token -1"),
        (["--format", "jsonl", "--layer", "1"], "vcd"),
    ],
)
def test_bad_choices_are_refused(
    trace: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    assert main(["trace", "export", str(trace), "-o", str(tmp_path / "out"), *options]) == 2
    found = capsys.readouterr().err
    assert words in found
    assert len(found.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_without_pyvcd_one_line_says_what_to_install(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vcd", None)
    with pytest.raises(UsageError, match=r"pip install 'spikeref\[hdl\]'"):
        export_vcd(read_trace(trace), tmp_path / "out", 0, "qkv_input")
    assert list(tmp_path.iterdir()) == []


def test_waves_into_the_trace_itself_are_refused(trace: Path) -> None:
    with pytest.raises(UsageError, match="lies in the trace"):
        export_vcd(read_trace(trace), trace / "payload.bin", 0, "qkv_input")
