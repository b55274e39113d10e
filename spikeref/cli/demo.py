"""`spikeref demo`: the main job on the model that ships inside the package."""

import argparse
import tempfile
import time
from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path
from typing import get_args

from spikeref.api import RunResult, compile_model, run
from spikeref.cli.command import FAILED, FINE, Command, Outcome
from spikeref.cli.shared import layer_progress, rate_text, shard_progress, visible
from spikeref.energy.table import EnergyTable, spike_energy
from spikeref.engine.choice import EngineName
from spikeref.forward.text import decode_tokens, encode_text
from spikeref.model.folder import load_decoder
from spikeref.model.layers import IntegerModel
from spikeref.storage.atomic import atomic_folder
from spikeref.trace.folder import trace_folder
from spikeref.trace.sinks import Sink, discard

PROMPT = "Once upon a time"
NEW_TOKENS = 40
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="DIR", help="keep model and trace in this new folder")


def _run(arguments: argparse.Namespace) -> Outcome:
    start = time.monotonic()
    with _workplace(arguments.out) as place, as_file(shipped_model()) as source:
        folder = Path(place)
        compile_model(source, folder / "model", progress=shard_progress("compile"))
        model = load_decoder(folder / "model")
        prompt = encode_text(model.folder, PROMPT)
        with trace_folder(folder / "trace", "counts", model, "dense") as writer:
            first = _decoded(model, prompt, "dense", writer)
            writer.finish(first.decoded_tokens)
        runs = {"dense": first} | {
            name: _decoded(model, prompt, name, discard) for name in ENGINES if name != "dense"
        }
        text = decode_tokens(model.folder, first.tokens + first.new_tokens)
    seconds = time.monotonic() - start
    return _outcome(model, runs, text, seconds, arguments.out)


def _decoded(model: IntegerModel, prompt: list[int], engine: EngineName, sink: Sink) -> RunResult:
    total = (len(prompt) + NEW_TOKENS - 1) * model.config.shape.layers
    with layer_progress(f"run {engine}", total, sink) as shown:
        return run(model, prompt, max_new_tokens=NEW_TOKENS, engine=engine, trace=shown)


def shipped_model() -> Path:
    """Return the checkpoint folder inside the package, as an importlib resource."""
    return files("spikeref.shipped") / "model"  # type: ignore[return-value]


def _workplace(out: str | None) -> AbstractContextManager[str | Path]:
    """Return the new folder that was asked for, which appears whole, or a temporary one."""
    return tempfile.TemporaryDirectory() if out is None else atomic_folder(out)


def _outcome(
    model: IntegerModel,
    runs: dict[str, RunResult],
    text: str | None,
    seconds: float,
    out: str | None,
) -> Outcome:
    first = runs["dense"]
    agree = len({done.trace_digest for done in runs.values()}) == 1
    counters = first.counters.to_json()
    additions = counters["total"]["synaptic_additions"]
    energy = spike_energy(additions, model.config.profile, EnergyTable())
    rates = first.counters.firing_rates()
    return Outcome(
        json={
            "text": text,
            "model_digest": model.digest,
            "trace_digest": first.trace_digest,
            "engines": {name: done.trace_digest for name, done in runs.items()},
            "firing_rate": {name: s / n for name, (s, n) in rates.items()},
            "counters": counters,
            "energy_j": energy,
            "seconds": round(seconds, 3),
        },
        lines=[
            visible(text) if text is not None else "",
            "",
            f"model digest  {model.digest}",
            *(f"{name:5} trace   {done.trace_digest}" for name, done in runs.items()),
            "the three engines agree bit for bit" if agree else "THE ENGINES DISAGREE",
            f"firing rate   {rate_text(rates['mean'])} of D = "
            f"{model.config.profile.encoder().train_length} virtual steps",
            f"additions     {additions:,}, {energy:.2e} J by the papers' table",
            f"{seconds:.1f} s" + ("" if out is None else f"; model and trace are in {out}"),
        ],
        status=FINE if agree else FAILED,
    )


COMMAND = Command(
    name="demo",
    summary="compile the shipped model, run all three engines, generate text, write a trace",
    example="spikeref demo --json",
    configure=_configure,
    run=_run,
)
